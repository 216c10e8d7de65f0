"""Streams that go wrong: what the client is told or sees, what takes effect, and that worker and lanes go on."""

import os
import socket
import struct
import threading
import time

import pytest

from guests import Codes, handle
from identity_test import mapping_of
from serving import eventually
from streaming import CHUNKED, MIB, SIZED, content_of, exchange, goes_on, post, streams, text  # noqa: F401
from wire import Wire

STALL_SECONDS = 30

# Sends "first", then what `rest` says.
FIRST = '(data (i32.const 2048) "first")'


def after_first(rest):
    return handle(f"(i32.store (i32.const 32) (i32.const 2048)) (i32.store (i32.const 36) (i32.const 5))"
                  f"(drop (call $send (i32.const 32) (i32.const 1))) {rest}") + FIRST  # fmt: skip


@pytest.mark.parametrize("function", ["wc", "echo"])
def test_broken_framing_in_mid_stream_is_told(streams, function):
    with Wire(streams) as wire:
        wire.send(post(b"/f/%s?stream=1" % function.encode(), CHUNKED) + b"5\r\nhello\r\nnonsense\r\n")
        if function == "wc":
            assert wire.answer().status == 400
        else:
            with pytest.raises(ConnectionError):
                content_of(wire)


@pytest.mark.parametrize("rest", ["unreachable", "(i32.const 7)"], ids=["trap", "failure"])
def test_what_fails_after_its_first_part_has_no_last_chunk(streams, rest):
    name = streams.name_of(after_first(rest))
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name.encode() + b"?stream=1", SIZED % 0))
        with pytest.raises(ConnectionError, match="no last chunk"):
            content_of(wire)
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name.encode() + b"?stream=1", SIZED % 0, b"1.0"))
        with pytest.raises(ConnectionResetError):
            while wire._fill():
                pass
    assert streams.invoke(name, None, b"").status in (500, 502), "without a stream nothing has left"


def test_what_fails_before_its_first_part_is_told(streams):
    answer = streams.run(handle("(drop (call $receive (i32.const 32))) unreachable"), {"stream": 1}, b"body")
    assert answer.status == 502 and "unreachable" in answer.detail or answer.status == 500


def test_the_head_cannot_be_changed_once_it_is_sent(streams):
    guest = after_first(
        """(i32.store (i32.const 1024) (call $status (i32.const 201)))
           (i32.store (i32.const 1028) (call $header (i32.const 2048) (i32.const 5) (i32.const 2048) (i32.const 5)))
           (i32.store (i32.const 1032) (call $respond (i32.const 32) (i32.const 1)))
           (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 12))
           (call $send (i32.const 32) (i32.const 1))"""
    )
    for query in ({"stream": 1}, None):
        body = streams.run(guest, query).body
        assert body[:5] == b"first" and struct.unpack("<3i", body[5:]) == (Codes.TWICE,) * 3


def test_the_body_of_a_stream_is_received_not_mapped(streams):
    guest = handle(
        """(i32.store (i32.const 1024) (call $body (i32.const 16)))
           (i32.store (i32.const 1028) (call $map (i32.const 0) (i64.const 0) (i64.const 1) (i32.const 0) (i32.const 32)))
           (drop (call $receive (i32.const 32)))
           (i32.store (i32.const 1032) (call $unmap (i32.load (i32.const 32))))
           (i32.store (i32.const 1036) (call $move (i32.load (i32.const 32)) (i64.const 0) (i64.const 1) (i32.const 48)))
           (call $answer_numbers (i32.const 4))"""
    )
    answer = streams.run(guest, {"stream": 1}, b"x" * 100)
    assert answer.numbers == [Codes.DENIED, Codes.RANGE, Codes.ABSENT, Codes.ABSENT]


def test_a_store_into_a_piece_ends_the_invocation(streams):
    for store in ("(i32.store8 (local.get $at) (i32.const 1))", "(memory.fill (local.get $at) (i32.const 1) (i32.const 50))"):
        guest = handle(f"(drop (call $receive (i32.const 32))) (local.set $at (i32.load (i32.const 32))) {store} (i32.const 0)",
                       "(local $at i32)")  # fmt: skip
        answer = streams.run(guest, {"stream": 1}, b"x" * 100)
        assert answer.status == 500 or answer.status == 502
        assert "the request body" in answer.detail and "read-only" in answer.detail


def publishes(rest):
    return handle(
        f"""(if (call $receive (i32.const 32)) (then (return (i32.const 1))))
            (drop (call $publish_into (i32.const 32) (i32.const 1)))
            (drop (call $send (i32.const 32) (i32.const 1))) {rest}"""
    )


def test_effects_take_place_before_the_last_chunk_or_not_at_all(streams):
    assert streams.run(publishes("(i32.const 0)"), {"stream": 1, "into": "streams/good"}, b"content").body == b"content"
    assert streams.get("streams/good").body == b"content"
    with pytest.raises(Exception):
        streams.run(publishes("(i32.const 9)"), {"stream": 1, "into": "streams/bad"}, b"content")
    assert streams.get("streams/bad").status == 404


