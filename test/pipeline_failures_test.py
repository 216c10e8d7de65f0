"""Pipelines that fail, end at a bound or are refused: they say which step, and leave nothing behind; and pipelines by chance against a model."""

import os
import random
import signal
import threading
import time

import pytest

import steps
from serving import Server, eventually, in_background
from steps import deploy, step, try_deploy

# ---- bounds


def test_what_is_kept_of_results_is_bounded(run, piped):
    windows = run(step("all", "window", each='{ split = "request", piece_bytes = 1 }') + step("end", "count", inputs="[]", after='["all"]'), body=b"x" * 1100)
    assert windows.status == 400 and "kPipelineFilesMax" in windows.detail
    ranges = run(step("all", "ranges", each='{ split = "request", piece_bytes = 1 }', inputs='["request"]') + step("end", "count", inputs="[]", after='["all"]'), body=b"x" * 100)
    assert ranges.status == 400 and "kPipelineRangesMax" in ranges.detail
    unused = run(step("all", "window", each='{ split = "request", piece_bytes = 1 }') + step("end", "count", inputs="[]"), body=b"x" * 2000)
    assert unused.number == 0, "what nobody takes is not kept"


def small_results(pieces):
    """Steps that give back so many times 4,096 bytes, and one that waits for all of them and then for an object that does not come."""
    return "".join(step(f"s{i}", "heap-small", each=f'{{ split = "request", pieces = {count} }}', inputs="[]") for i, count in enumerate(pieces)) + \
        step("end", "needs", inputs="[]", query="object=never/there", retries=6, after="[" + ", ".join(f'"s{i}"' for i in range(len(pieces))) + "]")


def test_small_results_are_bounded(run):
    body = b"x" * 10_000
    assert "kPipelineSmallBytesMax" in run(small_results([10_000, 7_000]), body=body).detail
    assert run(small_results([10_000, 5_000]), body=body).status == 500, "these fit"


def test_small_results_of_all_pipelines_of_a_worker_are_bounded(data):
    with Server(data, workers=1) as server:
        steps.deploy_all(server)
        deploy(server, "small", small_results([10_000, 6_000]))
        ask = lambda: server.invoke("small", body=b"x" * 10_000)  # noqa: E731
        answers = in_background(*[ask] * 6)()
        assert any(answer.status == 503 and "kPipelinesSmallBytesMax" in answer.detail for answer in answers), answers
        assert any(answer.status == 500 for answer in answers), "some had room"
        assert "kPipelinesSmallBytesMax" not in ask().detail, "what ended gave its room back"


def test_a_line_is_looked_for_only_so_far(run, piped):
    piped.put("in/endless", b"x" * (40 << 20))
    text = step("all", "count", each='{ split = "o/in/endless", by = "lines", pieces = 2 }')
    answer = run(text)
    assert answer.status == 400 and "kSplitSearchBytesMax" in answer.detail
    assert run(text.replace("lines", "bytes")).status == 200


def test_calls_are_bounded(run):
    text = "".join(step(f"s{i}", "nothing", each='{ split = "request", piece_bytes = 1 }', inputs="[]") for i in range(11))
    answer = run(text, body=b"x" * 10_000, timeout_ms=120_000)
    assert answer.status == 400 and "kPipelineCallsMax" in answer.detail, answer


def test_a_fan_out_waits_for_its_own_calls_at_a_functions_limits(run, piped):
    for limits in ({"concurrency": 2}, {"lanes": 1, "class": "heavy"}):
        piped.deploy("few", steps.SLOW, limits)
        answer = run(step("all", "few", each='{ split = "request", piece_bytes = 1 }') + step("end", "count", inputs="[]", after='["all"]'), body=b"x" * 40)
        assert answer.status == 200 and answer.number == 0, answer


def test_more_items_than_there_may_be_are_refused_and_leave_nothing(run, piped):
    many = run(step("all", "publish", each='{ split = "request", piece_bytes = 1 }', query="into=out/none"), body=b"x" * 10_001)
    assert many.status == 400 and "kStepItemsMax" in many.detail
    fan_in = run(step("all", "echo", each='{ split = "request", piece_bytes = 1 }') + step("sum", "count", inputs='["all"]'), body=b"x" * 1025)
    assert fan_in.status == 400 and "kStepInputsMax" in fan_in.detail and 'step "sum"' in fan_in.detail
    assert piped.get("out/none").status == 404
    effects = run(step("all", "publish", each='{ split = "request", piece_bytes = 1 }', query="into=out/many"), body=b"x" * 129)
    assert "kPipelinePublishesMax" in effects.detail
    assert piped.get("out/many").status == 404


