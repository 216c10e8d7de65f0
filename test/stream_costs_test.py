"""What streams cost is told behind their last chunk to clients that ask, and /metrics counts streams, their ends and their bytes."""

import http.client
import shutil
import subprocess

import pytest

from cli_test import Cli
from guests import handle
from serving import Answer, eventually
from stream_faults_test import after_first
from streaming import CHUNKED, HOST, MIB, SIZED, content_of, goes_on, head_of, post, streams, text  # noqa: F401
from wire import Wire

ASKS = b"Inlay-Cost: ?1\r\n"
KINDS = [b"", b"_heavy"]


def trailers_of(wire):
    """Reads a response in chunks to its end; gives its head, its content, and the lines behind the last chunk."""
    head, content = head_of(wire), b""
    while True:
        while b"\r\n" not in wire.received:
            assert wire._fill()
        line, wire.received = wire.received.split(b"\r\n", 1)
        size = int(line, 16)
        if size == 0:
            break
        while len(wire.received) < size + 2:
            assert wire._fill()
        content, wire.received = content + wire.received[:size], wire.received[size + 2 :]
    lines = []
    while True:
        while b"\r\n" not in wire.received:
            assert wire._fill()
        line, wire.received = wire.received.split(b"\r\n", 1)
        if not line:
            return head, content, lines
        lines.append(line.decode())


def cost_in(line):
    name, _, value = line.partition(": ")
    return Answer(200, {name: value}, b"").cost


# ---- the cost, behind the last chunk ----


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_tells_its_cost_in_a_trailer_field_that_its_head_announces(streams, kind):
    content = text(200_000)
    with Wire(streams) as wire:
        for fields in (ASKS, ASKS + b"TE: trailers\r\n"):
            wire.send(post(b"/f/upper%s?stream=1" % kind, SIZED % len(content) + fields) + content)
            head, got, lines = trailers_of(wire)
            assert b"\r\nTrailer: Inlay-Cost" in head and b"\r\nInlay-Cost:" not in head
            assert len(got) == len(content) and len(lines) == 1
            assert cost_in(lines[0])["mapped"] >= len(content) and cost_in(lines[0])["copied"] <= 16384
        assert wire.received == b""


@pytest.mark.parametrize("kind", KINDS)
def test_who_does_not_ask_gets_no_trailer_whatever_it_accepts(streams, kind):
    with Wire(streams) as wire:
        wire.send(post(b"/f/upper%s?stream=1" % kind, SIZED % 3 + b"TE: trailers\r\n") + b"abc")
        head, got, lines = trailers_of(wire)
        assert b"Trailer" not in head and got == b"ABC" and lines == []


def test_what_an_effect_costs_is_in_it(streams):
    """The trailer comes after the commit, which copies what is small."""
    guest = handle(
        """(if (call $receive (i32.const 32)) (then (return (i32.const 1))))
           (if (call $send (i32.const 32) (i32.const 1)) (then (return (i32.const 2))))
           (call $publish_into (i32.const 32) (i32.const 1))"""
    )
    name = streams.name_of(guest).encode()
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name + b"?stream=1&into=streams/cost", SIZED % 5 + ASKS) + b"abcde")
        _, _, lines = trailers_of(wire)
        assert cost_in(lines[0])["copied"] >= 10 and streams.get("streams/cost").body == b"abcde"


def test_an_http_1_0_client_gets_none(streams):
    with Wire(streams) as wire:
        wire.send(post(b"/f/upper?stream=1", SIZED % 3 + ASKS, b"1.0") + b"abc")
        assert b"Trailer" not in head_of(wire)
        while wire._fill():
            pass
        assert wire.received == b"ABC"


def test_a_response_that_was_not_sent_in_parts_has_its_cost_in_its_head(streams):
    answer = streams.request("POST", "/f/wc?stream=1", b"a b\n", {"Inlay-Cost": "?1"})
    assert answer.cost["mapped"] == 4 and answer.headers["Trailer"] is None


@pytest.mark.parametrize("class_", ["auto", "heavy"])
def test_a_stream_that_breaks_has_no_trailer(streams, class_):
    name = streams.name_of(after_first("unreachable"), {"class": class_}).encode()
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name + b"?stream=1", SIZED % 0 + ASKS))
        while wire._fill():
            pass
        assert b"Trailer: Inlay-Cost" in wire.received and b"mapped=" not in wire.received


