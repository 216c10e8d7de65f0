"""Traces: a request that asks for it is shown call by call, wherever these ran; and calls are counted by who has called whom."""

import json
import os
import re
import subprocess

import pytest

import guests
import steps
from calls_test import calls
from guests import handle
from serving import INLAY, Server, eventually
from spawn_test import spawns
from steps import step

TRACE = "0af7651916cd43dd8448eb211c80319"


@pytest.fixture(scope="module")
def traced(module_data):
    with Server(module_data) as made:
        steps.deploy_all(made)
        for run_class in ("express", "heavy"):
            made.deploy(f"caller-{run_class}", CALLER, {"class": run_class})
            made.deploy(f"spawner-{run_class}", SPAWNER, {"class": run_class})
        made.deploy("logs", guests.module(handle('(drop (call $log (i32.const 1) (i32.const 64) (i32.const 6))) (i32.const 0)')))
        yield made
        assert made.stop() == 0


# Calls `echo` with its input.
CALLER = calls('(data (i32.const 3000) "echo")' + handle("""
  (drop (call $input))
  (if (call $call (i32.const 3000) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 1536)) (then unreachable))
  (call $take)
  (call $respond (i32.const 32) (i32.const 1))"""))
# Spawns three calls of `caller-express` and waits for them.
SPAWNER = spawns('(data (i32.const 3000) "caller-express")' + handle("""
  (drop (call $input))
  (loop $more
    (drop (call $spawn (i32.const 3000) (i32.const 14) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 1)))
    (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
  (loop $wait
    (if (i32.lt_s (call $wait_any (i32.const 0) (i32.const 0) (i32.const 1536)) (i32.const 0)) (then unreachable))
    (br_if $wait (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
  (i32.const 0)""", "(local $i i32)"))


def ask(server, name, digit, body=b"x", sampled="01"):
    """A traced request; its response and, once it is there, its trace."""
    trace = TRACE + digit
    answer = server.request("POST", f"/f/{name}", body, {"traceparent": f"00-{trace}-b7ad6b7169203331-{sampled}", "Inlay-Cost": "?1"})
    if sampled != "01":
        return answer, None
    assert eventually(lambda: server.request("GET", f"/v1/traces/{trace}").status == 200)
    return answer, server.request("GET", f"/v1/traces/{trace}").json


def edges(trace):
    """Caller and callee of each span, by the names of their functions."""
    names = {span["id"]: span["function"] for span in trace["spans"]}
    assert len(names) == len(trace["spans"])
    return sorted((names.get(span["parent"], ""), span["function"]) for span in trace["spans"])


def test_a_request_that_says_sampled_is_traced(traced):
    answer, trace = ask(traced, "echo", "1")
    assert re.fullmatch(rf"00-{TRACE}1-([0-9a-f]{{16}})-01", answer.headers["traceparent"])
    (span,) = trace["spans"]
    assert span["id"] == answer.headers["traceparent"].split("-")[2] and span["parent"] == "b7ad6b7169203331"
    assert span["function"] == "echo" and span["ending"] == "200" and span["place"] in ("worker", "lane") and span["took_us"] >= span["cpu_us"] >= 0
    assert {"mapped": span["mapped"], "copied": span["copied"]} == {key: answer.cost[key] for key in ("mapped", "copied")}


@pytest.mark.parametrize("value", ["00-" + TRACE + "2-b7ad6b7169203331-00", "00-" + TRACE + "2-b7ad6b7169203331", "nonsense", ""])
def test_no_other_request_is(traced, value):
    answer = traced.request("POST", "/f/echo", b"x", {"traceparent": value})
    assert answer.status == 200 and "traceparent" not in answer.headers
    assert traced.request("GET", f"/v1/traces/{TRACE}2").problem == "not-found"


@pytest.mark.parametrize("run_class, digit", [("express", "3"), ("heavy", "4")])
def test_calls_stand_below_their_callers(traced, run_class, digit):
    content = os.urandom(100_000)
    answer, trace = ask(traced, f"caller-{run_class}", digit, content)
    assert answer.body == content
    assert edges(trace) == [("", f"caller-{run_class}"), (f"caller-{run_class}", "echo")]
    echo = next(span for span in trace["spans"] if span["function"] == "echo")
    assert echo["mapped"] >= 96_000 and echo["copied"] <= 8192


@pytest.mark.parametrize("run_class, digit", [("express", "5"), ("heavy", "6")])
def test_spawned_calls_and_those_that_they_make_are_there_wherever_they_ran(traced, run_class, digit):
    _, trace = ask(traced, f"spawner-{run_class}", digit, os.urandom(50_000))
    spawner = f"spawner-{run_class}"
    assert edges(trace) == [("", spawner)] + [("caller-express", "echo")] * 3 + [(spawner, "caller-express")] * 3


