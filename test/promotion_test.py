"""Objects that functions map again and again move into huge pages, within a budget, and back when memory is short; nobody notices."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import pytest

from hot_test import serving_hot
from identity_test import SLOW, descriptor_of, frames, inode_at, mappings_of, own_mapping
from serving import INLAY, Connection, eventually
from wire import Wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

from harness.memory_group import MemoryGroup, Unavailable  # noqa: E402: after the path.

MIB = 1 << 20
HUGE = 2 * MIB
BUDGET = 8 * MIB
SIZE = 5 * MIB + 77
KEPT = 5 * MIB + 4096
COPIED = 'inlay_copied_bytes_total{reason="promotion"}'
PROMOTED = "inlay_huge_promotions_total"


@pytest.fixture(scope="module")
def gives_huge_pages():
    findings = subprocess.run([INLAY, "doctor"], capture_output=True, timeout=60, check=True).stdout.decode()
    if not re.search(r"^good +huge pages: promotion:", findings, re.M):
        pytest.skip("this kernel gives memory files no huge pages")


@pytest.fixture
def promoting(gives_huge_pages, data):
    with serving_hot(data, BUDGET, workers=2) as server:
        yield server


def lay_in_small_pages(path):
    """Reads a file anew, as it is asked for and no more: the kernel sees no reason for large pages."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    while os.read(descriptor, 64 * 1024):
        pass
    os.close(descriptor)


def put_small(server, name, content):
    """Stores an object whose file lies in memory in small pages; its version."""
    version = server.put(name, content).json["version"]
    lay_in_small_pages(server.object_file(version))
    return version


def pages_of(server, name):
    return server.request("GET", f"/o/{name}?pages=1").json["pages"]


def is_hot(server, name):
    return pages_of(server, name)["hot"]


def use(server, name, until, seconds=10):
    """Has `sum` map it until then. False: it did not come to that."""
    with Connection(server) as one, Connection(server) as other:

        def used_until():
            for connection in (one, other):
                assert connection.request("GET", f"/f/sum?object={name}").status == 200
            return until()

        return eventually(used_until, seconds)


def test_an_object_in_use_moves_into_huge_pages_and_is_the_same_object(promoting, noise):
    content = noise(SIZE)
    version = put_small(promoting, "busy/object", content)
    wanted = promoting.invoke("sum", {"object": "busy/object"}).body
    assert not is_hot(promoting, "busy/object") and pages_of(promoting, "busy/object")["huge_bytes"] < SIZE // 2
    assert use(promoting, "busy/object", lambda: is_hot(promoting, "busy/object"))
    metrics = promoting.metrics()
    assert metrics[PROMOTED] == 1 and metrics[COPIED] == SIZE and metrics["inlay_hot_bytes"] == KEPT
    assert pages_of(promoting, "busy/object")["huge_bytes"] == SIZE // HUGE * HUGE
    read = promoting.get("busy/object")
    assert read.body == content and read.headers["ETag"] == f'"{version}"'
    assert promoting.invoke("sum", {"object": "busy/object"}).body == wanted