# ---- failures, retries, time

def test_a_step_is_tried_again(run, piped):
    text = step("wait", "needs", inputs="[]", query="object=late/object", retries=6)
    late = threading.Timer(0.3, lambda: piped.put("late/object", b"here"))
    before = piped.metrics()["inlay_pipeline_retries_total"]
    late.start()
    answer = run(text)
    late.join()
    assert answer.status == 200 and answer.body == b"here"
    assert piped.metrics()["inlay_pipeline_retries_total"] > before
    piped.delete("late/object")


def test_tries_end(run):
    begin = time.monotonic()
    answer = run(step("one", "trap", retries=2))
    assert answer.status == 500 and answer.problem == "function-trapped"
    assert time.monotonic() - begin >= 0.15, "50 ms, then 100"


def test_a_steps_time_ends(run):
    begin = time.monotonic()
    answer = run(step("one", "spin", timeout_ms=200))
    assert answer.problem == "function-timed-out" and 'step "one"' in answer.detail and "timeout_ms (200)" in answer.detail
    assert time.monotonic() - begin < 5


def test_a_pipelines_time_ends_all_of_it(run, piped):
    begin = time.monotonic()
    answer = run(step("publish", "publish", query="into=out/late") + step("all", "spin", each='{ list = ["a", "b", "c", "d", "e", "f", "g"] }'), body=b"x", timeout_ms=300)
    assert answer.problem == "function-timed-out"
    assert time.monotonic() - begin < 5
    assert piped.get("out/late").status == 404
    assert run(step("after", "echo"), body=b"x").body == b"x"


def test_an_answer_that_is_a_failure_fails_its_step(run):
    answer = run(step("all", "absent", each='{ list = ["nobody"] }'))
    assert answer.status == 500 and 'step "all[0]"' in answer.detail and "answered 404: nobody" in answer.detail


def test_what_is_missing_is_named(run, piped):
    absent = run(step("one", "echo", inputs='["o/in/absent"]'))
    assert absent.problem == "object-not-found" and 'step "one"' in absent.detail
    piped.deploy("leaving", steps.NOTHING)
    text = step("one", "leaving")
    assert run(text).status == 200
    piped.request("DELETE", "/v1/functions/leaving")
    removed = piped.request("GET", "/f/" + deploy_gone(piped, text))
    assert removed.problem == "function-not-found" and "leaving" in removed.detail


def deploy_gone(server, text):
    """Deploys a pipeline whose function goes afterwards."""
    server.deploy("leaving", steps.NOTHING)
    deploy(server, "stays", text)
    server.request("DELETE", "/v1/functions/leaving")
    return "stays"


def test_a_lane_that_dies_under_a_step_is_tried_again(data):
    with Server(data, workers=1) as server:
        server.deploy("spin", steps.SPIN, {"class": "heavy"})
        server.deploy("echo", steps.ALL["echo"])
        deploy(server, "once", step("one", "spin") + step("two", "echo"))
        deploy(server, "twice", step("one", "spin", retries=1, timeout_ms=1500))
        for name, kills, problem in (("once", 1, "lane-lost"), ("twice", 1, "function-timed-out")):
            answers = []
            asking = threading.Thread(target=lambda: answers.append(server.request("GET", "/f/" + name)))
            asking.start()
            for _ in range(kills):
                assert eventually(server.lane_pids)
                time.sleep(0.1)
                for pid in server.lane_pids():
                    os.kill(pid, signal.SIGKILL)
            asking.join()
            assert answers[0].problem == problem, answers
        assert server.invoke("echo", body=b"x").body == b"x"


# ---- what is refused at deploy

@pytest.mark.parametrize("text, error", [
    ("", "it has no steps"),
    ("[step.one\n", "line 1: "),
    (step("one", "echo") + "x = [", "line 3: "),
    (step("one", "nobody"), 'line 1: step "one": function "nobody" is not deployed'),
    (step("one", "echo", inputs='["two"]'), 'line 3: there is no step "two"'),
    (step("one", "echo", inputs='["two"]') + step("two", "echo", inputs='["one"]'), "circle"),
    (step("one", "echo") + step("two", "echo", each='{ split = "request" }'), "line 5: a split says pieces or piece_bytes"),
    ("#" * 65_537, "65536 bytes"),
])
def test_a_pipeline_that_cannot_be_is_refused_with_its_line(piped, text, error):
    answer = try_deploy(piped, "wrong", text)
    assert answer.status in (400, 413) and error in answer.detail, answer
    assert piped.request("GET", "/v1/functions/wrong").status == 404
    assert piped.invoke("wrong").problem == "function-not-found"


