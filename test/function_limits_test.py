"""A function's own limits: each is reached, to the last one, and what it costs to reach it names the limit."""

import time

import pytest

import guests
from guests import SPIN, Codes, handle
from serving import Connection, Server, eventually, in_background
from streaming import content_in_chunks, head_of
from wire import Wire

DEFAULTS = {"timeout_ms": 30_000, "cpu_ms": 900_000, "memory_bytes": 1 << 30, "private_bytes": 3 << 30, "windows": 10_000, "output_bytes": 2 << 30,
            "log_bytes": 400 << 10, "publishes": 16, "concurrency": 1024, "rate": 1_000_000, "lanes": 64}  # fmt: skip
MAXIMA = {**DEFAULTS, "timeout_ms": 900_000, "memory_bytes": 3 << 30, "concurrency": 1_000_000}
MEMORY_PAGES = 2  # Of a guest, from the start.
WAIT = handle("(call $wait (i64.const 400)) (call $answer (i32.const 7))")


@pytest.fixture(scope="module")
def pair(module_data):
    """A server of two workers and a connection to each."""
    with Server(module_data, workers=2) as made:
        made.deploy_example("echo")
        yield made, list(made.connections_by_worker().values())
        assert made.stop() == 0


# ---- deploys ----


def test_limits_are_described_with_their_defaults_and_as_they_were_given(server):
    described = server.deploy("limited", guests.module(guests.ECHO)).json
    assert {name: described[name] for name in DEFAULTS} == DEFAULTS and described["isolated"] is False
    given = {name: number + 1 for number, name in enumerate(DEFAULTS)}
    given["memory_bytes"] = 1 << 20
    server.deploy("limited", guests.module(guests.ECHO), given)
    described = server.request("GET", "/v1/functions/limited").json
    assert {name: described[name] for name in DEFAULTS} == given
    assert described in server.request("GET", "/v1/functions").json["functions"]


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_limit_of_none_or_beyond_its_maximum_is_refused(server, name):
    for value in (0, MAXIMA[name] + 1, "x", ""):
        answer = server.try_deploy("beyond", guests.module(guests.ECHO), {name: value})
        assert answer.status == 400 and name in answer.detail and str(MAXIMA[name]) in answer.detail
    assert server.try_deploy("at-most", guests.module(guests.ECHO), {name: MAXIMA[name]}).status in (200, 201)


def test_limits_outlive_the_server(data):
    with Server(data, workers=1) as first:
        first.deploy("kept", guests.module(guests.ECHO), {"rate": 7, "cpu_ms": 9, "isolate": 1})
        first.stop()
    with Server(data, workers=1) as second:
        described = second.request("GET", "/v1/functions/kept").json
        assert (described["rate"], described["cpu_ms"], described["isolated"]) == (7, 9, True)


# ---- time ----


@pytest.mark.parametrize("run_class", ["auto", "express", "heavy"])
def test_who_uses_the_processor_for_too_long_is_ended_with_504(server, run_class):
    begin = time.monotonic()
    answer = server.run(SPIN, deployment={"cpu_ms": 300, "class": run_class})
    assert answer.status == 504 and answer.problem == "function-timed-out"
    assert "300 ms, its cpu_ms" in answer.detail and "--limit cpu_ms=N" in answer.detail
    assert 0.25 < time.monotonic() - begin < 3


def test_who_waits_without_the_processor_does_not_use_it_up(server):
    """Four lanes of equal rank share two processors, or one of them does: the clock goes faster than their processor time."""
    name = server.name_of(SPIN, {"cpu_ms": 400, "class": "heavy"})
    begin = time.monotonic()
    answers = in_background(*[lambda: server.invoke(name)] * 6)()
    assert [answer.status for answer in answers] == [504] * 6 and all("its cpu_ms" in answer.detail for answer in answers)
    usage = server.request("GET", f"/v1/functions/{name}").json["usage"]["cpu_us"]
    assert 6 * 400_000 <= usage <= 6 * 700_000, (usage, time.monotonic() - begin)


def test_a_budget_below_express_ends_in_the_worker(server):
    answer = server.run(SPIN, deployment={"cpu_ms": 1})
    assert answer.status == 504 and "1 ms, its cpu_ms" in answer.detail