def test_the_frames_of_a_promoted_object_are_the_same_in_all_processes(promoting, noise):
    if os.geteuid() != 0:
        pytest.skip("page frame numbers are shown to root only")
    content = noise(SIZE)
    put_small(promoting, "busy/object", content)
    assert use(promoting, "busy/object", lambda: is_hot(promoting, "busy/object"))
    name, answers = promoting.name_of(SLOW, {"class": "heavy"}), []

    pages = SIZE // 4096

    def places():
        """Where lanes see all of it. Each has it mapped twice: where it is kept, and, with the page tables now, where the guest sees it."""
        mapped = [(pid, at) for pid in promoting.lane_pids() for at in mappings_of(pid, "memfd:inlay-promoted")]
        return [(pid, at) for pid, at in mapped if None not in frames(pid, at, pages)]

    clients = [threading.Thread(target=lambda: answers.append(promoting.invoke(name, {"object": "busy/object"}))) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        assert eventually(lambda: len({pid for pid, _ in places()}) == 2, 1.5)
        (first, at), (second, there) = dict(places()).items()
        seen = frames(first, at, pages)
        assert seen == frames(second, there, pages)
        assert re.search(r"^ShmemPmdMapped: +[1-9]", pathlib.Path(f"/proc/{first}/smaps").read_text(), re.M), "not seen as huge pages"
        descriptor = descriptor_of(promoting.pid, inode_at(first, at))
        with own_mapping(descriptor, pages) as here:
            assert frames(os.getpid(), here, pages) == seen, "the supervisor keeps them"
        os.close(descriptor)
    finally:
        for client in clients:
            client.join()
    assert [answer.body for answer in answers] == [content, content]


def test_what_is_not_worth_it_stays_where_it_lies(promoting, noise):
    put_small(promoting, "busy/little", noise(HUGE - 4096))
    version = promoting.put("busy/huge", noise(2 * HUGE)).json["version"]
    names = ["busy/little"]
    os.posix_fadvise(descriptor := os.open(promoting.object_file(version), os.O_RDONLY), 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    promoting.invoke("sum", {"object": "busy/huge"})
    if pages_of(promoting, "busy/huge")["huge_bytes"] >= HUGE:
        names.append("busy/huge")
    for name in names:
        assert not use(promoting, name, lambda: promoting.metrics()[PROMOTED] > 0, 2), name


def test_what_is_hotter_is_not_pushed_out(promoting, noise):
    put_small(promoting, "busy/first", noise(SIZE))
    assert use(promoting, "busy/first", lambda: is_hot(promoting, "busy/first"))
    put_small(promoting, "busy/second", noise(SIZE))

    def both():
        assert promoting.invoke("sum", {"object": "busy/first"}).status == 200
        assert is_hot(promoting, "busy/first") and promoting.metrics()["inlay_hot_bytes"] <= BUDGET
        return is_hot(promoting, "busy/second")

    assert not use(promoting, "busy/second", both, 4)
    assert promoting.delete("busy/first").status == 204
    assert use(promoting, "busy/second", lambda: is_hot(promoting, "busy/second")), "as soon as there is room"


def test_an_object_that_goes_while_it_is_copied_leaves_nothing(gives_huge_pages, data, noise):
    """Deleted or replaced at one moment of the copying or another; the fifth look-up of a worker begins that."""
    content = noise(64 * MIB)
    with serving_hot(data, 2 * len(content), workers=1) as server:
        for number in range(8):
            put_small(server, "busy/goes", content)
            for _ in range(4):
                assert server.invoke("sum", {"object": "busy/goes"}).status == 200
            assert server.request("HEAD", "/o/busy/goes").status == 200
            time.sleep(0.004 * number)
            if number % 2:
                server.put("busy/goes", content[: MIB + number])
                assert server.get("busy/goes").body == content[: MIB + number]
            assert server.delete("busy/goes").status == 204
            assert server.get("busy/goes").status == 404
        time.sleep(1)  # For what is still being copied.
        metrics = server.metrics()
        assert metrics[COPIED] > 0, "nothing was copied: the test looks at nothing"
        assert metrics["inlay_hot_bytes"] == 0


def test_pages_change_under_1000_running_invocations_and_no_answer_does(promoting, noise):
    """Sums of a stored object without end, while it moves into huge pages and, pushed out by what functions publish, back to its file."""
    version = put_small(promoting, "busy/object", noise(SIZE))
    wanted = promoting.invoke("sum", {"object": "busy/object"}).body
    wrong, counts, done = [], [], threading.Event()

    def ask():
        count = 0
        with Connection(promoting) as connection:
            while not done.is_set() or count < 250:
                answer = connection.request("GET", "/f/sum?object=busy/object")
                if answer.status != 200 or answer.body != wanted:
                    wrong.append(answer)
                count += 1
        counts.append(count)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for moves in range(1, 4):
            assert eventually(lambda moves=moves: promoting.metrics()[PROMOTED] >= moves, 20)
            assert is_hot(promoting, "busy/object")
            # While nobody reads the file: one that is looked at half dropped is not worth it for a minute.
            lay_in_small_pages(promoting.object_file(version))
            assert promoting.invoke("upper", {"into": "busy/pushes"}, noise(BUDGET)).status in (200, 201)
            assert not is_hot(promoting, "busy/object")
            promoting.delete("busy/pushes")
    finally:
        done.set()
        for client in clients:
            client.join()
    assert not wrong and sum(counts) >= 1000
    assert promoting.metrics()["inlay_hot_demotions_total"] >= 3


GROUP_BYTES = 384 * MIB
HOT_BYTES = 96 * MIB


def test_when_memory_is_short_hot_objects_go_and_who_reads_them_goes_on(data, noise):
    try:
        group = MemoryGroup(GROUP_BYTES)
    except Unavailable as why:
        pytest.skip(str(why))
    with group, serving_hot(data, HOT_BYTES, 2 * GROUP_BYTES, workers=1, within=group.enters) as server:
        name, contents = server.name_of(SLOW), [noise(12 * MIB).upper() for _ in range(7)]
        for number, content in enumerate(contents):
            assert server.invoke("upper", {"into": f"hot/{number}"}, content).status in (200, 201)
        assert server.metrics()["inlay_hot_bytes"] == sum(map(len, contents))
        answers, stop = [], threading.Event()

        def read():
            while not stop.is_set():
                answers.append(server.invoke(name, {"object": "hot/0"}))

        reader = threading.Thread(target=read)
        reader.start()
        with contextlib.ExitStack() as held:
            try:
                # Bodies that never end take the memory, a little at a time.
                for _ in range(GROUP_BYTES // (16 * MIB)):
                    slow = held.enter_context(Wire(server))
                    slow.send(f"POST /f/sum HTTP/1.1\r\nHost: h\r\nContent-Length: {16 * MIB}\r\n\r\n".encode())
                    slow.send(bytes(16 * MIB - 1))
                    time.sleep(1)
                    if server.metrics()["inlay_hot_bytes"] == 0:
                        break
            finally:
                stop.set()
                reader.join()
            metrics = server.metrics()
        assert metrics["inlay_hot_bytes"] == 0 and metrics["inlay_hot_sheds_total"] == len(contents)
        assert answers and all(answer.body == contents[0] for answer in answers)
        assert all(server.get(f"hot/{number}").body == content for number, content in enumerate(contents))
