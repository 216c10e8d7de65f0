"""`inlay build` and `inlay test`: a project's module is made, looked at, and run over its cases without a server."""

import json

import pytest

from guests import PARTS, handle
from projects import Project, case, inlay

TRAP = handle("unreachable")


def part(number, name=""):
    """A function that answers with a part of its request."""
    data = f'(data (i32.const 900) "{name}")'
    length = f"(i32.store (i32.const 4) (call $request (i32.const {number}) (i32.const 900) (i32.const {len(name)}) (i32.const 1024) (i32.const 1024)))"
    return data + handle(f"{length} (i32.store (i32.const 0) (i32.const 1024)) (call $respond (i32.const 0) (i32.const 1))")


@pytest.fixture
def project(tmp_path):
    return lambda *arguments, **named: Project(tmp_path / "project", *arguments, **named)


def test_a_case_that_holds_passes_and_one_that_does_not_shows_the_difference(project):
    made = project(cases=case("same", body="abc\ndef", expect_body="abc\ndef") + case("other", body="abc\ndef", expect_body="abc\ndEf"))
    ended = made.test()
    assert ended.returncode == 1, ended
    assert "built build/function.wat in 0." in ended.stdout and "1 of 2 cases passed" in ended.stdout
    rows = {line.split()[0]: line.split()[1:3] for line in ended.stdout.splitlines() if line.startswith(("same", "other ")) and "(inlay" not in line}
    assert rows == {"same": ["passed", "200"], "other": ["FAILED", "200"]}
    assert 'body: expected "abc\\ndEf", was "abc\\ndef" (7 and 7 bytes; they differ from byte 5 on, in line 2)' in ended.stdout
    assert "(inlay.toml, line 10)" in ended.stdout
    judged = made.judged()
    assert judged["same"]["passed"] and not judged["other"]["passed"] and judged["same"]["time_us"] > 0


def test_all_of_a_request_reaches_the_function(project, tmp_path):
    for number, name, expected, members in (
        (PARTS["method"], "", "PUT", {"method": "PUT"}),
        (PARTS["method"], "", "GET", {}),
        (PARTS["method"], "", "POST", {"body": "x"}),
        (PARTS["path"], "", "/f/f/a%20b", {"path": "/a%20b"}),
        (PARTS["rest"], "", "/a%20b", {"path": "/a%20b"}),
        (PARTS["parameter"], "n", "3 &", {"query": {"n": "3 &"}}),
        (PARTS["header"], "x-own", "a: b", {"headers": {"X-Own": "a: b"}}),
        (PARTS["function"], "", "f", {}),
    ):
        judged = project(part(number, name), cases=case("it", expect_body=expected, **members)).judged()
        assert judged["it"]["differences"] == [], (number, judged)
    assert project(part(PARTS["env"], "A"), cases=case("it", expect_body="b=c"), deploy='env = { A = "b=c" }').judged()["it"]["passed"]


def test_a_warm_function_is_initialised_before_each_case(project):
    made = """(global $made (mut i32) (i32.const 48)) (func (export "inlay_warm") (global.set $made (i32.add (global.get $made) (i32.const 1))))"""
    told = handle("(i64.store (i32.const 0) (i64.const 0x100000400)) (i32.store8 (i32.const 1024) (global.get $made)) (call $respond (i32.const 0) (i32.const 1))")
    for deploy, expected in (("warm = true", "1"), ("", "0")):
        judged = project(made + told, cases=case("one", expect_body=expected) + case("other", expect_body=expected), deploy=deploy).judged()
        assert judged["one"]["differences"] == judged["other"]["differences"] == []