def test_steps_of_a_pipeline_are_named(traced):
    steps.deploy(traced, "two", step("cut", "echo", each='{ split = "request", pieces = 3 }') + step("join", "join", inputs='["cut"]'))
    answer, trace = ask(traced, "two", "7", b"abc")
    assert answer.body == b"abc"
    assert sorted(span["step"] or "" for span in trace["spans"]) == ["", "cut[0]", "cut[1]", "cut[2]", "join"]
    root = trace["spans"][-1]
    assert root["function"] == "two" and all(span["parent"] == root["id"] for span in trace["spans"][:-1])


def test_what_fails_says_how(traced):
    steps.deploy(traced, "fails", step("good", "echo") + step("bad", "trap", after='["good"]'))
    _, trace = ask(traced, "fails", "8")
    assert {span["function"]: span["ending"] for span in trace["spans"]} == {"echo": "200", "trap": "function-trapped", "fails": "function-trapped"}
    _, trace = ask(traced, "trap", "9")
    assert trace["spans"][0]["ending"] == "function-trapped"


def test_a_trace_has_bounds_and_says_what_is_not_in_it(traced):
    steps.deploy(traced, "many", step("all", "nothing", each='{ split = "request", piece_bytes = 1 }'))
    _, trace = ask(traced, "many", "a", b"x" * 1000)
    assert len(trace["spans"]) <= 400 and trace["left_out"] + len(trace["spans"]) == 1001
    assert trace["spans"][-1]["function"] == "many"


def test_streams_and_puts_through_functions_are_traced(traced):
    for target, method, digit in (("/f/echo?stream=1", "POST", "b"), ("/o/traced/one?through=echo", "PUT", "c")):
        traced.request(method, target, b"some", {"traceparent": f"00-{TRACE}{digit}-b7ad6b7169203331-01"})
        assert eventually(lambda: traced.request("GET", f"/v1/traces/{TRACE}{digit}").status == 200)
        assert traced.request("GET", f"/v1/traces/{TRACE}{digit}").json["spans"][0]["function"] == "echo"


def test_log_lines_say_their_trace(traced):
    ask(traced, "logs", "d")
    traced.invoke("logs")
    assert eventually(lambda: len(traced.request("GET", "/v1/functions/logs/logs").json["lines"]) == 2)
    first, second = traced.request("GET", "/v1/functions/logs/logs").json["lines"]
    assert first["trace"] == TRACE + "d" and "trace" not in second


def test_calls_are_counted_by_who_has_called_whom(traced):
    edge = 'inlay_edge_calls_total{caller="caller-heavy",callee="echo"}'
    before = traced.metrics().get(edge, 0)
    traced.invoke("caller-heavy", body=b"x" * 20_000)
    steps.deploy(traced, "edges", step("bad", "trap", each='{ list = ["a"] }', retries=1))
    traced.invoke("edges")
    after = traced.metrics()
    assert after[edge] == before + 1
    assert after['inlay_edge_mapped_bytes_total{caller="caller-heavy",callee="echo"}'] >= 16_384
    assert after['inlay_edge_calls_total{caller="edges",callee="trap"}'] == 2 == after['inlay_edge_failed_total{caller="edges",callee="trap"}']
    assert after["inlay_edges_not_counted_total"] == 0


def cli(server, *arguments):
    return subprocess.run([INLAY, *arguments, "--server", server.url], capture_output=True, text=True)


def test_the_command_shows_a_tree(traced):
    ask(traced, "caller-express", "e", b"x" * 20_000)
    shown = cli(traced, "trace", TRACE + "e")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert re.match(r"caller-express +200 +\w+ +\+0.00 ms", lines[1]) and re.match(r"`- echo +200 .* 19\.\d KiB", lines[2]), shown.stdout
    assert json.loads(cli(traced, "trace", TRACE + "e", "--json").stdout)["trace"] == TRACE + "e"
    assert TRACE + "e" in cli(traced, "traces").stdout
    absent = cli(traced, "trace", "1" * 32)
    assert absent.returncode == 1 and "there is no trace" in absent.stderr
    asked = cli(traced, "invoke", "caller-express", "--body", "hello", "--trace")
    assert asked.stdout == "hello" and re.search(r"trace [0-9a-f]{32}\n.*\ncaller-express .*\n`- echo ", asked.stderr), asked.stderr
    failed = cli(traced, "invoke", "trap", "--trace")
    assert failed.returncode == 1 and "function-trapped" in failed.stderr
