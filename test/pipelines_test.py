"""Pipelines: steps in their order, with what they are given left where it lies, and what comes of them."""

import os
import random
import subprocess
import threading

import pytest

import steps
from serving import INLAY, Server
from steps import deploy, step

KIB, MIB = 1 << 10, 1 << 20


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
    text = (step("first", "join", inputs='["o/in/changing"]') + step("wait", "needs", inputs="[]", query="object=in/now", retries=6, after='["first"]') +
            step("join", "join", inputs='["first", "o/in/changing"]', after='["wait"]'))

    def change():
        piped.put("in/changing", b"new" * 10_000)
        piped.put("in/now", b"")

    changing = threading.Timer(0.3, change)
    changing.start()
    answer = run(text)
    changing.join()
    assert answer.body == b"old" * 20_000
    assert run(text).body == b"new" * 20_000
    piped.delete("in/now")


@pytest.mark.parametrize("taker", ["join", "join-heavy"])
def test_a_linked_object_that_is_written_meanwhile_ends_it(data, taker):
    file = data / "linked"
    file.write_bytes(b"A" * MIB)
    with Server(data / "served", "--link-root", str(data), workers=1) as server:
        steps.deploy_all(server)
        server.deploy("join-heavy", steps.JOIN, {"class": "heavy"})
        linked = subprocess.run([INLAY, "put", "in/linked", str(file), "--link", "--server", server.url, "--data", str(data / "served")], capture_output=True, text=True)
        if linked.returncode != 0:
            pytest.skip(f"no file can be linked here: {linked.stderr}")
        deploy(server, "torn", '[pipeline]\nstore = "o/out/torn"\n' + step("first", "join", inputs='["o/in/linked"]') +
               step("wait", "needs", inputs="[]", query="object=in/now", retries=6, after='["first"]') +
               step("second", taker, inputs='["first", "o/in/linked"]', after='["wait"]'))

        def write():
            with open(file, "r+b") as opened:
                opened.write(b"B" * MIB)
            server.put("in/now", b"")

        writing = threading.Timer(0.3, write)
        writing.start()
        answer = server.invoke("torn")
        writing.join()
        assert answer.problem == "object-changed", answer
        assert server.get("out/torn").status == 404


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


def test_results_in_more_files_than_a_message_takes_fan_in(run, piped):
    expected = (b"ffffffff" + bytes(99_992)) * 200
    for class_of_end in ("express", "heavy"):
        piped.deploy(f"join-{class_of_end}", steps.JOIN, {"class": class_of_end})
        text = step("all", "window", each='{ split = "request", pieces = 200 }') + step("sum", f"join-{class_of_end}", inputs='["all"]')
        answer = run(text, body=b"x" * 200)
        assert answer.status == 200 and answer.body == expected, answer
        assert 70 * 100_000 <= answer.cost["copied"] < 200 * 100_000, "no more files are put together than need be"


def test_many_small_results_fan_in(run):
    answer = run(step("all", "heap", each='{ split = "request", pieces = 500 }') + step("sum", "join", inputs='["all"]'), body=b"x" * 500)
    assert answer.status == 200 and answer.body == b"h" * 8192 * 500, answer
    large = run('[pipeline]\nresult = "all"\n' + step("all", "heap", each='{ split = "request", piece_bytes = 1 }'), body=b"x" * 6000)
    assert large.status == 200 and large.body == b"h" * 8192 * 6000, large


def test_a_thousand_items_are_run_a_few_at_a_time(run):
    items = ", ".join(f'"{i},"' for i in range(1000))
    text = step("all", "echo", each=f"{{ list = [{items}] }}") + step("sum", "count", inputs='["all"]')
    assert run(text).number == 1000
    assert run('[pipeline]\nresult = "all"\n' + text).body == "".join(f"{i}," for i in range(1000)).encode()


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
    assert answer.cost["copied"] <= 32 * KIB, "pieces of one file that follow each other are one already"
    apart = run('[pipeline]\nstore = "o/out/{rest}"\n' + step("all", "window", each='{ list = ["a", "b"] }'), "/apart")
    assert apart.cost["copied"] >= 200_000, "pieces of two files are put together, and that is counted"
    assert piped.get("out/apart").body == (b"ffffffff" + bytes(99_992)) * 2
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


def test_the_later_step_has_the_last_word_on_an_object(run, piped):
    text = (step("late", "publish", query="into=out/said", after='["early"]') + step("early", "publish", each='{ list = ["early"] }', query="into=out/said") +
            step("end", "echo", after='["late"]'))
    assert run(text, body=b"late").body == b"late"
    assert piped.get("out/said").body == b"late"


def test_many_small_objects_are_published_together(run, piped):
    text = step("all", "publish", each='{ split = "request", piece_bytes = 4000 }', query="into=out/{query.into}")
    assert run(text, body=os.urandom(4000 * 100), query="?into=many").status == 200
    assert len(piped.get("out/many").body) == 4000
    long = run(step("all", "publish-long", each='{ split = "request", piece_bytes = 1 }', query="into=out/{query.into}"), body=b"x" * 100, query="?into=" + "k" * 1000)
    assert "kPipelineNameBytesMax" in long.detail, long