def test_files_are_bodies_objects_and_expectations(project):
    made = project(cases=case("body", body_file="in/put", expect_body_file="in/put")
                   + case("object", query={"object": "b/k"}, objects={"b/k": "in/put"}, expect_body_file="in/put")
                   + case("differs", body="x", expect_body_file="in/put"))  # fmt: skip
    (made.directory / "in").mkdir()
    (made.directory / "in/put").write_bytes(bytes(range(256)) * 100)
    judged = made.judged()
    assert judged["body"]["passed"] and judged["object"]["passed"] and not judged["differs"]["passed"]
    (made.directory / "in/put").unlink()
    ended = made.test()
    assert ended.returncode in (1, 2) and "in/put" in ended.stdout + ended.stderr


def test_costs_have_bounds(project):
    body = "x" * 1000
    spin = handle("(call $wait (i64.const 20)) (i32.const 0)")
    judged = project(cases=case("within", body=body, copied_max=2000, time_ms_max=1000) + case("beyond", body=body, copied_max=1999)).judged()
    assert judged["within"]["passed"]
    assert judged["beyond"]["differences"] == ["cost: 2000 bytes were copied, 1999 are allowed (copied_max)"]
    late = project(spin, cases=case("late", time_ms_max=5)).judged()["late"]["differences"]
    assert len(late) == 1 and late[0].startswith("cost: it took ") and late[0].endswith("5 are allowed (time_ms_max)")


def test_a_trap_fails_its_case_with_the_reason_and_the_log(project):
    logs = '(data (i32.const 1024) "got here")' + handle("(drop (call $log (i32.const 1) (i32.const 1024) (i32.const 8))) unreachable")
    ended = project(logs, cases=case("it")).test()
    assert ended.returncode == 1 and "unreachable" in ended.stdout and "log: info  got here" in ended.stdout, ended
    expected = project(TRAP, cases=case("it", expect_status=500, expect_contains="unreachable")).judged()
    assert expected["it"]["passed"], "a case may expect it"
    late = project(handle("(loop $again (br $again)) (i32.const 0)"), cases=case("it"), deploy='timeout = "200ms"').judged()
    assert "200 ms" in late["it"]["differences"][0], "the deadline of [deploy] holds"
    limited = project(handle("(drop (call $output (i64.const 65537) (i32.const 0))) unreachable"), cases=case("it"), deploy="limit = { output_bytes = 65536 }").judged()
    assert "output_bytes = 65536" in limited["it"]["differences"][0], "and its limits"


def test_headers_and_statuses_are_compared(project):
    function = ('(data (i32.const 1024) "X-Ownone")'
                + handle("(drop (call $header (i32.const 1024) (i32.const 5) (i32.const 1029) (i32.const 3))) (drop (call $status (i32.const 404))) (i32.const 0)"))  # fmt: skip
    judged = project(function, cases=case("same", expect_status=404, expect_headers={"x-own": "one"})
                     + case("other", expect_status=404, expect_headers={"X-Own": "two", "X-Absent": ""}) + case("status")).judged()  # fmt: skip
    assert judged["same"]["passed"]
    assert judged["other"]["differences"] == ['header X-Absent: expected "", was absent', 'header X-Own: expected "two", was "one"']
    assert judged["status"]["differences"][0].startswith("status: expected 200, was 404")
    bytes_ = '(data (i32.const 1024) "\\ff\\00")' + handle("(drop (call $status (i32.const 422))) (i64.store (i32.const 0) (i64.const 0x200000400)) (call $respond (i32.const 0) (i32.const 1))")
    made = project(bytes_, cases=case("same", expect_status=422, expect_body_file="bytes") + case("other", expect_status=422, expect_body="x"))
    (made.directory / "bytes").write_bytes(b"\xff\0")
    judged = made.judged()
    assert judged["same"]["passed"] and not judged["other"]["passed"], "content that is no text is compared, too"


def test_one_case_can_be_chosen_and_the_build_left_out(project):
    made = project(cases=case("one") + case("two"))
    assert inlay("test", made.directory, "--no-build").returncode == 2, "there is no module yet"
    assert list(made.judged("--case", "two")) == ["two"]
    made.describe(cases=case("one") + case("two"), command="exit 9")
    assert list(made.judged("--no-build")) == ["one", "two"]
    for arguments, words in ((["--case", "three"], "there is none of this name"), (["--no-build", "--case", "on"], "there is none")):
        ended = made.test(*arguments)
        assert ended.returncode == 2 and words in ended.stderr, ended


