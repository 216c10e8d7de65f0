"""Fifty functions that spin on one worker: no-ops stay fast, nobody starves, and who overruns pays for it."""

import contextlib
import os
import pathlib
import time

import pytest

import guests
from crowd import Crowd, p99
from guests import SPIN, handle
from serving import Connection, Server, eventually, in_background
from wire import Wire

SPINNING = 50
SECONDS = 6
P99_MS_MAX = 20
ATTEMPTS = 3
SUM_UP = handle(
    """(loop $again (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 60000000))))
       (call $answer (local.get $n))""",
    "(local $n i32)",
)


def spinning(server, names):
    """A client of each of these functions."""
    return Crowd("spinning.py", server, *names)


def deploy_spinning(server, count, deployment):
    for number in range(count):
        server.deploy(f"spin-{number}", guests.module(SPIN + f"(global i32 (i32.const {number}))"), deployment)
    return [f"spin-{number}" for number in range(count)]


def noop_times_ms(server, seconds):
    taken, end = [], time.monotonic() + seconds
    with Wire(server) as wire:
        while time.monotonic() < end:
            begun = time.perf_counter()
            wire.send(b"GET /f/noop HTTP/1.1\r\nHost: h\r\n\r\n")
            assert wire.answer().status == 200
            taken.append((time.perf_counter() - begun) * 1e3)
            time.sleep(0.001)
    return sorted(taken)


@pytest.fixture
def own(data):
    """A server of one worker for one test, which must not lose it."""
    with Server(data, workers=1) as made:
        made.deploy_example("noop")
        before = made.worker_pids()
        yield made
        assert made.worker_pids() == before, made.log.read_text()[-2000:]


@pytest.mark.parametrize("run_class, timeout_ms", [("auto", 30_000), ("auto", 300), ("express", 300), ("heavy", 300)])
def test_no_ops_stay_fast_while_fifty_functions_spin(own, tell, run_class, timeout_ms):
    names = deploy_spinning(own, SPINNING, {"class": run_class, "timeout_ms": timeout_ms})
    assert own.invoke("noop").status == 200
    rounds = []
    while len(rounds) < ATTEMPTS:  # A machine that does other work tells more of that than of us.
        before = own.metrics()
        with spinning(own, names) as crowd:
            times = noop_times_ms(own, SECONDS)
            after = own.metrics()
        spent = {name: after[f"inlay_{name}_total"] - before[f"inlay_{name}_total"] for name in ("express_overruns", "express_lost_microseconds", "lane_invocations")}
        rounds.append(p99(times))
        tell(f"{run_class}, {timeout_ms} ms: {len(times)} no-ops beside {SPINNING} that spin: p50 {times[len(times) // 2]:.2f} ms, p99 {p99(times):.2f} ms, "
             f"longest {times[-1]:.1f} ms; {spent}; answers to those: {crowd.said}")  # fmt: skip
        assert spent["express_lost_microseconds"] <= SECONDS * 1e6 / 20 + 20_000, "one part in kLostTimeShare of the time, and kLostTimeUsMax"
        if rounds[-1] <= P99_MS_MAX:
            break
    assert min(rounds) <= P99_MS_MAX, rounds


def test_a_new_function_has_its_turn_before_those_that_overrun_again_and_again(own):
    names = deploy_spinning(own, SPINNING, {"class": "express", "timeout_ms": 300})
    with spinning(own, names):
        time.sleep(3)
        begin = time.monotonic()
        assert own.run(handle("(call $answer (i32.const 7))"), deployment={"class": "express"}).number == 7
        waited = time.monotonic() - begin
        begin = time.monotonic()
        assert own.run(handle("(call $answer (i32.const 7))"), deployment={"class": "express"}).number == 7
        assert time.monotonic() - begin < 0.2, "once it has ended in time it waits no more"
    assert waited < 2


def test_what_needs_a_lane_now_and_then_gets_one_beside_those_that_take_all_they_can(own, tell):
    names = deploy_spinning(own, 20, {"class": "heavy", "cpu_ms": 300})
    rare = own.name_of(SUM_UP.replace("60000000", "1000000"), {"class": "heavy", "timeout_ms": 20_000})
    assert own.invoke(rare).number == 1_000_000
    with spinning(own, names):
        time.sleep(1)
        times = []
        for _ in range(5):
            begin = time.monotonic()
            assert own.invoke(rare).number == 1_000_000
            times.append(time.monotonic() - begin)
    tell(f"waited {[round(one, 2) for one in times]} s, where first come, first served takes {20 * 0.3 / 2:.1f} s at least on two processors")
    assert sorted(times)[2] < 2, times


