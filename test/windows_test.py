"""Windows in the large: objects that exceed the address space, as many windows as a process bears, and windows written privately."""

import contextlib
import os
import shutil
import sqlite3
import threading

import pytest

from guests import Codes, handle
from serving import EXAMPLES, Server

WINDOW = 64 << 20  # Of the SDK's iteration.
HUGE = 6 << 30
HEAVY = {"class": "heavy", "timeout_ms": 120_000}

# The huge object: a hole with a newline every 50 MiB or so, and letters across borders of windows and at 4 GiB.
NEWLINES = [*range(12_345, HUGE, 50 << 20), 2 * WINDOW - 1, 3 * WINDOW, (4 << 30) - 1, (4 << 30) + 5, HUGE - 3]
LETTERS = [WINDOW - 1, WINDOW, 63 * WINDOW - 2, 63 * WINDOW - 1, 63 * WINDOW, (4 << 30), (4 << 30) + 1, HUGE - 1]


def make_huge(data, marks):
    """Makes objects huge that a server has stored: `marks` has, for each name, the bytes that are not 0 by their offset."""
    with Server(data, workers=1) as server:
        files = {name: server.object_file(server.put(name, b"x" * 20_000).json["version"]) for name in marks}
        for name in ("sum", "wc", "longest"):
            server.deploy(name, (EXAMPLES / f"{name}.wasm").read_bytes(), HEAVY)
        assert server.stop() == 0
    for name, file in files.items():
        file.chmod(0o600)
        descriptor = os.open(file, os.O_RDWR)
        os.truncate(descriptor, 0)
        os.truncate(descriptor, HUGE)
        for at, byte in marks[name].items():
            os.pwrite(descriptor, bytes([byte]), at)
        os.close(descriptor)
    with contextlib.closing(sqlite3.connect(data / "catalog.db")) as catalog:
        catalog.execute("UPDATE objects SET size_bytes = ?", (HUGE,))
        catalog.commit()


@pytest.fixture(scope="module")
def huge(disk):
    data = disk / "huge"
    make_huge(data, {"huge/marked": {**{at: 10 for at in NEWLINES}, **{at: 97 for at in LETTERS}}, "huge/hole": {}})
    with Server(data, workers=1) as server:
        yield server
        assert server.stop() == 0
    shutil.rmtree(data)


def test_a_sum_over_6_gib_has_every_byte_once(huge):
    answer = huge.invoke("sum", {"object": "huge/marked"}, headers={"Inlay-Cost": "?1"})
    assert answer.status == 200, answer
    marks = [(at, 10) for at in NEWLINES] + [(at, 97) for at in LETTERS]
    assert int(answer.body) == sum(byte << 8 * (at % 8) for at, byte in marks) % (1 << 64)
    assert answer.cost["mapped"] == HUGE and answer.cost["copied"] < 32, "each byte was mapped once"