def test_a_project_that_cannot_be_read_is_wrong_use_with_its_line(project, tmp_path):
    made = project(cases=case("it", expect="x"))
    ended = made.test()
    assert ended.returncode == 2 and 'inlay.toml, line 8: case has no "expect"' in ended.stderr and "docs/projects.md" in ended.stderr
    as_json = json.loads(made.test("--json").stderr)
    assert as_json["error"]["type"] == "urn:inlay:client:wrong-use"
    assert inlay("test", tmp_path).returncode == inlay("build", tmp_path / "absent").returncode == 2
    assert "inlay new NAME" in inlay("build", tmp_path).stderr
    assert "there are no cases" in project(cases="").test().stderr


def test_a_build_says_how_long_and_how_large(project):
    made = project()
    ended = inlay("build", made.directory)
    assert ended.returncode == 0 and ended.stdout.startswith("built build/function.wat in 0."), ended
    document = json.loads(inlay("build", made.directory, "--json").stdout)
    assert document["deployable"] and document["bytes"] == (made.directory / "build/function.wat").stat().st_size
    assert inlay("build", cwd=made.directory).returncode == 0, "the directory is this one where none is named"


def test_what_a_build_prints_stays_as_it_is(project):
    made = project(command="echo made; echo 'function.c:3: error: no' >&2; exit 7")
    ended = inlay("build", made.directory)
    assert ended.returncode == 1 and ended.stdout == "made\n", ended
    assert ended.stderr.startswith("function.c:3: error: no\n") and "the build failed (" in ended.stderr and "exit code 7" in ended.stderr
    as_json = inlay("build", made.directory, "--json")
    assert as_json.stdout == "" and as_json.stderr.startswith("made\nfunction.c:3"), as_json
    assert json.loads(as_json.stderr.splitlines()[-1])["error"]["type"] == "urn:inlay:client:build-failed"
    made.describe(command="no-such-compiler function.c")
    assert "A program is missing. It needs make, clang and wasm-ld" in inlay("build", made.directory).stderr
    made.describe(command="true")
    assert "the build made no module" in inlay("build", made.directory).stderr
    made.describe(command="kill -TERM $$")
    assert "signal 15" in inlay("build", made.directory).stderr


def test_a_module_that_would_not_deploy_is_told_with_the_remedy(project):
    made = project('(module (import "env" "mystery" (func)) (memory (export "memory") 1) (func (export "inlay_handle") (result i32) (i32.const 0)))')
    ended = inlay("build", made.directory)
    assert ended.returncode == 1 and "it cannot be deployed (" in ended.stderr and "mystery" in ended.stderr, ended
    document = json.loads(inlay("build", made.directory, "--json").stdout)
    assert document["deployable"] is False and "mystery" in document["refusal"]


def test_pipelines_in_a_build_end_as_in_any_shell(project):
    made = project(command="mkdir -p build && cp function.wat build/function.wat && yes | head -n 1")
    assert inlay("build", made.directory).stdout.startswith("y\nbuilt")


def test_a_run_can_be_told_its_name_and_path(project):
    file = project(part(PARTS["path"])).directory / "function.wat"
    assert inlay("run", file, "--name", "other", "--path", "/a/b").stdout == "/f/other/a/b"
    assert inlay("run", file).stdout == "/f/function"
    for option, value, words in (("--path", "a", "this is not a path"), ("--path", "/a?b", "this is not a path"), ("--path", "/a b", "this is not a path"),
                                 ("--name", "a/b", "function")):  # fmt: skip
        ended = inlay("run", file, option, value)
        assert ended.returncode == 2 and words in ended.stderr, ended
    fields = json.loads(inlay("run", file, "--json").stdout)["fields"]
    assert fields == []
