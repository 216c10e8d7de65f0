"""Streams: the body is received and the response sent piece by piece, in constant memory, at the pace of the slower side."""

import os
import re
import threading

import pytest

import guests
from examples_test import wc
from guests import handle
from identity_test import frames, inode_at, mapping_of
from serving import Server
from streaming import CHUNKED, HOST, MIB, SIZED, chunked, content_of, exchange, goes_on, head_of, post, streams, text  # noqa: F401
from wire import Wire

SIZES = [0, 1, 63, 65535, 65536, 131_072, 131_073, 262_144, 300_001, 20 * MIB]


# ---- answers ----


@pytest.mark.parametrize("function", [b"wc", b"wc_heavy"])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("size", SIZES)
def test_wc_counts_what_coreutils_count(streams, size, framing, function):
    content = text(size)
    with Wire(streams, 60) as wire:
        wire.send(post(b"/f/%s?stream=1" % function, SIZED % size if framing == "sized" else CHUNKED))
        wire.send(content if framing == "sized" else chunked(content))
        assert wire.answer().json == wc(content)


@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("size", SIZES[1:])
def test_upper_and_echo_give_the_body_back(streams, size, framing):
    content = text(size)
    for kind in (b"", b"_heavy"):
        assert exchange(streams, b"/f/upper%s?stream=1" % kind, content, framing) == content.translate(
            bytes(b - 32 if 97 <= b <= 122 else b for b in range(256)))  # fmt: skip
        assert exchange(streams, b"/f/echo%s?stream=1" % kind, content, framing) == content


def test_the_same_code_serves_a_request_that_is_no_stream(streams):
    content = text(5 * MIB)
    assert streams.invoke("echo", None, content).body == content
    assert streams.invoke("echo", {"stream": 0}, content).body == content
    assert streams.invoke("noop", {"stream": 1}, content).body == b"ok\n", "a function that has no use for it is not concerned"


def test_a_stream_does_not_meet_the_bound_of_bodies_in_memory(data):
    with Server(data, "--max-body", str(MIB), workers=1) as server:
        server.deploy_example("wc")
        content = text(3 * MIB)
        assert server.invoke("wc", None, content).status == 413
        assert server.invoke("wc", {"stream": 1}, content).json == wc(content)
        with Wire(server) as wire:
            wire.send(post(b"/f/wc?stream=1", SIZED % ((1 << 40) + 1)))
            assert wire.answer().status == 413


def test_the_first_piece_is_answered_before_the_second_is_sent(streams):
    with Wire(streams) as wire:
        wire.send(post(b"/f/upper?stream=1", CHUNKED) + b"3\r\nabc\r\n")
        while b"3\r\nABC\r\n" not in wire.received:
            assert wire._fill()
        wire.send(b"2\r\nde\r\n0\r\n\r\n")
        assert content_of(wire) == b"ABCDE"


def test_expect_continue_is_answered(streams):
    with Wire(streams) as wire:
        wire.send(post(b"/f/wc?stream=1", SIZED % 4 + b"Expect: 100-continue\r\n"))
        assert wire.answer().status == 100
        wire.send(b"a b\n")
        assert wire.answer().json["words"] == 2


def test_a_pipelined_request_behind_a_stream_is_answered(streams):
    for framing, body in ((SIZED % 10, b"0123456789"), (CHUNKED, chunked(b"0123456789"))):
        with Wire(streams) as wire:
            wire.send(post(b"/f/upper?stream=1", framing) + body + post(b"/f/wc?stream=1", SIZED % 3) + b"a\nb")
            assert content_of(wire) == b"0123456789"
            assert wire.answer().json["lines"] == 1


def test_an_http_1_0_client_gets_content_until_the_connection_closes(streams):
    with Wire(streams) as wire:
        wire.send(post(b"/f/upper?stream=1", SIZED % 3, b"1.0") + b"abc")
        head = head_of(wire)
        assert b"chunked" not in head and b"Connection: close" in head
        while wire._fill():
            pass
        assert wire.received == b"ABC"


def test_own_memory_of_any_size_is_sent_and_counted(streams):
    size = 700_000
    guest = handle(
        f"""(memory.fill (i32.const 65536) (i32.const 97) (i32.const {size}))
            (i32.store (i32.const 32) (i32.const 65536)) (i32.store (i32.const 36) (i32.const {size}))
            (i32.store (i32.const 40) (i32.const 65536)) (i32.store (i32.const 44) (i32.const 1))
            (if (call $send (i32.const 32) (i32.const 2)) (then unreachable))
            (memory.fill (i32.const 65536) (i32.const 98) (i32.const {size}))
            (call $send (i32.const 40) (i32.const 1))"""
    )
    streams.deploy("own", guests.module(guest, '(memory (export "memory") 20)'))
    streams.deploy("own_heavy", guests.module(guest, '(memory (export "memory") 20)'), {"class": "heavy"})
    for name, copied in (("own", 0), ("own_heavy", size + 2)):  # In a worker it leaves as it lies.
        before = streams.metrics()["inlay_copied_bytes_total{reason=\"heap\"}"]
        assert streams.invoke(name, {"stream": 1}).body == b"a" * (size + 1) + b"b"
        assert streams.metrics()["inlay_copied_bytes_total{reason=\"heap\"}"] - before == copied