def test_a_pipeline_is_no_function(piped):
    deploy(piped, "plain", step("one", "echo"))
    assert "is a pipeline itself" in try_deploy(piped, "outer", step("one", "plain")).detail
    assert "isolate" in try_deploy(piped, "outer", step("one", "echo"), isolate=1).detail
    assert "env" in try_deploy(piped, "outer", step("one", "echo"), env="A=B").detail
    through = piped.request("PUT", "/o/b/k?through=plain", b"x")
    assert through.problem == "not-implemented" and piped.get("b/k").status == 404
    assert piped.request("POST", "/f/plain?stream=1", b"whole").body == b"whole"
    assert piped.request("GET", "/v1/functions/plain").json["class"] == "pipeline"
    assert piped.request("GET", "/v1/functions/plain/pipeline").body.decode() == step("one", "echo")
    assert piped.request("GET", "/v1/functions/echo/pipeline").problem == "not-found"


def test_a_pipeline_has_its_own_limits(piped):
    deploy(piped, "few", step("one", "echo"), rate=1)
    answers = [piped.invoke("few", body=b"x").status for _ in range(5)]
    assert answers[0] == 200 and 429 in answers


def test_pipelines_are_there_after_a_restart_and_can_be_replaced(data):
    with Server(data, workers=1) as server:
        steps.deploy_all(server)
        deploy(server, "kept", step("one", "join", query="t=1"))
        assert server.invoke("kept", body=b"x").body == b"1x"
        deploy(server, "kept", step("one", "join", query="t=2"))
        assert server.invoke("kept", body=b"x").body == b"2x"
        assert server.stop() == 0
    with Server(data, workers=1) as server:
        assert server.invoke("kept", body=b"x").body == b"2x"
        server.request("DELETE", "/v1/functions/kept")
        assert server.invoke("kept", body=b"x").problem == "function-not-found"


# ---- against a model

def random_plan(dice):
    """Some steps, and what comes of them for a body."""
    count = dice.randint(1, 8)
    text, results = "", []
    model = []
    for i in range(count):
        inputs = ["request"] if not i else dice.sample([f"s{j}" for j in range(i)] + ["request"], dice.randint(1, min(i + 1, 3)))
        tag = f"{i}."
        kind = dice.choice(["once", "list", "results"]) if i else dice.choice(["once", "list"])
        source = dice.randrange(i) if kind == "results" else None
        items = [dice.choice("xyz") for _ in range(dice.randint(0, 4))]
        keys = {"query": f"t={tag}", "inputs": "[" + ", ".join(f'"{one}"' for one in inputs) + "]"}
        if kind == "list":
            keys["each"] = "{ list = [" + ", ".join(f'"{one}"' for one in items) + "] }"
        if kind == "results":
            keys["each"] = f'{{ results = "s{source}" }}'
        if kind != "once":
            keys["inputs"] = keys["inputs"].replace("[", '["each", ', 1)
        text += step(f"s{i}", "join", **keys)
        model.append((kind, source, items, inputs, tag.encode()))
    return text, model


def play(model, body):
    """The ranges that each call of each step gives, and all of the last."""
    results = []  # By step: a list of calls, each a list of ranges.
    for kind, source, items, inputs, tag in model:
        given = []
        for one in inputs:
            given += [body] if one == "request" else [piece for call in results[int(one[1:])] for piece in call]
        calls = [[]] if kind == "once" else [[item.encode()] for item in items] if kind == "list" else [list(call) for call in results[source]]
        results.append([[part for piece in own + given for part in (tag, piece)] for own in calls])
    return results


@pytest.mark.parametrize("seed", range(25))
def test_random_pipelines_do_what_their_model_does(run, seed):
    dice = random.Random(seed)
    while True:
        text, model = random_plan(dice)
        results = play(model, b"body")
        if all(len(call) <= 512 for calls in results for call in calls):
            break
    answer = run(text, body=b"body")
    expected = b"".join(piece for call in results[-1] for piece in call)
    assert answer.status == 200 and answer.body == expected, (text, answer)