def test_an_overrun_is_charged_to_its_function(own):
    name = own.name_of(SPIN, {"class": "express", "timeout_ms": 100})
    for _ in range(3):
        assert own.invoke(name).status == 504
    usage = own.request("GET", f"/v1/functions/{name}").json["usage"]
    assert usage["overruns"] == 3 and usage["invocations"] == 3
    assert 3 * 2000 <= usage["lost_us"] <= 3 * 3000
    assert own.metrics()[f'inlay_function_overruns_total{{function="{name}"}}'] == 3
    assert abs(own.metrics()["inlay_express_lost_microseconds_total"] - usage["lost_us"]) <= 3


# ---- accounts ----


def cpu_seconds(pid):
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_processor_time_in_lanes_is_what_the_kernel_says(own):
    name = own.name_of(SUM_UP, {"class": "heavy"})
    own.invoke(name)
    (lane,) = own.lane_pids()
    kernel, ours = cpu_seconds(lane), own.request("GET", f"/v1/functions/{name}").json["usage"]["cpu_us"]
    for _ in range(20):
        assert own.invoke(name).number == 60_000_000
    kernel, ours = cpu_seconds(lane) - kernel, own.request("GET", f"/v1/functions/{name}").json["usage"]["cpu_us"] - ours
    assert kernel > 0.2
    assert 0.8 <= ours / 1e6 / kernel <= 1.2, (ours, kernel)


def test_processor_time_of_what_was_ended_at_its_deadline_counts(own):
    name = own.name_of(SPIN, {"class": "heavy", "timeout_ms": 500})
    assert own.invoke(name).status == 504
    used = own.request("GET", f"/v1/functions/{name}").json["usage"]["cpu_us"]
    assert 100_000 <= used <= 650_000, "less than the time where others had the processor too"


def test_processor_time_in_the_worker_is_accounted_too(own):
    short = handle("(loop $again (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 300000)))) (call $answer (local.get $n))", "(local $n i32)")
    (worker,) = own.worker_pids()
    name = own.name_of(short)
    kernel = cpu_seconds(worker)
    with Connection(own) as connection:
        for _ in range(2000):
            assert connection.request("GET", f"/f/{name}").number == 300_000
    kernel = cpu_seconds(worker) - kernel
    usage = own.request("GET", f"/v1/functions/{name}").json["usage"]
    assert usage["invocations"] == 2000 and usage["in_flight"] == 0
    assert 0.3 * kernel <= usage["cpu_us"] / 1e6 <= 1.2 * kernel, "what the worker does besides is nobody's"


def test_accounts_outlive_the_worker(data):
    with Server(data, workers=2) as server:
        name = server.name_of(handle("(call $answer (i32.const 7))"))
        for connection in server.connections_by_worker().values():
            assert connection.request("GET", f"/f/{name}").number == 7
        wire = Wire(server)
        wire.send(f"POST /f/{name} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx".encode())
        usage = lambda: server.request("GET", f"/v1/functions/{name}").json["usage"]
        assert eventually(lambda: usage()["in_flight"] == 1) and usage()["invocations"] == 3
        for pid in server.worker_pids():
            os.kill(pid, 9)
        assert eventually(lambda: len(server.worker_pids()) == 2)
        assert eventually(lambda: usage()["in_flight"] == 0), "those of a dead worker are given back"
        assert usage()["invocations"] == 3 and usage()["cpu_us"] > 0
        assert server.invoke(name).number == 7 and usage()["invocations"] == 4
        server.request("DELETE", f"/v1/functions/{name}")
        server.deploy(name, guests.module(SPIN))
        assert usage()["invocations"] == 0, "another function of that name begins at nothing"


SLOW_IF_ASKED = handle("""
  (if (i32.ge_s (call $request (i32.const 5) (i32.const 64) (i32.const 6) (i32.const 512) (i32.const 512)) (i32.const 0))
    (then (call $wait (i64.const 8))))
  (call $answer (i32.const 7))""")


def test_a_crowd_of_short_runs_is_not_refused_because_one_before_was_long(data):
    with Server(data, workers=1) as server:
        server.deploy("short", guests.module(SLOW_IF_ASKED))
        assert server.invoke("short").number == 7
        for _ in range(3):
            assert server.invoke("short", {"object": "x"}).number == 7
        assert server.metrics()["inlay_express_overruns_total"] >= 1
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(Wire(server)) for _ in range(400)]
            for wire in crowd:
                wire.send(b"GET /f/short HTTP/1.1\r\nHost: h\r\n\r\n")
            assert [wire.answer().status for wire in crowd] == [200] * 400
