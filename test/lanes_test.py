"""Lanes: what is too long for a worker begins again in a process of its own, from the same inputs, with its effects once."""

import os
import pathlib
import signal
import time

import pytest

from guests import SPIN, handle
from serving import Connection, Server, eventually, in_background
from wire import Wire

WITH_COST = {"Inlay-Cost": "?1"}
HEAVY = {"class": "heavy"}
SUM = handle(
    """(local.set $at (call $input)) (local.set $end (i32.add (local.get $at) (i32.load (i32.const 36))))
       (loop $again
         (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
         (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
       (call $answer (local.get $sum))""",
    "(local $at i32) (local $end i32) (local $sum i32)",
)
WAIT = handle("(call $wait (i64.const 600)) (call $answer (i32.const 7))")
PUBLISH_AND_WAIT = handle(
    """(drop (call $log (i32.const 1) (i32.const 2048) (i32.const 5)))
       (drop (call $input)) (drop (call $publish_into (i32.const 32) (i32.const 1)))
       (call $wait (i64.const 600)) (call $answer (i32.const 7))"""
) + '(data (i32.const 2048) "begun")'


@pytest.fixture
def own(data):
    """A server of one worker for one test, which must not lose it."""
    with Server(data, workers=1) as made:
        before = made.worker_pids()
        yield made
        assert made.worker_pids() == before, made.log.read_text()[-2000:]


def lane_metrics(server):
    names = {"overruns": "express_overruns", "runs": "lane_invocations", "started": "lanes_started", "lost": "lanes_lost"}
    metrics = server.metrics()
    return {short: metrics[f"inlay_{name}_total"] for short, name in names.items()}


# ---- classes ----


def test_what_overruns_begins_again_in_a_lane_and_the_next_one_begins_there(own, noise):
    body = noise(8 << 20)
    own.put("lanes/large", body)
    for number in range(3):
        assert own.run(SUM, {"object": "lanes/large"}).number == sum(body)
        assert lane_metrics(own) == {"overruns": 1, "runs": number + 1, "started": 1 if number == 0 else lane_metrics(own)["started"], "lost": 0}
    assert lane_metrics(own)["started"] <= 2, "one without and one with unchecked code"


def test_what_is_short_never_leaves_its_worker(own, noise):
    own.put("lanes/small", noise(1000))
    for _ in range(20):
        own.run(SUM, {"object": "lanes/small"})
    assert lane_metrics(own)["started"] == 0 and own.lane_pids() == []


def test_an_express_function_always_begins_in_its_worker(own, noise):
    body = noise(8 << 20)
    own.put("lanes/large", body)
    for _ in range(2):
        assert own.run(SUM, {"object": "lanes/large"}, deployment={"class": "express"}).number == sum(body)
    assert lane_metrics(own)["overruns"] == 2


def test_a_heavy_function_begins_in_a_lane_with_code_made_at_its_deploy(own, noise):
    body = noise(8 << 20)
    own.put("lanes/large", body)
    name = own.name_of(SUM, HEAVY)
    assert [path for path in (own.data / "compiled").iterdir() if "unchecked" in path.name]
    for _ in range(3):
        assert own.invoke(name, {"object": "lanes/large"}).number == sum(body)
    assert lane_metrics(own) == {"overruns": 0, "runs": 3, "started": 1, "lost": 0}
    assert own.request("GET", f"/v1/functions/{name}").json["class"] == "heavy"


def test_an_unknown_class_is_refused(own):
    answer = own.try_deploy("odd", b"(module)", {"class": "light"})
    assert answer.status == 400 and "auto, express or heavy" in answer.detail


def test_code_for_lanes_goes_with_its_function(own):
    unchecked = lambda: [path for path in (own.data / "compiled").iterdir() if "unchecked" in path.name]  # noqa: E731
    name = own.name_of(SUM, HEAVY)
    assert len(unchecked()) == 1
    own.request("DELETE", f"/v1/functions/{name}")
    assert eventually(lambda: not unchecked())


def test_code_for_lanes_that_is_damaged_is_made_again(data, noise):
    body = noise(100_000)
    with Server(data, workers=1) as server:
        name = server.name_of(SUM, HEAVY)
        server.put("lanes/o", body)
        (code,) = [path for path in (data / "compiled").iterdir() if "unchecked" in path.name]
        good = code.read_bytes()
        code.write_bytes(good[:5000] + b"damage" + good[5006:])
        assert server.invoke(name, {"object": "lanes/o"}).number == sum(body), "checked code does it meanwhile"
        assert eventually(lambda: code.exists() and code.read_bytes() == good)


def test_a_new_version_runs_in_a_lane_of_its_own(own):
    for number in (1, 2, 3):
        own.deploy("f", b"(module " + handle(f"(i32.const {number})").encode() + b' (memory (export "memory") 1))', HEAVY)
        assert f"returned {number};" in own.invoke("f").detail


# ---- atomic, and with the same data ----