def test_readers_that_know_nothing_of_trailers_read_on(streams):
    connection = http.client.HTTPConnection(streams.host, streams.port)
    for _ in range(3):
        connection.request("POST", "/f/upper?stream=1", b"abc", {"Inlay-Cost": "?1"})
        assert connection.getresponse().read() == b"ABC"
    connection.close()
    if shutil.which("curl"):
        url = f"http://{streams.host}:{streams.port}/f/upper?stream=1"
        told = subprocess.run(["curl", "-sv", "-H", "Inlay-Cost: ?1", "--data-binary", "abc", url, "--next", "-s", "-H", "Inlay-Cost: ?1",
                               "--data-binary", "def", url], capture_output=True, check=True)  # fmt: skip
        assert told.stdout == b"ABCDEF" and b"Re-using existing connection" in told.stderr


def test_the_cli_shows_it(streams):
    cli = Cli(streams.url)  # The function maps its output as well.
    told = cli.run("invoke", "upper", "-q", "stream=1", "--body", "abc", "--cost")
    assert told.stdout == b"ABC" and told.stderr.startswith(b"cost: mapped 131,075 bytes, copied "), told
    assert cli.json("invoke", "upper", "-q", "stream=1", "--body", "abc")["cost"]["mapped"] == 131_075


# ---- counters ----


class Counts:
    def __init__(self, streams):
        self.streams = streams
        self.before = self.read()

    def read(self):
        names = ("inlay_streams_total", 'inlay_streams_ended_total{how="completed"}', 'inlay_streams_ended_total{how="broken"}',
                 "inlay_stream_received_bytes_total", "inlay_stream_sent_bytes_total")  # fmt: skip
        metrics = self.streams.metrics()
        return [metrics[name] for name in names]

    def become(self, *wanted):
        return eventually(lambda: [now - was for now, was in zip(self.read(), self.before)] == list(wanted)), self.read()


@pytest.mark.parametrize("kind", KINDS)
def test_streams_and_their_bytes_are_counted(streams, kind):
    counts = Counts(streams)
    for framing, body in ((SIZED % 300_000, b"x" * 300_000), (CHUNKED, b"3\r\nabc\r\n0\r\n\r\n")):
        with Wire(streams) as wire:
            wire.send(post(b"/f/upper%s?stream=1" % kind, framing) + body)
            content_of(wire)
    assert counts.become(2, 2, 0, 300_003, 300_003)[0], counts.become(2, 2, 0, 300_003, 300_003)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_whose_client_goes_or_whose_function_fails_is_broken(streams, kind):
    counts = Counts(streams)
    with Wire(streams) as wire:
        wire.send(post(b"/f/upper%s?stream=1" % kind, CHUNKED) + b"3\r\nabc\r\n")
        while b"ABC" not in wire.received:
            assert wire._fill()
        wire.reset()
    assert counts.become(1, 0, 1, 3, 3)[0], counts.read()
    name = streams.name_of(after_first("(i32.const 3)"), {"class": "heavy" if kind else "auto"}).encode()
    with Wire(streams) as wire:
        wire.send(post(b"/f/" + name + b"?stream=1", SIZED % 0))
        while wire._fill():
            pass
    assert counts.become(2, 0, 2, 3, 8)[0], counts.read()


@pytest.mark.parametrize("kind", KINDS)
def test_those_that_wait_for_their_clients_are_told(streams, kind):
    waiting = lambda: streams.metrics()["inlay_streams_waiting"]  # noqa: E731
    assert eventually(lambda: waiting() == 0)
    with Wire(streams) as sends_no_more, Wire(streams) as reads_no_more:
        sends_no_more.send(post(b"/f/upper%s?stream=1" % kind, CHUNKED) + b"1\r\na\r\n")
        assert eventually(lambda: waiting() == 1)
        reads_no_more.send(post(b"/f/echo%s?stream=1" % kind, SIZED % (64 * MIB)))
        reads_no_more.socket.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                reads_no_more.send(b"y" * 65536)
        assert waiting() == 2
        reads_no_more.reset()
        sends_no_more.send(b"0\r\n\r\n")
        assert content_of(sends_no_more) == b"A"
    assert eventually(lambda: waiting() == 0)
