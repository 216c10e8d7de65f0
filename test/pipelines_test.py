"""Pipelines: steps in their order, with what they are given left where it lies; what fails says which step, and leaves nothing behind."""

import os
import random
import signal
import threading
import time

import pytest

import steps
from serving import Server, eventually
from steps import deploy, step, try_deploy

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture(scope="module")
def piped(module_data):
    with Server(module_data) as made:
        steps.deploy_all(made)
        yield made
        assert made.stop() == 0


@pytest.fixture
def run(piped, request):
    """Deploys a pipeline under the test's name and invokes it."""
    name = "p" + str(abs(hash(request.node.name)))[:15]

    def once(text, rest="", body=None, query="", **limits):
        deploy(piped, name, text, **limits)
        return piped.request("POST" if body is not None else "GET", f"/f/{name}{rest}{query}", body, {"Inlay-Cost": "?1"})

    return once


# ---- what steps are given

def test_a_step_gets_the_request_and_its_answer_is_the_answer(run):
    answer = run(step("only", "echo"), body=b"some")
    assert answer.status == 200 and answer.body == b"some"


def test_steps_feed_each_other_in_whichever_order_they_stand(run):
    text = step("last", "join", inputs='["middle", "request"]', query="t=3") + step("first", "join", query="t=1") + step("middle", "join", inputs='["first"]', query="t=2")
    answer = run('[pipeline]\nresult = "last"\n' + text, body=b"x")
    assert answer.body == b"3231323x3x"


def test_what_is_handed_on_is_not_copied(run, piped, noise):
    content = noise(64 * MIB, 1)
    piped.put("in/large", content)
    answer = run("".join(step(f"s{i}", "echo", inputs=f'["{"o/in/large" if i == 0 else f"s{i - 1}"}"]') for i in range(5)))
    assert answer.body == content
    assert answer.cost["copied"] == 0 and answer.cost["mapped"] >= 5 * len(content)


def test_an_object_is_the_same_version_for_all_steps(run, piped):
    piped.put("in/changing", b"old" * 10_000)
    text = (step("slow", "publish", inputs='["o/in/changing"]', query="into=out/copy") +
            step("join", "join", inputs='["o/in/changing", "o/in/changing"]', after='["slow"]'))
    assert run(text).body == b"old" * 20_000
    assert piped.get("out/copy").body == b"old" * 10_000


def test_placeholders_stand_for_the_path_and_parameters(run, piped):
    piped.put("in/a b&c", b"content")
    text = step("one", "join", inputs='["o/in/{rest}", "request"]', query="t={query.tag}")
    assert run(text, "/a%20b%26c", b"!", "?tag=%26t%3D").body == b"&t=content&t=!"
    missing = run(text, "/a%20b%26c", b"!")
    assert missing.status == 400 and 'needs the parameter "tag"' in missing.detail
    assert "needs more of a path" in run(text, "", b"!", "?tag=1").detail
    assert run(text, "/..%2F..", b"!", "?tag=1").problem == "bad-name"


def test_the_query_that_a_request_gives_cannot_add_parameters_to_a_steps(run):
    text = step("one", "join", query="a={query.a}")
    assert run(text, body=b"x", query="?a=1%26t%3Dinjected").body == b"x"


# ---- fan-out and fan-in

def test_a_list_is_gone_over_in_order(run):
    text = step("all", "join", each='{ list = ["a", "b", "c"] }', inputs='["each", "request"]', query="t=,") + step("sum", "join", inputs='["all"]', query="t=/")
    assert run(text, body=b"r").body == b"/,a,r/,b,r/,c,r".replace(b"/,a,r", b"/,/a/,/r").replace(b"/,b,r", b"/,/b/,/r").replace(b"/,c,r", b"/,/c/,/r")


def test_keys_of_a_prefix_are_gone_over(run, piped):
    for key in ("2026/b", "2026/a", "2025/c"):
        piped.put("logs/" + key, key.encode())
    piped.put("logs/2026/empty", b"")
    answer = run(step("all", "join", each='{ keys = "o/logs/{query.year}/" }', query="t=."), query="?year=2026")
    assert answer.status == 200 and answer.body == b".2026/a.2026/b."
    assert run(step("all", "count", each='{ keys = "o/nowhere/" }')).body == b""
    assert run(step("all", "nothing", each='{ keys = "o/logs/none" }')).body == b""


