"""A client may go away, or stop talking, in any state of its request: the server serves on, and keeps nothing of it."""

import collections
import socket

import pytest

import guests
from guests import handle
from serving import Server, eventually
from soak_looks import descriptors
from wire import Wire

HOST = b"Host: h\r\n"
SIZE = 3 << 20
OLD, NEW = b"o" * SIZE, b"n" * SIZE
PUBLISH = "(drop (call $input)) (drop (call $publish_into (i32.const 32) (i32.const 1)))"
EXPRESS = handle(PUBLISH + "(call $wait (i64.const 1)) (call $respond (i32.const 32) (i32.const 1))")
LANE = handle(
    PUBLISH + "(drop (call $log (i32.const 1) (i32.const 2048) (i32.const 5))) (call $wait (i64.const 300))"
    "(call $respond (i32.const 32) (i32.const 1))"
) + '(data (i32.const 2048) "begun")'  # fmt: skip


@pytest.fixture(scope="module")
def reset_server(module_data):
    with Server(module_data, workers=2) as made:
        made.deploy("express", guests.module(EXPRESS))
        made.deploy("lane", guests.module(LANE), {"class": "heavy"})
        yield made
        assert made.stop() == 0


def put(framing):
    return b"PUT /o/reset/written HTTP/1.1\r\n" + HOST + framing


SIZED = b"Content-Length: %d\r\n\r\n" % SIZE
LOG_LINES = "/v1/functions/lane/logs"


def lines(server):
    return len(server.request("GET", LOG_LINES).json["lines"])


class State:
    """How a connection comes into a state, and what follows: the request that it makes, whole or not, and what it may do."""

    def __init__(self, name, text, is_whole, response=None, may_write=False):
        self.name, self.text, self.is_whole, self.response, self.may_write = name, text, is_whole, response, may_write

    def enter(self, server, wire):
        before = lines(server) if self.name == "function in a lane" else 0
        wire.send(self.text)
        if self.name == "function in a lane":
            assert eventually(lambda: lines(server) > before), "the lane's function has not begun"
        if self.name == "response":
            wire.received = wire.socket.recv(1000)
            assert wire.received.startswith(b"HTTP/1.1 200 ")

    def __str__(self):
        return self.name.replace(" ", "-")


INVOKE = b" HTTP/1.1\r\n" + HOST + SIZED + NEW
STATES = [
    State("before a head", b"", False),
    State("inside a head", b"GET /o/reset/kept HTTP/1.1\r\nHo", False),
    State("inside a sized body", put(SIZED) + NEW[: SIZE // 2], False),
    State("inside a small sized body", put(b"Content-Length: 1000\r\n\r\n") + NEW[:500], False),
    State("inside a chunk", put(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % SIZE) + NEW[: SIZE // 2], False),
    State("between chunks", put(b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"), False),
    State("function in a worker", b"POST /f/express?into=reset/written" + INVOKE, True, NEW, True),
    State("function in a lane", b"POST /f/lane?into=reset/written" + INVOKE, True, NEW, True),
    State("response", b"GET /o/reset/kept HTTP/1.1\r\n" + HOST + b"\r\n", True, OLD),
    State("commit", put(SIZED) + NEW, True, None, True),
]


# What the supervisor opens one after the other, and what a worker fetches when a function overran for the first time.
CACHES = ("folder of objects", "compiled", "memfd:inlay-compiled")


def held(server):
    """Process and kind of descriptor -> how many there are, but for caches."""
    return collections.Counter({
        (pid, kind): count
        for pid in [server.pid, *server.worker_pids()]
        for kind, count in descriptors(pid).items() if kind not in CACHES
    })  # fmt: skip


def object_files(server):
    return sum(path.is_file() for path in (server.data / "objects").rglob("*"))


def at_rest(server):
    return server.metrics()["inlay_connections_open"] == 1


@pytest.fixture(params=STATES, ids=str)
def state(request, reset_server):
    """Begins with two objects; ends with a look at what is left behind."""
    server, state = reset_server, request.param
    server.put("reset/kept", OLD)
    server.put("reset/written", OLD)
    for worker in server.connections_by_worker().values():  # So that nothing is opened later.
        assert worker.request("GET", "/o/reset/kept").body == worker.request("GET", "/o/reset/written").body == OLD
        assert worker.request("POST", "/f/express?into=reset/warm", b"x").body == b"x"
        assert worker.request("POST", "/f/lane?into=reset/warm", b"x").body == b"x"
        worker.http.close()
    assert eventually(lambda: at_rest(server))
    workers, before = server.worker_pids(), held(server)
    yield state
    assert eventually(lambda: at_rest(server)), "the connection is still counted"
    assert server.worker_pids() == workers
    assert server.get("reset/kept").body == OLD
    assert server.get("reset/written").body in ((OLD, NEW) if state.may_write else (OLD,))
    assert eventually(lambda: object_files(server) == 3), "an unfinished write leaves a file behind"
    assert eventually(lambda: not held(server) - before, 12), held(server) - before


def test_a_reset_in_any_state_leaves_nothing_behind(reset_server, state):
    for _ in range(5 if state.name == "function in a lane" else 30):
        with Wire(reset_server) as wire:
            state.enter(reset_server, wire)
            wire.reset()
    assert reset_server.request("GET", "/healthz").status == 200


def test_a_client_that_only_listens_from_then_on_gets_its_answer_or_is_told_what_is_missing(reset_server, state):
    with Wire(reset_server) as wire:
        state.enter(reset_server, wire)
        wire.socket.shutdown(socket.SHUT_WR)
        if state.name == "before a head":
            assert wire.is_closed()
            return
        answer = wire.answer()
        if state.is_whole:
            assert answer.status == 200 and (state.response is None or answer.body == state.response)
        else:
            assert answer.status == 400 and answer.problem == "bad-request" and "ended" in answer.detail
        assert wire.is_closed()


def test_what_a_function_does_in_a_lane_is_done_also_when_its_client_is_gone(reset_server):
    """The request was whole: going away is no way to take it back half."""
    server = reset_server
    server.put("reset/written", OLD)
    with Wire(server) as wire:
        next(state for state in STATES if state.name == "function in a lane").enter(server, wire)
        wire.reset()
    assert server.get("reset/written").body == OLD, "published before the function has ended"
    assert eventually(lambda: server.get("reset/written").body == NEW)
