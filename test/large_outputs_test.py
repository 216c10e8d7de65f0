"""Outputs in the large: a gigabyte that becomes an object without a copy, and guests whose output finds no memory or no descriptor."""

import os
import resource
import shutil
import sqlite3
import time

import pytest

from guests import Codes, handle
from serving import EXAMPLES, Server, eventually
from wire import Wire

MIB, GIB = 1 << 20, 1 << 30
SECONDS_MAX = 20
LETTERS = {0: b"first", 9 * MIB - 2: b"across", 511 * MIB + 4094: b"pages", GIB - 4: b"last"}  # In a hole.


def why_no_room(directory):
    """Why a gigabyte cannot be written and held here, or None."""
    available = next(int(line.split()[1]) << 10 for line in open("/proc/meminfo") if line.startswith("MemAvailable"))
    if available < 4 * GIB:
        return f"{available >> 20} MiB of memory are available, 4096 are needed"
    free = shutil.disk_usage(directory).free
    return None if free > 3 * GIB else f"{free >> 20} MiB of the disk are free, 3072 are needed"


def put_hole(data, name):
    """Stores an object of 1 GiB that takes no room: LETTERS in a hole."""
    with Server(data, workers=1) as server:
        version = server.put(name, b"x" * 20_000).json["version"]
        file = server.object_file(version)
        assert server.stop() == 0
    file.chmod(0o600)
    with file.open("r+b") as written:
        written.truncate(0)
        written.truncate(GIB)
        for at, text in LETTERS.items():
            written.seek(at)
            written.write(text)
    with sqlite3.connect(data / "catalog.db") as catalog:
        catalog.execute("UPDATE objects SET size_bytes = ?", (GIB,))
    catalog.close()


def is_upper(path):
    """Whether a file is what `upper` makes of that object."""
    expected = {at + i: letter for at, text in LETTERS.items() for i, letter in enumerate(text.upper())}
    zeros = bytes(16 * MIB)
    with open(path, "rb") as file:
        for begin in range(0, GIB, len(zeros)):
            piece = file.read(len(zeros))
            for at in [at for at in expected if begin <= at < begin + len(zeros)]:
                if piece[at - begin] != expected.pop(at):
                    return False
                piece = piece[: at - begin] + b"\0" + piece[at - begin + 1 :]
            if piece != zeros:
                return False
        return not expected and not file.read(1)


def copied_by_metrics(server):
    return {name: value for name, value in server.metrics().items() if name.startswith("inlay_copied_bytes_total")}


def test_upper_of_a_gigabyte_into_an_object_moves_no_byte_twice(data, tell):
    if why := why_no_room(data):
        pytest.skip(why)
    put_hole(data, "large/hole")
    with Server(data, workers=1) as server:
        server.deploy("upper", (EXAMPLES / "upper.wasm").read_bytes())
        before, begun = copied_by_metrics(server), time.monotonic()
        answer = server.invoke("upper", {"object": "large/hole", "into": "large/upper"}, headers={"Inlay-Cost": "?1"})
        seconds = time.monotonic() - begun
        assert answer.json == {"object": "large/upper", "bytes": GIB}, answer
        assert answer.cost["mapped"] == 2 * GIB
        assert answer.cost["copied"] == len(answer.body), "the few bytes of the answer itself"
        after = copied_by_metrics(server)
        grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
        assert sum(grown.values()) == len(answer.body), grown
        version = server.get("large/upper", {"Range": "bytes=0-0"}).headers["ETag"].strip('"')
        server.kill()  # What was acknowledged is on the disk.
    with Server(data, workers=1) as again:
        assert is_upper(again.object_file(version))
        assert again.get("large/upper", {"Range": f"bytes={GIB - 6}-{GIB - 1}"}).body == b"\0\0LAST"
        assert again.stop() == 0
    tell(f"{seconds:.1f} s, durable; {answer.cost['copied']} bytes copied")
    assert seconds < SECONDS_MAX


# ---- no memory, no descriptor ----

BUDGET = 32 * MIB
# Takes an output and then one page more; answers with both codes.
TAKES = handle(
    """(i32.store (i32.const 1024) (call $output (i64.const {}) (i32.const 32)))
       (i32.store (i32.const 1028) (call $output (i64.const 4096) (i32.const 48)))
       (call $answer_numbers (i32.const 2))"""
)
GIVES = handle("(if (call $output (i64.const {}) (i32.const 32)) (then (return (i32.const 9)))) (call $respond (i32.const 32) (i32.const 1))")
FAILS = handle("(call $output (i64.const {}) (i32.const 32))")


@pytest.fixture
def little(data):
    """A server of one worker whose outputs share BUDGET. The worker keeps our user: its limits are changed from here."""
    config = data.with_suffix(".toml")
    config.write_text(f"body_memory = {BUDGET}\nusers_from = 0\n")
    with Server(data, "--config", str(config), workers=1) as server:
        yield server
        assert server.stop() == 0
    config.unlink()


@pytest.mark.parametrize("place", ["express", "heavy"])
def test_a_guest_that_asks_for_more_output_than_there_is_memory_gets_a_code_and_may_ask_for_less(little, place):
    name = little.name_of(TAKES.format(BUDGET + 1), {"class": place})
    for _ in range(3):
        assert little.invoke(name).numbers == [Codes.LIMIT, 0]
    name = little.name_of(TAKES.format(BUDGET), {"class": place})
    for _ in range(3):
        assert little.invoke(name).numbers == [0, Codes.LIMIT], "all of it is there again each time"
    failed = little.run(FAILS.format(BUDGET + 1), deployment={"class": place})
    assert failed.problem == "function-failed" and "the memory for outputs of this worker is in use: retry later" in failed.detail


@pytest.mark.parametrize("place", ["express", "heavy"])
def test_output_that_a_client_does_not_take_is_memory_that_others_do_not_get_until_it_goes(little, place):
    gives, takes = (little.name_of(guest.format(BUDGET - 4096), {"class": place}) for guest in (GIVES, TAKES))
    with Wire(little) as slow:
        slow.send(f"GET /f/{gives} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        slow.received = slow.socket.recv(1000)
        assert little.invoke(takes).numbers == [Codes.LIMIT, 0]
        assert slow.answer().body == bytes(BUDGET - 4096)
    assert eventually(lambda: little.invoke(takes).numbers == [0, 0])


@pytest.mark.parametrize("place", ["express", "heavy"])
def test_an_output_for_which_the_kernel_gives_no_file_is_an_error_of_that_invocation(little, place):
    """Descriptors of the worker run out, which stand for all that memfd_create may lack."""
    takes, fails = (little.name_of(guest.format(MIB), {"class": place}) for guest in (TAKES, FAILS))
    (worker,) = little.worker_pids()
    connections = [little.connections_by_worker()[worker] for _ in range(2)]
    for name in (takes, fails):
        assert connections[0].request("GET", f"/f/{name}").status in (200, 500)  # All that an invocation needs is open.
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    try:
        # The lowest number that is free, and none above it: all numbers below are in use.
        in_use = {int(entry) for entry in os.listdir(f"/proc/{worker}/fd")}
        lowest = next(number for number in range(len(in_use) + 1) if number not in in_use)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (lowest, limits[1]))
        assert connections[0].request("GET", f"/f/{takes}").numbers == [Codes.IO, Codes.IO]
        failed = connections[1].request("GET", f"/f/{fails}")
        assert failed.problem == "function-failed" and f"returned {Codes.IO}" in failed.detail
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
    assert connections[0].request("GET", f"/f/{takes}").numbers == [0, 0]
    assert little.worker_pids() == [worker]
