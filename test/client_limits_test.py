"""What clients may take: how many connections, in all and from one address, how many requests on one, how much time, at what pace."""

import contextlib
import os
import signal
import socket
import threading
import time

import pytest

import guests
from serving import Server, eventually
from streaming import ECHO
from wire import Wire

HOST = b"Host: h\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"


@contextlib.contextmanager
def limited(data, workers=2, **limits):
    config = data.with_suffix(".toml")
    config.write_text("".join(f"{key} = {value}\n" for key, value in limits.items()))
    with Server(data, "--config", str(config), workers=workers) as made:
        before = made.worker_pids()
        yield made
        if made.worker_pids() == before:
            assert made.stop() == 0
    config.unlink()


class From(Wire):
    """A connection from a given address of this machine, which serves, or was turned away."""

    def __init__(self, server, address="127.0.0.1"):
        self.socket = socket.create_connection((server.host, server.port), 20, (address, 0))
        self.received = b""
        try:
            self.send(GET)
            self.first = self.answer()
        except (ConnectionError, OSError):
            self.first = None  # Closed before its request was read: the answer was on its way, and got lost.

    @property
    def serves(self):
        return self.first is not None and self.first.status == 200


def connect(server, count, address="127.0.0.1"):
    made = [From(server, address) for _ in range(count)]
    return [one for one in made if one.serves], [one for one in made if not one.serves]


def test_an_address_has_its_share_of_connections_over_all_workers(data):
    with limited(data, connections_per_address=8) as server:
        assert eventually(lambda: server.metrics()["inlay_connections_open"] == 1)
        serving, refused = connect(server, 14)
        assert (len(serving), len(refused)) == (8, 6)
        told = [one.first for one in refused if one.first]
        assert all(one.status == 503 and "connections_per_address" in one.detail and one.headers["Retry-After"] for one in told)
        others, none = connect(server, 8, "127.0.0.2")
        assert len(others) == 8 and not none, "another address is not concerned"
        for one in serving[:5]:
            one.socket.close()
        assert eventually(lambda: From(server, "127.0.0.1").serves), "what is given back can be had again"


def test_a_worker_that_dies_gives_back_what_it_counted(data):
    with limited(data, connections_per_address=4) as server:
        for _ in range(3):
            serving, _ = connect(server, 4)
            assert len(serving) == 4
            before = server.worker_pids()
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            assert eventually(lambda: len(server.worker_pids()) == 2 and not set(server.worker_pids()) & set(before))
            for one in serving:
                one.socket.close()
        assert connect(server, 4)[1] == []


def test_who_waits_the_longest_goes_for_who_comes(data):
    with limited(data, workers=1, connections=10, connections_per_address=100) as server:
        waiting, refused = connect(server, 10)
        assert not refused
        waiting[0].send(GET)  # Now it is the second that has waited the longest.
        assert waiting[0].answer().status == 200
        came = From(server)
        assert came.serves and waiting[1].is_closed()
        for one in [waiting[0], *waiting[2:]]:
            one.send(GET)
            assert one.answer().status == 200
        assert server.metrics()["inlay_connections_ended_idle_total"] == 2  # One for /metrics.


def test_when_nobody_waits_who_comes_is_turned_away(data):
    with limited(data, workers=1, connections=10, connections_per_address=100) as server:
        busy = [Wire(server) for _ in range(10)]
        for one in busy:
            one.send(GET + b"GET /heal")
            assert one.answer().status == 200
        time.sleep(0.1)
        for _ in range(5):
            came = From(server)
            assert not came.serves
            if came.first:
                assert came.first.status == 503 and "(connections)" in came.first.detail
        for one in busy:
            one.send(b"thz HTTP/1.1\r\n" + HOST + b"\r\n")
            assert one.answer().status == 200
        assert server.metrics()["inlay_connections_refused_total"] == 5


def test_a_connection_ends_in_good_order_after_so_many_requests(data):
    with limited(data, requests_per_connection=3) as server, Wire(server) as wire:
        for turn in range(3):
            wire.send(GET)
            answer = wire.answer()
            assert answer.status == 200 and (answer.headers["Connection"] == "close") == (turn == 2)
        assert wire.is_closed()


