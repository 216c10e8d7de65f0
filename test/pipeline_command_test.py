"""The command `inlay pipeline`, and the plans of the documentation and the examples."""

import json
import re
import subprocess
import xml.etree.ElementTree

import pytest

import steps
from serving import INLAY, ROOT
from steps import step
from wordfreq_test import reference, words_of

PAGE = (ROOT / "docs/pipelines.md").read_text()
PLANS = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
MIB = 1 << 20


def pipeline(*arguments, server=None):
    where = ["--server", server.url] if server else []
    return subprocess.run([INLAY, "pipeline", *map(str, arguments), *where], capture_output=True, text=True)


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(step("first", "given-back") + step("second", "given-back", inputs='["first"]', retries=1))
    return path


def test_a_plan_is_checked_and_shown_without_a_server(plan):
    assert "2 steps, nothing wrong" in pipeline("check", plan).stdout
    text = pipeline("show", plan).stdout.splitlines()
    assert [line.split()[:2] for line in text[1:]] == [["1", "first"], ["2", "second"], ["3", "response"]]
    assert pipeline("show", plan, "--as", "dot").stdout.startswith("digraph ")
    assert xml.etree.ElementTree.fromstring(pipeline("show", plan, "--as", "svg").stdout).tag.endswith("svg")
    assert pipeline("show", plan, "--as", "toml").stdout == plan.read_text()
    assert json.loads(pipeline("show", plan, "--json").stdout)["steps"][1]["after"] == ["first"]
    plan.write_text("[step.one]\nfunction = \"f\"\nretrys = 1\n")
    wrong = pipeline("check", plan)
    assert wrong.returncode == 2 and 'line 3: step "one" has no "retrys"' in wrong.stderr


def test_a_plan_is_deployed_and_shown_by_its_name(server, plan):
    server.deploy("given-back", steps.ALL["echo"])
    deployed = pipeline("deploy", "shown", plan, "--timeout", "5s", server=server)
    assert deployed.returncode == 0 and "deployed pipeline shown of 2 steps" in deployed.stdout, deployed.stderr
    assert server.request("GET", "/v1/functions/shown").json["timeout_ms"] == 5000
    assert pipeline("show", "shown", "--as", "toml", server=server).stdout == plan.read_text()
    assert server.invoke("shown", body=b"x").body == b"x"
    absent = pipeline("show", "absent", server=server)
    assert absent.returncode == 1 and "not deployed" in absent.stderr
    for arguments in (["deploy", "only-a-name"], ["show", "a", "b"], ["deploy", "a", "absent.toml"], ["what", "a"], ["deploy", "a/b", plan]):
        assert pipeline(*arguments, server=server).returncode == 2, arguments


def test_the_plans_of_the_page_are_right(tmp_path):
    assert len(PLANS) == 2
    for number, text in enumerate(PLANS):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        assert pipeline("check", path).returncode == 0, pipeline("check", path).stderr


def test_the_example_counts_words_as_its_function_does(server, tmp_path):
    server.deploy_example("wordfreq")
    text = words_of(20 * MIB, 3)
    server.put("texts/piped", text)
    plan = tmp_path / "words.toml"
    plan.write_text((ROOT / "examples/wordfreq.toml").read_text().replace("16_000_000", "3_000_000"))
    assert pipeline("deploy", "words", plan, server=server).returncode == 0
    answer = server.request("GET", "/f/words/texts/piped", headers={"Inlay-Cost": "?1"})
    assert answer.status == 200 and answer.body == reference(text)
    assert answer.cost["copied"] < MIB, "edges of pieces and lines that were looked for"
    assert PLANS[0].split("\n", 1)[1] == (ROOT / "examples/wordfreq.toml").read_text().split("\n", 1)[1]


def test_nothing_is_counted_as_nothing(server):
    server.deploy_example("wordfreq")
    server.put("texts/nothing", b"")
    steps.deploy(server, "words", (ROOT / "examples/wordfreq.toml").read_text())
    assert server.request("GET", "/f/words/texts/nothing").body == b""