def test_effects_of_a_restarted_invocation_take_place_once_and_its_log_names_the_attempts(own, noise):
    body = noise(300_000)
    answer = own.run(PUBLISH_AND_WAIT, {"into": "lanes/published"}, body)
    assert answer.number == 7 and lane_metrics(own)["overruns"] == 1
    assert own.get("lanes/published").body == body
    assert own.metrics()["inlay_objects_put_total"] == 1
    name = own.name_of(PUBLISH_AND_WAIT)
    assert eventually(lambda: len(own.request("GET", f"/v1/functions/{name}/logs").json["lines"]) == 2)
    first, second = (line["invocation"] for line in own.request("GET", f"/v1/functions/{name}/logs").json["lines"])
    assert second == first + ".2"


@pytest.mark.parametrize("deployment", [None, HEAVY], ids=["restarted", "heavy"])
def test_bodies_objects_and_outputs_go_through_a_lane_uncopied(own, noise, deployment):
    size = 8 << 20
    body = noise(size)
    own.put("lanes/large", body)
    upper = handle(
        """(drop (call $input)) (drop (call $output (i64.extend_i32_u (i32.load (i32.const 36))) (i32.const 48)))
           (memory.copy (i32.load (i32.const 48)) (i32.load (i32.const 32)) (i32.load (i32.const 36)))
           (call $wait (i64.const 5)) (call $respond (i32.const 48) (i32.const 1))"""
    )
    for query, sent in (({"object": "lanes/large"}, None), (None, body)):
        answer = own.run(upper, query, sent, WITH_COST, deployment)
        assert answer.body == body
        assert answer.cost["mapped"] == 2 * size and answer.cost["copied"] <= 16384
    assert lane_metrics(own)["runs"] == 2


def test_a_lane_that_keeps_its_views_shows_each_body_and_object_as_it_is(own, noise):
    """Bodies of one function come in the same pages, longer and shorter ones in turn."""
    answer = handle(
        """(drop (call $input)) (drop (call $output (i64.extend_i32_u (i32.load (i32.const 36))) (i32.const 48)))
           (memory.copy (i32.load (i32.const 48)) (i32.load (i32.const 32)) (i32.load (i32.const 36)))
           (call $respond (i32.const 48) (i32.const 1))"""
    )
    for size in (3 << 20, 1 << 20, (3 << 20) + 5, 9 << 20, 9 << 20, (1 << 20) - 1, 4 << 20):
        body = noise(size)
        assert own.run(answer, None, body, None, HEAVY).body == body
        own.put("lanes/changing", body[::-1])
        for _ in range(2):
            assert own.run(answer, {"object": "lanes/changing"}, None, None, HEAVY).body == body[::-1]
    assert lane_metrics(own)["lost"] == 0


def test_an_idle_lane_lets_go_of_what_it_has_mapped(own, noise):
    file = own.object_file(own.put("lanes/gone", noise(8 << 20)).json["version"])
    assert own.run(SUM, {"object": "lanes/gone"}, None, None, HEAVY).status == 200
    (lane,) = own.lane_pids()

    def maps_it():
        return str(file) in pathlib.Path(f"/proc/{lane}/maps").read_text()

    assert maps_it()
    assert eventually(lambda: not maps_it(), 5)
    assert own.lane_pids() == [lane], "it is warm still"


def test_small_bodies_parameters_and_headers_reach_a_lane(own):
    guest = handle(
        """(drop (call $input))
           (i32.store (i32.const 40) (i32.const 1024))
           (i32.store (i32.const 44) (call $request (i32.const 6) (i32.const 2048) (i32.const 6) (i32.const 1024) (i32.const 100)))
           (drop (call $header (i32.const 2048) (i32.const 6) (i32.const 1024) (i32.load (i32.const 44))))
           (drop (call $status (i32.const 418)))
           (call $respond (i32.const 32) (i32.const 2))"""
    ) + '(data (i32.const 2048) "x-test")'
    answer = own.run(guest, None, b"body and ", {"X-Test": "a header"}, HEAVY)
    assert (answer.status, answer.body, answer.headers["x-test"]) == (418, b"body and a header", "a header")


def test_much_output_moves_to_a_lane(own):
    guest = handle(
        """(drop (call $output (i64.const 0x5000000) (i32.const 48)))
           (i32.store8 (i32.load (i32.const 48)) (i32.const 65))
           (i32.store (i32.const 52) (i32.const 3)) (call $respond (i32.const 48) (i32.const 1))"""
    )
    assert own.run(guest).body == b"A\0\0"
    assert lane_metrics(own)["overruns"] == 1


# ---- ends ----


def test_a_deadline_ends_the_lane_and_nobody_else(own):
    begin = time.monotonic()
    answer = own.run(SPIN, deployment={"timeout_ms": 200})
    assert answer.status == 504 and "200 ms" in answer.detail
    assert 0.2 <= time.monotonic() - begin < 2
    assert eventually(lambda: own.lane_pids() == [])
    assert lane_metrics(own)["lost"] == 0, "it was asked to end"