def test_what_is_published_of_a_piece_is_what_it_was_then(streams):
    """The ring holds other bytes by the time the publication is stored."""
    guest = handle(
        """(if (call $receive (i32.const 32)) (then (return (i32.const 1))))
           (if (call $publish_into (i32.const 32) (i32.const 1)) (then (return (i32.const 2))))
           (loop $again
             (if (call $receive (i32.const 32)) (then (return (i32.const 3))))
             (br_if $again (i32.load (i32.const 36))))
           (i32.const 0)"""
    )
    name = streams.name_of(guest)
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name.encode() + b"?stream=1&into=streams/early", SIZED % (MIB + 20_000)) + b"a" * 20_000)
        time.sleep(0.2)
        wire.send(b"b" * MIB)
        assert wire.answer().status == 200
    stored = streams.get("streams/early").body
    assert stored and set(stored) == set(b"a")


@pytest.mark.parametrize("function", [b"echo", b"echo_heavy"])
def test_resets_in_each_phase_leave_workers_and_lanes_free(streams, function):
    for _ in range(3):
        for sent in (b"", b"x" * 10, b"x" * 500_000):
            for read in (False, True):
                with Wire(streams) as wire:
                    wire.send(post(b"/f/%s?stream=1" % function, SIZED % (4 * MIB)) + sent)
                    if read and sent:
                        wire._fill()
                    wire.reset()
    assert eventually(lambda: streams.metrics()["inlay_connections_open"] <= 1)
    assert eventually(lambda: streams.metrics()["inlay_streams_open"] == 0)
    assert exchange(streams, b"/f/%s?stream=1" % function, text(MIB), "sized") == text(MIB)


def test_a_half_closed_client_is_a_broken_body(streams):
    with Wire(streams) as wire:
        wire.send(post(b"/f/wc?stream=1", SIZED % 100) + b"x" * 10)
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.answer().status == 400


def test_a_killed_lane_is_told_or_seen(streams):
    with Wire(streams) as wire:
        wire.send(post(b"/f/wc_heavy?stream=1", SIZED % 100) + b"x" * 10)
        assert eventually(lambda: [pid for pid in streams.lane_pids() if mapping_of(pid, "memfd:inlay-body")])
        os.kill(next(pid for pid in streams.lane_pids() if mapping_of(pid, "memfd:inlay-body")), 9)
        assert wire.answer().status == 502


def test_the_functions_time_begins_again_with_each_piece_and_rests_while_it_waits(streams):
    work = handle(
        """(loop $again
             (if (call $receive (i32.const 32)) (then (return (i32.const 1))))
             (if (i32.load (i32.const 36))
               (then (call $wait (i64.const 400)) (drop (call $send (i32.const 32) (i32.const 1))) (br $again))))
           (i32.const 0)"""
    )
    name = streams.name_of(work, {"timeout_ms": 800}).encode()
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name + b"?stream=1", SIZED % 4))
        for byte in b"abcd":
            wire.send(bytes([byte]))
            time.sleep(0.5)
        time.sleep(1.2)
        assert content_of(wire) == b"abcd"


def test_a_function_that_makes_no_progress_is_ended(streams):
    name = streams.name_of(after_first("(loop $again (br $again)) (i32.const 0)"), {"timeout_ms": 500})
    with Wire(streams) as wire:
        begun = time.monotonic()
        wire.send(post(b"/f/" + name.encode() + b"?stream=1", SIZED % 0))
        with pytest.raises(ConnectionError):
            content_of(wire)
        assert 0.4 < time.monotonic() - begun < 5
    name = streams.name_of(handle("(loop $again (br $again)) (i32.const 0)"), {"timeout_ms": 500})
    assert streams.invoke(name, {"stream": 1}, b"").status == 504


def test_a_response_that_needs_no_more_of_the_body_closes_the_connection(streams):
    name = streams.name_of(handle("(drop (call $receive (i32.const 32))) (call $answer (i32.const 7))"))
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name.encode() + b"?stream=1", SIZED % (100 * MIB)) + b"x" * 1000)
        answer = wire.answer()
        assert answer.number == 7 and answer.headers["Connection"] == "close"


def test_clients_that_stall_are_given_up(streams):
    """One that sends no more, and one that reads no more: each for as long as a stall may last."""
    results = {}

    def sends_no_more(wire):
        wire.send(post(b"/f/wc?stream=1", SIZED % 100) + b"x")
        return wire.answer().status

    def reads_no_more(wire):
        wire.send(post(b"/f/echo?stream=1", CHUNKED))
        try:
            while True:
                wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except (ConnectionError, TimeoutError) as error:
            return type(error)

    def run(client):
        with Wire(streams, STALL_SECONDS + 20) as wire:
            begun = time.monotonic()
            results[client.__name__] = client(wire), time.monotonic() - begun

    threads = [threading.Thread(target=run, args=(client,)) for client in (sends_no_more, reads_no_more)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["sends_no_more"][0] == 408
    assert results["reads_no_more"][0] in (ConnectionResetError, BrokenPipeError)
    assert all(STALL_SECONDS - 2 < seconds < STALL_SECONDS + 10 for _, seconds in results.values()), results
