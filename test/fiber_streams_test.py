"""Streams in a worker: many at once beside other requests, each for as long as its client needs, and none at others' expense."""

import contextlib
import http.client
import os
import signal
import time

import pytest

from cold_data_test import MIB, put_cold
from guests import Codes, handle, module
from serving import Server, eventually
from stream_faults_test import after_first
from streaming import CHUNKED, SIZED, content_of, goes_on, post, streams  # noqa: F401
from wire import Wire

STREAMS_MAX = 128  # kStreamsPerWorkerMax


def lane_runs(server):
    return server.metrics()["inlay_lane_invocations_total"]


@contextlib.contextmanager
def no_lanes(server):
    before = lane_runs(server)
    yield
    assert lane_runs(server) == before


def p99_ms(server, seconds=1.5):
    """Of no-ops, one after the other."""
    took, connection, until = [], http.client.HTTPConnection(server.host, server.port), time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.perf_counter()
        connection.request("GET", "/f/noop")
        assert connection.getresponse().read() == b"ok\n"
        took.append((time.perf_counter() - begun) * 1e3)
    connection.close()
    return sorted(took)[int(len(took) * 0.99)]


def part(wire, wanted):
    """Reads this content of a response, in however many chunks."""
    got = b""
    while got != wanted:
        if wire.received.startswith(b"HTTP/1.1 200") and b"\r\n\r\n" in wire.received:
            wire.received = wire.received.split(b"\r\n\r\n", 1)[1]
        line, _, rest = wire.received.partition(b"\r\n")
        size = -1 if line.startswith(b"H") or not rest else int(line, 16)
        if size < 0 or len(rest) < size + 2:
            assert wire._fill()
            continue
        got, wire.received = got + rest[:size], rest[size + 2 :]
        assert wanted.startswith(got)


def test_a_function_too_large_for_a_fiber_runs_in_a_lane(streams):
    streams.deploy("large", module(handle("(i32.const 0)"), '(memory (export "memory") 1100)'))
    before = lane_runs(streams)
    assert streams.request("POST", "/f/large?stream=1", b"body").status == 200
    assert lane_runs(streams) == before + 1


def test_two_streams_and_no_ops_go_on_in_turns_while_a_third_stalls(streams):
    with no_lanes(streams), Wire(streams) as first, Wire(streams) as second, Wire(streams) as stalled:
        for wire in (first, second, stalled):
            wire.send(post(b"/f/upper?stream=1", CHUNKED))
        for number in range(50):
            for wire, name in ((first, b"a"), (second, b"b")):
                content = name * (1 + number * 500)
                wire.send(b"%x\r\n%s\r\n" % (len(content), content))
                part(wire, content.upper())
            assert streams.invoke("noop").body == b"ok\n"
        assert streams.metrics()["inlay_streams_open"] == 3
        for wire in (second, first):
            wire.send(b"0\r\n\r\n")
            while not wire.received.endswith(b"0\r\n\r\n"):
                assert wire._fill()
        stalled.send(b"1\r\nc\r\n0\r\n\r\n")
        assert content_of(stalled) == b"C"


def test_streams_that_spin_hurt_nobody_and_begin_in_lanes_the_next_time(streams):
    alone = p99_ms(streams)
    name = streams.name_of(after_first("(loop $again (br $again)) (i32.const 0)"), {"timeout_ms": 1000})
    wires = [Wire(streams) for _ in range(4)]
    for wire in wires:
        wire.send(post(b"/f/" + name.encode() + b"?stream=1", CHUNKED))
    for wire in wires:
        part(wire, b"first")
    with no_lanes(streams):
        beside = p99_ms(streams)
    assert beside < alone + 15, f"{alone} -> {beside} ms"
    for wire in wires:
        with pytest.raises(ConnectionError):
            while wire._fill():
                pass
            raise ConnectionError
        wire.socket.close()
    before = lane_runs(streams)
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name.encode() + b"?stream=1", CHUNKED))
        part(wire, b"first")
        assert lane_runs(streams) == before + 1


def test_more_streams_than_a_worker_has_are_refused_at_once_and_nobody_else_is(streams):
    assert eventually(lambda: streams.metrics()["inlay_streams_open"] == 0)
    wires = [Wire(streams) for _ in range(STREAMS_MAX)]
    with no_lanes(streams):
        for wire in wires:
            wire.send(post(b"/f/wc?stream=1", SIZED % 6) + b"a b")
        assert eventually(lambda: streams.metrics()["inlay_streams_open"] == STREAMS_MAX)
        with Wire(streams) as one_more:
            begun = time.monotonic()
            one_more.send(post(b"/f/wc?stream=1", SIZED % 6) + b"a b")
            assert one_more.answer().status == 503 and time.monotonic() - begun < 5
        assert streams.invoke("wc", None, b"a b\n").json["words"] == 2
        for wire in wires:
            wire.send(b" c\n")
        for wire in wires:
            assert wire.answer().json == {"lines": 1, "words": 3, "bytes": 6}
            wire.socket.close()


LARGE = """(if (call $output (i64.const 67108865) (i32.const 96)) (then (return (i32.const 5)))) (call $answer (i32.const 1))"""