def test_a_lane_that_is_killed_costs_its_invocation_only(own, noise):
    own.put("lanes/kept", b"old")
    for moment in (0.0, 0.01, 0.05, 0.3):
        wait = in_background(lambda: own.run(PUBLISH_AND_WAIT, {"into": "lanes/kept"}, noise(100_000), deployment=HEAVY))
        assert eventually(own.lane_pids)
        time.sleep(moment)
        for pid in own.lane_pids():
            os.kill(pid, signal.SIGKILL)
        (answer,) = wait()
        assert answer.status == 502 and answer.problem == "lane-lost", answer
        assert own.get("lanes/kept").body == b"old"
    assert own.run(PUBLISH_AND_WAIT, {"into": "lanes/kept"}, b"new", deployment=HEAVY).number == 7
    assert own.get("lanes/kept").body == b"new"


def test_a_lane_that_died_idle_is_replaced_unseen(own):
    name = own.name_of(WAIT, HEAVY)
    assert own.invoke(name).number == 7
    for pid in own.lane_pids():
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not own.lane_pids())
    assert own.invoke(name).number == 7


def test_idle_lanes_end_after_a_while(own):
    own.run(WAIT, deployment=HEAVY)
    assert len(own.lane_pids()) == 1
    assert eventually(lambda: own.lane_pids() == [], 15, 0.1)


def test_lanes_end_with_their_worker(data):
    with Server(data, workers=1) as server:
        wait = in_background(lambda: pytest.raises(Exception, server.run, SPIN, deployment=HEAVY))
        assert eventually(server.lane_pids)
        os.kill(server.worker_pids()[0], signal.SIGKILL)
        assert eventually(lambda: server.lane_pids() == [], 3)
        wait()
        assert server.run(WAIT, deployment=HEAVY).number == 7


def test_a_drain_lets_lanes_finish_and_leaves_none(data):
    with Server(data, workers=1) as server:
        name = server.name_of(WAIT, HEAVY)
        server.invoke(name)
        lanes = server.lane_pids()
        wait = in_background(lambda: server.invoke(name))
        time.sleep(0.2)
        server.terminate()
        assert wait()[0].number == 7
        assert server.wait() == 0
        assert not any(os.path.exists(f"/proc/{pid}") for pid in lanes)


# ---- many ----


def test_workers_serve_on_while_lanes_spin(own):
    spin = own.name_of(SPIN, {**HEAVY, "timeout_ms": 1500})
    own.deploy_example("noop")
    wait = in_background(*[lambda: own.invoke(spin)] * 4)
    assert eventually(lambda: len(own.lane_pids()) == 4)
    with Connection(own) as connection:
        times = []
        for _ in range(200):
            begin = time.monotonic()
            assert connection.request("GET", "/f/noop").status == 200
            times.append(time.monotonic() - begin)
    assert sorted(times)[-3] < 0.1, "a spinning function holds others up"
    assert [answer.status for answer in wait()] == [504] * 4


def test_more_than_there_are_lanes_wait_for_their_turn(own):
    name = own.name_of(WAIT, HEAVY)
    answers = in_background(*[lambda: own.invoke(name)] * 10)()
    assert [answer.number for answer in answers] == [7] * 10
    assert len(own.lane_pids()) <= 4


def test_a_function_with_few_lanes_comes_before_one_with_many(own):
    flood, other = own.name_of(WAIT, HEAVY), own.name_of(WAIT + "(global i32 (i32.const 1))", HEAVY)
    wait = in_background(*[lambda: own.invoke(flood)] * 24)
    assert eventually(lambda: len(own.lane_pids()) == 4)
    time.sleep(0.1)
    begin = time.monotonic()
    assert own.invoke(other).number == 7
    assert time.monotonic() - begin < 2.4, "it waited behind the flood"
    assert [answer.number for answer in wait()] == [7] * 24


def test_a_wait_that_takes_all_the_time_there_is_ends_in_a_refusal(own):
    name = own.name_of(WAIT, {**HEAVY, "timeout_ms": 1100})
    answers = in_background(*[lambda: own.invoke(name)] * 12)()
    statuses = sorted(answer.status for answer in answers)
    assert 200 in statuses and 503 in statuses and set(statuses) <= {200, 503, 504}, statuses


def test_more_than_may_wait_are_refused_at_once(own):
    name = own.name_of(SPIN, {**HEAVY, "timeout_ms": 3000})
    request = f"GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    waiting = [Wire(own) for _ in range(4 + 256)]
    for wire in waiting:
        wire.send(request)
    time.sleep(0.5)
    begin = time.monotonic()
    refused = own.invoke(name)
    assert refused.status == 503 and "wait for a lane already" in refused.detail
    assert time.monotonic() - begin < 1
    assert own.run(WAIT, deployment=HEAVY).number == 7, "half of the places are others'"
    for wire in waiting:
        assert wire.answer().status in (503, 504)
        wire.socket.close()