def test_a_stream_that_spins_between_two_pieces_is_ended(server):
    name = server.name_of(SPIN + "(func (drop (call $receive (i32.const 0))))", {"cpu_ms": 200})
    with Wire(server) as wire:
        wire.send(f"POST /f/{name}?stream=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc".encode())
        answer = wire.answer()
    assert answer.status == 504 and "200 ms, its cpu_ms" in answer.detail


@pytest.mark.parametrize("run_class", ["auto", "heavy"])
def test_a_stream_that_sends_for_ever_is_ended_by_its_processor_time(server, run_class):
    """Each part gives it a new timeout, but no more of the processor."""
    first = "(i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 60000))"
    name = server.name_of(handle(f"{first} (loop $more (drop (call $send (i32.const 32) (i32.const 1))) (br $more)) (i32.const 0)"),
                          {"cpu_ms": 300, "class": run_class})  # fmt: skip
    begin, size, end = time.monotonic(), 0, b""
    with Wire(server) as wire:
        wire.send(f"GET /f/{name}?stream=1 HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        while part := wire.socket.recv(1 << 20):
            size, end = size + len(part), (end + part)[-5:]
            assert time.monotonic() - begin < 10
    assert size > 1 << 20 and end != b"0\r\n\r\n"


# ---- what a guest takes ----


PUBLISH = "(call $publish_into (i32.const 32) (i32.const 1))"


def private(length):
    return f"(call $map (i32.const 0) (i64.const 0) (i64.const {length}) (i32.const 2) (i32.const 40))"


def output(length):
    return f"(call $output (i64.const {length}) (i32.const 40))"


def log(length):
    return f"(call $log (i32.const 1) (i32.const 64) (i32.const {length}))"


@pytest.mark.parametrize("run_class", ["auto", "heavy"])
@pytest.mark.parametrize("limit, value, fits, meets", [
    ("windows", 2, [output(5)], output(5)),
    ("output_bytes", 9000, [output(9000)], output(1)),
    ("publishes", 2, [PUBLISH, PUBLISH], PUBLISH),
    ("log_bytes", 10, [log(10)], log(1)),
    ("private_bytes", 20480, [private(20480)], private(1)),
    ("memory_bytes", (MEMORY_PAGES + 2) << 16, [private(131072)], private(1)),
])  # fmt: skip
def test_what_a_guest_takes_ends_at_its_functions_limit(server, run_class, limit, value, fits, meets):
    deployment = {limit: value, "class": run_class}
    query, body = {"into": "limits/made"}, b"x" * 140_000
    begin = "(call $source) (drop (call $input))" + "".join(f"(if {call} (then unreachable))" for call in fits)
    assert server.run(handle(begin + "(call $answer (i32.const 7))"), query, body, deployment=deployment).number == 7
    answer = server.run(handle(begin + meets), query, body, deployment=deployment)
    assert answer.status == 500 and f"returned {Codes.LIMIT}" in answer.detail
    assert f"{limit} = {value} (--limit {limit}=N gives more)" in answer.detail


@pytest.mark.parametrize("run_class", ["auto", "heavy"])
def test_who_grows_beyond_its_memory_is_told_how_much_it_may_have(server, run_class):
    deployment, allowed = {"memory_bytes": 4 << 16, "class": run_class}, f"memory_bytes = {4 << 16} (--limit memory_bytes=N gives more)"
    grow = "(drop (memory.grow (i32.const 3)))"
    for end, words in (("unreachable", "trapped: unreachable instruction"), ("(i32.const 3)", "returned 3")):
        answer = server.run(handle(grow + end), deployment=deployment)
        assert answer.status == 500 and words in answer.detail and allowed in answer.detail, answer
    assert allowed not in server.run(handle("(drop (memory.grow (i32.const 2))) unreachable"), deployment=deployment).detail


# ---- how many ----


def hold(server, name):
    """A request whose content does not come."""
    wire = Wire(server)
    wire.send(f"POST /f/{name} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx".encode())
    return wire


def test_no_more_are_under_way_in_all_workers_than_the_concurrency(pair):
    server, connections = pair
    name = server.name_of(guests.ECHO, {"concurrency": 3})
    in_flight = lambda: server.request("GET", f"/v1/functions/{name}").json["usage"]["in_flight"]
    held = [hold(server, name) for _ in range(3)]
    assert eventually(lambda: in_flight() == 3)
    for connection in connections:
        for _ in range(2):  # The connection goes on.
            answer = connection.request("GET", f"/f/{name}")
            assert answer.status == 429 and answer.problem == "function-over-limit" and answer.headers["Retry-After"] == "1"
            assert "3 invocations under way, its concurrency" in answer.detail and "--limit concurrency=N" in answer.detail
    assert connections[0].request("GET", "/f/echo").status == 200, "another function's"
    wire = hold(server, name)
    assert wire.answer().status == 429 and wire.is_closed(), "before its content"
    held[0].send(b"body")
    assert held[0].answer().body == b"xbody"
    assert eventually(lambda: in_flight() == 2)
    assert all(connection.request("GET", f"/f/{name}").status == 200 for connection in connections)
    for one in held[1:]:
        one.reset()
    assert eventually(lambda: in_flight() == 0)
    usage = server.request("GET", f"/v1/functions/{name}").json["usage"]
    assert (usage["invocations"], usage["refused"]) == (5, 5)
    assert server.metrics()[f'inlay_function_refused_total{{function="{name}"}}'] == 5


def test_no_more_begin_in_a_second_in_all_workers_than_the_rate(pair):
    server, connections = pair
    name = server.name_of(guests.ECHO, {"rate": 20})
    begin, answers = time.monotonic(), []
    while time.monotonic() - begin < 2:
        answers += [connection.request("GET", f"/f/{name}") for connection in connections]
    taken = time.monotonic() - begin
    refused = [answer for answer in answers if answer.status == 429]
    assert all(answer.headers["Retry-After"] == "1" and "20 invocations begun within a second, its rate" in answer.detail for answer in refused)
    begun = len(answers) - len(refused)
    assert 20 + 20 * 1.5 <= begun <= 20 + 20 * taken + 1, (begun, taken)


def test_content_that_goes_through_a_function_counts_as_its_invocation(pair):
    server, _ = pair
    name = server.name_of(handle("(i32.const 0)"), {"rate": 1})
    statuses = [server.request("PUT", f"/o/limits/through?through={name}", b"x").status for _ in range(2)]
    assert statuses[0] in (200, 201) and statuses[1] == 429


def test_streams_count_too(pair):
    server, _ = pair
    first = "(i32.store (i32.const 36) (i32.const 1)) (drop (call $send (i32.const 32) (i32.const 1)))"
    rest = "(loop $more (drop (call $receive (i32.const 32))) (br_if $more (i32.load (i32.const 36)))) (i32.const 0)"
    name = server.name_of(handle(first + rest), {"concurrency": 1})
    with Wire(server) as stream:
        stream.send(f"POST /f/{name}?stream=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx".encode())
        assert head_of(stream).startswith(b"HTTP/1.1 200"), "its head says that it is under way"
        assert server.invoke(name, {"stream": 1}).status == 429
        stream.send(b"body")
        assert content_in_chunks(stream) == b"\0"
    assert eventually(lambda: server.invoke(name, {"stream": 1}).status == 200)


def test_a_function_has_no_more_lanes_than_its_limit_and_leaves_the_rest_to_others(data):
    with Server(data, workers=1) as server:
        one = server.name_of(WAIT, {"class": "heavy", "lanes": 1})
        many = server.name_of(WAIT + "(global i32 (i32.const 1))", {"class": "heavy"})
        server.invoke(one), server.invoke(many)
        begin = time.monotonic()
        wait = in_background(*[lambda: server.invoke(one)] * 3)
        time.sleep(0.1)
        assert server.invoke(many).number == 7 and time.monotonic() - begin < 0.9, "there are lanes left"
        assert [answer.number for answer in wait()] == [7] * 3
        assert time.monotonic() - begin >= 3 * 0.4, "one after the other"


def test_who_waits_for_its_functions_lanes_in_vain_is_told_of_the_limit(data):
    with Server(data, workers=1) as server:
        name = server.name_of(SPIN, {"class": "heavy", "lanes": 1, "timeout_ms": 700})
        answers = in_background(*[lambda: server.invoke(name)] * 3)()
        late = [answer for answer in answers if answer.status == 503]
        assert late and all("none of the 1 lanes" in answer.detail and "--limit lanes=N" in answer.detail for answer in late), answers