def test_a_stream_ends_a_connection_that_has_had_its_requests(data):
    with limited(data, requests_per_connection=1) as server, Wire(server) as wire:
        server.deploy("echo", guests.module(ECHO))
        wire.send(b"POST /f/echo?stream=1 HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello")
        while wire._fill():
            pass
        assert b"\r\nConnection: close\r\n" in wire.received and wire.received.endswith(b"5\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize("begin, status", [(b"", None), (GET, None), (b"GET /heal", 408), (GET + b"GET /heal", 408)])
def test_heads_and_rests_have_their_time(data, begin, status):
    with limited(data, head_timeout_ms=500, idle_timeout_ms=1000) as server, Wire(server) as wire:
        wire.send(begin)
        if begin.startswith(GET):
            assert wire.answer().status == 200
        begun = time.monotonic()
        if status:
            assert wire.answer().status == status
        assert wire.is_closed()
        waited = time.monotonic() - begun
        assert (0.4 if status else 0.9) < waited < (0.9 if status else 1.9), waited


# ---- Pace: windows of a second, 2,000 bytes in each ----


@pytest.fixture(scope="module")
def paced(module_data):
    with limited(module_data, workers=1, stall_timeout_ms=1000, client_rate_min=2000) as server:
        server.deploy("echo", guests.module(ECHO))
        server.deploy("echo_heavy", guests.module(ECHO), {"class": "heavy"})
        server.put("pace/large", b"x" * (16 << 20))
        yield server


def drip(wire, piece, pause, seconds):
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            wire.send(piece)
            time.sleep(pause)


TARGETS = ["PUT /o/pace/dripped", "POST /f/echo", "POST /f/echo?stream=1", "POST /f/echo_heavy?stream=1"]


@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_body_that_trickles_is_given_up(paced, target, framing):
    """It is never without progress for long, and would take minutes."""
    field, piece = (b"Content-Length: 100000", b"x" * 20) if framing == "sized" else (b"Transfer-Encoding: chunked", b"4\r\nabcd\r\n")
    with Wire(paced) as wire:
        begun = time.monotonic()
        wire.send(target.encode() + b" HTTP/1.1\r\n" + HOST + field + b"\r\n\r\n")
        threading.Thread(target=drip, args=(wire, piece, 0.05, 6), daemon=True).start()
        with contextlib.suppress(ConnectionResetError):  # A stream that has begun to answer just ends, while we are still sending.
            while wire._fill():
                pass
        assert time.monotonic() - begun < 4
        # A stream may have answered in part already: then it has no last chunk.
        assert b" 408 " in wire.received.split(b"\r\n")[0] or not wire.received.endswith(b"\r\n0\r\n\r\n")
    assert paced.get("pace/dripped").status == 404


@pytest.mark.parametrize("target", TARGETS)
def test_a_body_that_is_slow_but_steady_arrives(paced, target):
    """4,000 bytes a second, for four windows; the last piece ends it."""
    with Wire(paced) as wire:
        wire.send(target.encode().replace(b"dripped", b"steady") + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 16000\r\n\r\n")
        for _ in range(80):
            wire.send(b"x" * 200)
            time.sleep(0.05)
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        while wire._fill():
            pass
        assert wire.received.split(b"\r\n")[0] in (b"HTTP/1.1 200 OK", b"HTTP/1.1 201 Created")
        assert wire.received.endswith(b"ok\n")


def small_reader(server):
    wire = Wire.__new__(Wire)
    wire.socket, wire.received = socket.socket(), b""
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.socket.connect((server.host, server.port))
    return wire


def read_for(wire, piece, pause, seconds):
    """How many bytes came, read so slowly for so long, and then to the end at once."""
    end, received = time.monotonic() + seconds, 0
    try:
        while more := wire.socket.recv(piece if time.monotonic() < end else 1 << 20):
            received += len(more)
            if time.monotonic() < end:
                time.sleep(pause)
    except ConnectionResetError:
        pass
    return received


def test_a_response_that_is_read_bit_by_bit_is_given_up(paced):
    with small_reader(paced) as wire:
        wire.send(b"GET /o/pace/large HTTP/1.1\r\n" + HOST + b"\r\n")
        assert read_for(wire, 20, 0.05, 4) < 16 << 20


def test_a_response_that_is_read_slowly_but_steadily_arrives_whole(paced):
    """So slowly that for many windows the kernel tells of no room: it is seen in what the client has acknowledged."""
    with small_reader(paced) as wire:
        wire.send(b"GET /o/pace/large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert read_for(wire, 1000, 0.05, 5) > 16 << 20