@pytest.mark.parametrize("function", ["wc", "echo"])
def test_no_content_is_copied(streams, function):
    content = text(8 * MIB)
    before = {key: value for key, value in streams.metrics().items() if "copied_bytes" in key}
    if function == "echo":  # Sends and reads at once: a client that did one after the other would stop its own stream.
        assert exchange(streams, b"/f/echo?stream=1", content, "sized") == content
    else:
        assert streams.invoke(function, {"stream": 1}, content).status == 200
    copied = sum(streams.metrics()[key] - value for key, value in before.items())
    assert copied <= 16384, "what came with the head"


# ---- memory ----


@pytest.mark.parametrize("function", ["upper", "upper_heavy"])
def test_memory_is_constant_over_a_gigabyte_each_way(streams, function):
    streams.invoke(function, {"stream": 1}, b"warm")
    pids = lambda: streams.worker_pids() + streams.lane_pids()  # noqa: E731
    used = lambda: sum(rss_mib(pid) for pid in pids())  # noqa: E731
    idle, peak, block, blocks = used(), 0, b"x" * MIB, int(os.environ.get("INLAY_STREAM_MIB", "1024"))
    with Wire(streams, 60) as wire:
        wire.send(post(b"/f/%s?stream=1" % function.encode(), SIZED % (blocks * MIB)))
        sender = threading.Thread(target=lambda: [wire.send(block) for _ in range(blocks)])
        sender.start()
        received = 0
        while received < blocks * MIB:
            received += len(wire.socket.recv(MIB))
            if received // (64 * MIB) != (received - MIB) // (64 * MIB):
                peak = max(peak, used())
        sender.join()
    assert peak - idle < 16, f"{idle} -> {peak} MiB"


def rss_mib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1]) / 1024
    except ProcessLookupError:
        return 0  # A lane that has ended for want of work.


def test_a_client_that_does_not_read_stops_the_stream_and_a_slow_one_gets_all(streams):
    with Wire(streams, 60) as wire:
        wire.send(post(b"/f/echo?stream=1", SIZED % (64 * MIB)))
        wire.socket.settimeout(1)
        sent, block = 0, b"y" * 65536
        with pytest.raises(TimeoutError):
            while sent < 64 * MIB:
                sent += wire.socket.send(block[: 64 * MIB - sent])
        assert sent < 32 * MIB, "it takes no more than the sockets and the ring hold"
        wire.socket.settimeout(60)
        sender = threading.Thread(target=wire.send, args=(b"y" * (64 * MIB - sent),))
        sender.start()
        assert content_of(wire) == b"y" * (64 * MIB)
        sender.join()


@pytest.mark.parametrize("function", ["upper", "upper_heavy"])
def test_the_frames_that_a_guest_reads_are_those_of_the_ring(streams, function):
    if os.geteuid() != 0:
        pytest.skip("page frame numbers are shown to root only")
    with Wire(streams) as wire:
        wire.send(post(b"/f/%s?stream=1" % function.encode(), SIZED % 300_000) + b"z" * 100_000)
        while len(wire.received) < 100_000:
            assert wire._fill()
        worker = streams.worker_pids()[0]
        holders = streams.lane_pids() if function == "upper_heavy" else [worker]
        seen_by = next(pid for pid in holders if mapping_of(pid, " r--p .*memfd:inlay-body"))
        here = mapping_of(seen_by, " r--p .*memfd:inlay-body")
        seen = frames(seen_by, here, 16)
        assert None not in seen
        assert seen == frames(worker, mapping_of(worker, rf" rw-s .* {inode_at(seen_by, here)} +/memfd:inlay-body"), 16)
        wire.send(b"z" * 200_000)
        assert content_of(wire) == b"Z" * 300_000


def test_nothing_of_an_earlier_body_is_in_the_ring(streams):
    peek = handle(
        """(if (call $receive (i32.const 32)) (then unreachable))
           (local.set $at (i32.load (i32.const 32)))
           (call $answer (i32.load (i32.add (local.get $at) (i32.const 65536))))""", "(local $at i32)"
    )  # fmt: skip
    streams.deploy("peek", guests.module(peek))
    assert streams.invoke("peek", None, b"secret!!" * 100_000).status == 200, "its pages are kept for the next body"
    assert streams.invoke("peek", {"stream": 1}, b"x").number == 0
