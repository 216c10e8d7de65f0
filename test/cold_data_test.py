"""Data that is on disk and not in memory: right answers, and nobody else waits for the disk."""

import ctypes
import mmap
import os
import threading
import time

import pytest

from guests import handle
from serving import Connection, Server, eventually

MIB = 1 << 20
LAST_BYTE = handle(
    """(local.set $at (i32.add (call $input) (i32.load (i32.const 36))))
       (call $answer (i32.load8_u (i32.sub (local.get $at) (i32.const 1))))""",
    "(local $at i32)",
)
NOOP = handle("(i32.const 0)")


@pytest.fixture
def own(data):
    with Server(data, workers=1) as made:
        yield made


def cached_bytes(path, offset=0, length=None):
    """How many bytes of a file, or of a piece of it that begins with a page, are in memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), length or 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset) as mapped:
        pages = (len(mapped) + mmap.PAGESIZE - 1) // mmap.PAGESIZE
        present = (ctypes.c_ubyte * pages)()
        first = ctypes.c_char.from_buffer(mapped)
        assert libc.mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(len(mapped)), present) == 0
        del first
    return sum(page & 1 for page in present) * mmap.PAGESIZE


def put_cold(server, name, body):
    """Stores an object whose pages are then thrown out of memory; gives its file's path."""
    path = server.object_file(server.put(name, body).json["version"])
    chill(path)
    return path


def chill(path):
    def is_cold():
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return cached_bytes(path) == 0

    descriptor = os.open(path, os.O_RDONLY)
    try:
        if not eventually(is_cold, 3):  # What a lane has mapped stays while it keeps its view.
            pytest.skip("this filesystem keeps files in memory")
    finally:
        os.close(descriptor)


def counts(server):
    metrics = server.metrics()
    return metrics["inlay_disk_waits_total"], metrics["inlay_lane_invocations_total"]


def test_a_cold_object_is_brought_in_while_it_is_sent(own, noise):
    body = noise(20 * MIB)
    put_cold(own, "cold/large", body)
    waits, _ = counts(own)
    assert own.get("cold/large").body == body
    assert 0 < counts(own)[0] - waits <= 4, "in large pieces"
    waits, _ = counts(own)
    assert own.get("cold/large").body == body
    assert counts(own)[0] == waits, "it is in memory now"


def test_a_cold_range_brings_in_what_is_asked_for(own, noise):
    body = noise(64 * MIB)
    path = put_cold(own, "cold/range", body)
    answer = own.get("cold/range", {"Range": "bytes=50000000-50000099"})
    assert answer.body == body[50_000_000:50_000_100]
    assert cached_bytes(path) < 8 * MIB


@pytest.mark.parametrize("size", [3_000, 100_000, 10 * MIB])
def test_a_function_waits_aside_for_cold_input_and_runs_in_its_worker(own, noise, size):
    body = noise(size - 1) + b"\x07"
    put_cold(own, "cold/input", body)
    waits, lanes = counts(own)
    answer = own.run(LAST_BYTE, {"object": "cold/input"}, headers={"Inlay-Cost": "?1"})
    assert answer.number == 7
    assert answer.cost["copied"] == (size if size < 16384 else 0) + 4, "the answer, and small input once"
    assert counts(own) == (waits + 1, lanes)
    assert own.run(LAST_BYTE, {"object": "cold/input"}).number == 7
    assert counts(own) == (waits + 1, lanes), "it is in memory now"


def test_a_function_over_much_cold_input_runs_in_a_lane(own, noise):
    body = noise(1 * MIB) * 80 + b"\x09"
    put_cold(own, "cold/much", body)
    waits, lanes = counts(own)
    assert own.run(LAST_BYTE, {"object": "cold/much"}).number == 9
    assert counts(own) == (waits, lanes + 1)


def test_random_access_to_a_cold_object_brings_in_little_of_it(own, noise):
    own.deploy_example("sample")
    path = put_cold(own, "cold/sampled", noise(1 * MIB) * 256)
    assert own.invoke("sample", {"object": "cold/sampled", "n": "100"}).status == 200
    assert 0 < cached_bytes(path) < 16 * MIB


# Prefetches a piece, and answers without having touched it.
PREFETCH = handle("(call $source) (call $answer (call $prefetch (i32.load (i32.const 16)) (i64.const {offset}) (i64.const {length})))")


@pytest.mark.parametrize("place", ["express", "heavy"])
@pytest.mark.parametrize("length", [100_000, 16 * MIB])
def test_a_prefetched_piece_comes_into_memory_while_the_guest_goes_on_and_nothing_else_does(own, noise, place, length):
    path, offset = put_cold(own, "cold/prefetched", noise(1 * MIB) * 128), 64 * MIB
    waits, _ = counts(own)
    prefetch = PREFETCH.format(offset=offset, length=length)
    assert own.run(prefetch, {"object": "cold/prefetched"}, deployment={"class": place}).number == 0
    assert eventually(lambda: cached_bytes(path, offset, length) >= length, 5), "it is on its way when the guest asks for it"
    assert cached_bytes(path) <= length + 4 * MIB, "at most what the kernel reads around it"
    assert counts(own)[0] == waits, "nobody has waited for it"


def test_others_do_not_wait_for_the_disk(own, noise):
    """The slowest of many no-ops while cold objects are read: far below what reading one of them takes."""
    body = noise(1 * MIB) * 200
    paths = [put_cold(own, f"cold/{number}", body) for number in range(3)]
    name = own.name_of(NOOP)
    ended = threading.Event()

    def read_all():
        for number in range(len(paths)):
            assert len(own.get(f"cold/{number}").body) == len(body)
        ended.set()

    reader = threading.Thread(target=read_all)
    slowest = 0
    with Connection(own) as connection:
        connection.request("GET", "/f/" + name)
        reader.start()
        while not ended.is_set():
            begun = time.monotonic()
            assert connection.request("GET", "/f/" + name).status == 200
            slowest = max(slowest, time.monotonic() - begun)
    reader.join()
    assert slowest < 0.25, "generous: other processes share this machine"