def test_a_piece_may_begin_anywhere_beyond_4_gib(huge):
    offset, length = (4 << 30) - 5, WINDOW + 1003
    answer = huge.invoke("sum", {"object": "huge/marked", "offset": offset, "length": length})
    marks = [(at - offset, 10) for at in NEWLINES] + [(at - offset, 97) for at in LETTERS]
    inside = [(at, byte) for at, byte in marks if 0 <= at < length // 8 * 8]
    assert len(inside) > 4 and int(answer.body) == sum(byte << 8 * (at % 8) for at, byte in inside) % (1 << 64)


def test_words_across_the_borders_of_windows_are_counted_once(huge):
    lines = [0, *sorted(at + 1 for at in NEWLINES), HUGE]
    words = sum(any(begin <= at < end for at in LETTERS) for begin, end in zip(lines, lines[1:]))
    assert huge.invoke("wc", {"object": "huge/marked"}).json == {"lines": len(NEWLINES), "words": words, "bytes": HUGE}


def test_lines_across_the_borders_of_windows_are_seen_whole(huge):
    begins = [0, *sorted(at + 1 for at in NEWLINES)]
    lengths = [end - begin - 1 for begin, end in zip(begins, begins[1:])] + [HUGE - begins[-1]]
    longest = lengths.index(max(lengths))
    assert max(lengths) > 40 << 20
    answer = huge.invoke("longest", {"object": "huge/marked"})
    assert answer.json == {"lines": len(lengths), "longest": {"offset": begins[longest], "bytes": lengths[longest]}}


def test_a_line_that_no_window_holds_is_an_error(huge):
    answer = huge.invoke("longest", {"object": "huge/hole"})
    assert answer.status == 413 and b"object=huge/hole" in answer.body


# ---- as many windows as there can be ----

TAKE_ALL = handle(
    """(call $source)
       (block $refused (loop $again
         (drop (memory.grow (i32.const 1)))
         (local.set $code (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.const 20000) (i32.const 0) (i32.const 32)))
         (br_if $refused (local.get $code))
         (local.set $count (i32.add (local.get $count) (i32.const 1))) (br $again)))
       (call $wait (i64.const 1000))
       (i32.store (i32.const 1024) (local.get $count)) (i32.store (i32.const 1028) (local.get $code))
       (call $answer_numbers (i32.const 2))""", "(local $count i32) (local $code i32)"
)  # fmt: skip


@pytest.mark.parametrize("place", ["auto", "heavy"])
def test_a_guest_that_takes_all_mappings_gets_a_code_and_others_get_theirs(lone, noise, place):
    lone.put("windows/small", noise(20_000))
    lone.deploy_example("echo")
    name, answers = lone.name_of(TAKE_ALL, {"class": place}), []
    thread = threading.Thread(target=lambda: answers.append(lone.invoke(name, {"object": "windows/small"})))
    thread.start()
    served = 0
    while thread.is_alive():
        assert lone.invoke("echo", {"object": "windows/small"}).body == noise(20_000)
        served += 1
    thread.join()
    count, code = answers[0].numbers
    mappings = int(open("/proc/sys/vm/max_map_count").read()) // 2
    assert count == min(10_000, mappings // 5) and code == Codes.LIMIT
    assert served > 10


def test_a_fill_over_ten_thousand_windows_ends_its_invocation_only(lone, noise):
    lone.put("windows/small", noise(20_000))
    guest = handle(
        """(call $source)
           (loop $again (br_if $again (i32.eqz
             (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.const 20000) (i32.const 0) (i32.const 32)))))
           (memory.fill (i32.const 131072) (i32.const 7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 131072)))
           (i32.const 0)"""
    )
    for _ in range(2):
        assert lone.run(guest, {"object": "windows/small"}).problem == "input-is-read-only"
    assert lone.get("windows/small").body == noise(20_000)


# ---- private windows ----

WRITE_PRIVATELY = handle(
    """(call $source)
       (if (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.load (i32.const 24)) (i32.const 2) (i32.const 32)) (then unreachable))
       (local.set $at (i32.load (i32.const 32)))
       (i32.store8 (local.get $at) (i32.const 33))
       (memory.fill (i32.add (local.get $at) (i32.const 10)) (i32.const 34) (i32.const 5000))
       (memory.copy (i32.add (local.get $at) (i32.const 15000)) (local.get $at) (i32.const 5000))
       (call $wait (i64.const 100))
       (call $respond (i32.const 32) (i32.const 1))""", "(local $at i32)"
)  # fmt: skip


def written(content):
    expected = bytearray(content)
    expected[0] = 33
    expected[10:5010] = b'"' * 5000
    expected[15000:20000] = expected[0:5000]
    return bytes(expected)


@pytest.mark.parametrize("size", [20_000, 1_000_001])
@pytest.mark.parametrize("place", ["express", "heavy"])
def test_what_is_written_into_a_private_window_is_seen_by_its_guest_alone(lone, noise, place, size):
    content = noise(size)
    lone.put("windows/private", content)
    name = lone.name_of(WRITE_PRIVATELY, {"class": place})
    for _ in range(2):
        answer = lone.invoke(name, {"object": "windows/private"}, headers={"Inlay-Cost": "?1"})
        assert answer.body == written(content) and answer.cost["copied"] == size
        assert lone.get("windows/private").body == content
    assert lone.invoke(name, body=content).body == written(content), "a body too"


def test_a_private_window_is_the_functions_own_memory_in_full(lone, noise):
    lone.put("windows/private", noise(1 << 20))
    guest = handle(
        """(call $source)
           (call $answer (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.load (i32.const 24)) (i32.const {flags}) (i32.const 32)))"""
    )
    for pages, flags, code in ((17, 2, Codes.LIMIT), (18, 2, 0), (17, 0, 0), (17, 3, Codes.LIMIT)):
        answer = lone.run(guest.format(flags=flags), {"object": "windows/private"}, deployment={"memory_bytes": pages << 16})
        assert answer.number == code, (pages, flags)


def test_much_private_memory_is_written_in_a_lane(lone):
    body = bytes(100 << 20)
    guest = handle(
        """(call $source)
           (if (call $map (i32.const 0) (i64.const 0) (i64.const 0x6000000) (i32.const 2) (i32.const 32)) (then unreachable))
           (memory.fill (i32.load (i32.const 32)) (i32.const 1) (i32.const 0x6000000))
           (call $answer (i32.load8_u (i32.add (i32.load (i32.const 32)) (i32.const 0x5ffffff))))"""
    )
    before = lone.metrics()["inlay_express_overruns_total"]
    assert lone.run(guest, body=body).number == 1
    assert lone.metrics()["inlay_express_overruns_total"] == before + 1