def test_what_a_worker_does_not_give_moves_a_stream_to_a_lane_before_its_first_piece_and_is_an_error_after_it(streams):
    before = lane_runs(streams)
    assert streams.run(handle(LARGE), {"stream": 1}, b"body").number == 1
    assert lane_runs(streams) == before + 1
    late = handle("(drop (call $receive (i32.const 32))) (call $answer (call $output (i64.const 67108865) (i32.const 96)))")
    assert streams.run(late, {"stream": 1}, b"body").number == Codes.LIMIT


@pytest.mark.parametrize("class_", ["auto", "heavy"])
def test_the_outputs_of_all_streams_leave_half_of_them_to_others(data, class_):
    """kStreamOutputsShare: streams that wait hold what they have; the one too many is told so, and which limit it met."""
    large = 24 * MIB
    holds = handle(
        f"""(if (call $output (i64.const {large}) (i32.const 96)) (then (return (i32.const 5))))
            (i32.store (i32.const 32) (i32.load (i32.const 96))) (i32.store (i32.const 36) (i32.const 1))
            (drop (call $send (i32.const 32) (i32.const 1))) (drop (call $receive (i32.const 32))) (i32.const 0)""")  # fmt: skip
    config = data.parent / f"{data.name}.toml"
    config.write_text(f"body_memory = {96 * MIB}\n")
    with Server(data, "--config", str(config), workers=1) as server:
        server.deploy("holds", module(holds), {"class": class_})
        whole = server.name_of(handle(f"(if (call $output (i64.const {large}) (i32.const 96)) (then (return (i32.const 5)))) (call $answer (i32.const 1))"))
        with Wire(server) as first, Wire(server) as second:
            for wire in (first, second):
                wire.send(post(b"/f/holds?stream=1", SIZED % 1))
                part(wire, b"\0")
            refused = server.request("POST", "/f/holds?stream=1", b"x")
            assert refused.status in (500, 502) and "met a limit: the memory for outputs of this worker's streams" in refused.detail
            assert server.invoke(whole).number == 1, "others have their half"
            first.send(b"x")
            assert first._fill()
        assert eventually(lambda: server.request("POST", "/f/holds?stream=1", b"x").status == 200)


def test_a_cold_window_is_brought_in_while_the_stream_waits(streams):
    content = bytes(range(251)) * (4 * MIB // 251)
    last = handle(
        """(drop (call $receive (i32.const 48)))
           (local.set $at (i32.add (call $input) (i32.load (i32.const 36))))
           (call $answer (i32.load8_u (i32.sub (local.get $at) (i32.const 1))))""", "(local $at i32)"
    )  # fmt: skip
    name = streams.name_of(last)
    put_cold(streams, "fibers/cold", content)
    waits = streams.metrics()["inlay_disk_waits_total"]
    with no_lanes(streams):
        assert streams.invoke(name, {"stream": 1, "object": "fibers/cold"}, b"x").number == content[-1]
    assert streams.metrics()["inlay_disk_waits_total"] == waits + 1


def test_a_fault_of_one_stream_is_not_anothers(streams):
    """While one waits in the middle, another writes into a piece, by a plain store and in bulk."""
    with Wire(streams) as waiting:
        waiting.send(post(b"/f/upper?stream=1", CHUNKED) + b"1\r\na\r\n")
        part(waiting, b"A")
        for store in ("(i32.store8 (local.get $at) (i32.const 1))", "(memory.fill (local.get $at) (i32.const 1) (i32.const 50))"):
            guest = handle(f"(drop (call $receive (i32.const 32))) (local.set $at (i32.load (i32.const 32))) {store} (i32.const 0)",
                           "(local $at i32)")  # fmt: skip
            assert "read-only" in streams.run(guest, {"stream": 1}, b"x" * 100).detail
        waiting.send(b"1\r\nb\r\n0\r\n\r\n")
        part(waiting, b"B")


@contextlib.contextmanager
def upper_begun(server):
    """A stream of one byte so far, whose answer has come."""
    server.deploy_example("upper")
    with Wire(server) as wire:
        wire.send(post(b"/f/upper?stream=1", CHUNKED) + b"1\r\na\r\n")
        part(wire, b"A")
        yield wire


def test_a_worker_that_dies_ends_its_streams_and_the_next_one_serves(data):
    with Server(data, workers=1) as server:
        with upper_begun(server) as wire:
            os.kill(server.worker_pids()[0], signal.SIGKILL)
            with pytest.raises(ConnectionError):
                while wire._fill():
                    pass
                raise ConnectionError
        assert eventually(lambda: server.invoke("upper", {"stream": 1}, b"again").body == b"AGAIN")
        assert eventually(lambda: server.metrics()["inlay_streams_open"] == 0)


def test_a_draining_worker_lets_its_streams_end(data):
    with Server(data, workers=1) as server:
        with upper_begun(server) as wire:
            server.terminate()
            time.sleep(0.3)
            wire.send(b"1\r\nb\r\n0\r\n\r\n")
            part(wire, b"B")
        assert server.wait() == 0