@pytest.mark.parametrize("source", ["request", "o/in/lines", "first"])
@pytest.mark.parametrize("by", ["bytes", "lines", "records"])
def test_content_is_split_into_pieces_that_are_all_of_it(run, piped, source, by):
    dice = random.Random(by)
    lines = [bytes(dice.choices(b"abc", k=dice.choice([0, 5, 50, 9000]))) + b"\n" for _ in range(300)] + [b"the last without an end"]
    content = b"".join(lines)
    content = content[:len(content) // 7 * 7]
    piped.put("in/lines", content)
    extra = ", record_bytes = 7" if by == "records" else ""
    each = f'{{ split = "{source}", by = "{by}", piece_bytes = 5000{extra} }}'
    first = step("first", "echo") if source == "first" else ""
    whole = run(first + step("all", "echo", each=each) + step("sum", "join", inputs='["all"]'), body=content)
    assert whole.status == 200 and whole.body == content
    told = run(first + step("all", "echo", each=each) + step("sum", "join", inputs='["all"]', query="t=%1f"), body=content)
    pieces = told.body.split(b"\x1f")[1:]
    assert b"".join(pieces) == content and all(pieces) and len(pieces) > 20
    if by == "lines":
        assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    if by == "records":
        assert all(len(piece) % 7 == 0 for piece in pieces)


def test_nothing_splits_into_nothing(run):
    text = step("all", "trap", each='{ split = "request", by = "lines", pieces = 4 }') + step("sum", "count", inputs='["all"]')
    assert run(text, body=b"").body == b"\0\0\0\0"


def test_results_are_gone_over_one_by_one(run):
    text = (step("cut", "join", each='{ split = "request", by = "bytes", pieces = 3 }', query="t=-") +
            step("again", "join", each='{ results = "cut" }', query="t=*") + step("sum", "join", inputs='["again"]'))
    assert run(text, body=b"abcdef").body == b"*-*ab*-*cd*-*ef"


def test_many_results_fan_in(run):
    text = step("all", "echo", each='{ split = "request", piece_bytes = 40_000 }') + step("sum", "join", inputs='["all"]')
    body = os.urandom(12 * MIB)
    answer = run(text, body=body)
    assert answer.status == 200 and answer.body == body, answer


def test_a_thousand_items_are_run_a_few_at_a_time(run):
    items = ", ".join(f'"{i},"' for i in range(1000))
    text = step("all", "echo", each=f"{{ list = [{items}] }}") + step("sum", "count", inputs='["all"]')
    assert run(text).number == 1000
    assert run('[pipeline]\nresult = "all"\n' + text).body == "".join(f"{i}," for i in range(1000)).encode()


def test_more_items_than_there_may_be_are_refused_and_leave_nothing(run, piped):
    many = run(step("all", "publish", each='{ split = "request", piece_bytes = 1 }', query="into=out/none"), body=b"x" * 10_001)
    assert many.status == 400 and "kStepItemsMax" in many.detail
    fan_in = run(step("all", "echo", each='{ split = "request", piece_bytes = 1 }') + step("sum", "count", inputs='["all"]'), body=b"x" * 1025)
    assert fan_in.status == 400 and "kStepInputsMax" in fan_in.detail and 'step "sum"' in fan_in.detail
    assert piped.get("out/none").status == 404
    effects = run(step("all", "publish", each='{ split = "request", piece_bytes = 1 }', query="into=out/many"), body=b"x" * 129)
    assert "kPipelinePublishesMax" in effects.detail
    assert piped.get("out/many").status == 404


# ---- conditions

@pytest.mark.parametrize("body, ran", [(b"", b"E"), (b"x", b"Fx")])
def test_a_step_can_depend_on_whether_another_gave_anything(run, body, ran):
    text = (step("first", "echo") + step("full", "join", inputs='["first"]', query="t=F", when='{ step = "first", is_empty = false }') +
            step("empty", "join", each='{ list = [""] }', query="t=E", when='{ step = "first", is_empty = true }') + step("end", "join", inputs='["full", "empty"]'))
    assert run(text, body=body).body == ran


def test_a_step_can_depend_on_a_status_or_a_parameter(run):
    text = (step("look", "absent", accepts="[404]") + step("made", "join", query="t=made:", when='{ step = "look", status = 404 }') +
            step("found", "trap", when='{ step = "look", status = 200 }') + step("end", "join", inputs='["made", "found"]'))
    assert run(text, body=b"x").body == b"made:x"
    mode = step("only", "echo", when='{ query = "mode", is = "full" }')
    assert run(mode, body=b"x", query="?mode=full").body == b"x"
    skipped = run(mode, body=b"x", query="?mode=none")
    assert skipped.status == 204 and skipped.body == b""


# ---- results and effects

def test_the_result_becomes_an_object(run, piped, noise):
    content = noise(3 * MIB, 2)
    text = '[pipeline]\nstore = "o/out/{rest}"\ncontent_type = "text/x"\n' + step("all", "echo", each='{ split = "request", pieces = 3 }')
    answer = run(text, "/stored", content)
    assert answer.status == 201 and answer.json == {"bucket": "out", "key": "stored", "bytes": len(content)}
    stored = piped.get("out/stored")
    assert stored.body == content and stored.headers["Content-Type"] == "text/x"
    assert answer.cost["copied"] >= len(content), "three pieces are put together, and that is counted"
    one = run('[pipeline]\nstore = "o/out/{rest}"\n' + step("one", "echo"), "/whole", content)
    assert one.cost["copied"] <= 16 * KIB and piped.get("out/whole").body == content
    for small in (b"", b"few"):
        run('[pipeline]\nstore = "o/out/small"\n' + step("one", "echo"), body=small)
        assert piped.get("out/small").body == small


def test_what_steps_publish_appears_together_or_not_at_all(run, piped):
    publish = step("one", "publish", query="into=out/one") + step("two", "publish", query="into=out/two")
    failed = run(publish + step("end", "trap", after='["one", "two"]'), body=b"x")
    assert failed.status == 500 and 'step "end"' in failed.detail and "inlay logs trap" in failed.detail
    assert piped.get("out/one").status == 404 and piped.get("out/two").status == 404
    assert run(publish + step("end", "echo", after='["one", "two"]'), body=b"x").body == b"x"
    assert piped.get("out/one").body == piped.get("out/two").body == b"x"


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
