"""The client commands: what they print, as text and as JSON, and their exit codes 0, 1 and 2."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from guests import ECHO, handle, module
from serving import INLAY, Server, eventually


class Cli:
    """Runs client commands against a server, with nothing but pipes."""

    def __init__(self, url, **environment):
        self.environment = {"PATH": os.environ["PATH"], "INLAY_SERVER": url, **environment}

    def run(self, *arguments, stdin=b""):
        return subprocess.run([INLAY, *map(str, arguments)], input=stdin, capture_output=True, env=self.environment, timeout=60)

    def done(self, *arguments, stdin=b""):
        """Runs what must succeed without a word on standard error; gives standard output."""
        ended = self.run(*arguments, stdin=stdin)
        assert ended.returncode == 0 and ended.stderr == b"", ended
        return ended.stdout

    def json(self, *arguments, stdin=b""):
        return json.loads(self.done(*arguments, "--json", stdin=stdin))

    def failed(self, code, *arguments, stdin=b""):
        """Runs what must fail: its message on standard error, and the same failure as JSON."""
        ended, as_json = self.run(*arguments, stdin=stdin), self.run(*arguments, "--json", stdin=stdin)
        assert ended.returncode == as_json.returncode == code, (ended, as_json)
        assert ended.stdout == as_json.stdout == b""
        error = json.loads(as_json.stderr)["error"]
        assert error["type"] and error["title"] and "status" in error
        assert ended.stderr.startswith(b"inlay: ") and ended.stderr.endswith(b"\n"), ended.stderr
        return ended.stderr.decode(), error


@pytest.fixture
def cli(server):
    return Cli(server.url)


@pytest.fixture
def files(tmp_path, noise):
    (tmp_path / "echo.wat").write_bytes(module(ECHO))
    (tmp_path / "bad.wasm").write_bytes(b"not wasm")
    (tmp_path / "content").write_bytes(noise(3 << 20, 8))
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


# ---- objects ----


def test_put_get_stat_and_rm_go_round(cli, files, noise):
    content = noise(3 << 20, 8)
    assert b"cli/a b" in cli.done("put", "cli/a b", files / "content")
    assert cli.done("get", "cli/a b") == content
    assert cli.done("get", "cli/a b", "-o", files / "copy") == b"" and (files / "copy").read_bytes() == content
    assert b"3145728" in cli.done("stat", "cli/a b").replace(b",", b"").replace(b" ", b"")
    assert b"removed" in cli.done("rm", "cli/a b")
    assert cli.failed(1, "get", "cli/a b")[1]["type"] == "urn:inlay:problem:object-not-found"


def test_put_takes_standard_input_of_any_length(cli, noise):
    for content in (b"", b"x", noise(5 << 20, 9)):
        cli.done("put", "cli/stdin", "-", stdin=content)
        assert cli.done("get", "cli/stdin") == content


def test_objects_are_described_as_json(cli, files):
    stored = cli.json("put", "cli/described", files / "content", "--content-type", "text/x-test")
    assert (stored["bucket"], stored["key"], stored["bytes"]) == ("cli", "described", 3 << 20)
    described = cli.json("stat", "cli/described")
    assert described["version"] == stored["version"] and described["content_type"] == "text/x-test"
    assert (described["bytes"], described["key"]) == (3 << 20, "described")
    assert cli.json("get", "cli/described", "-o", files / "out")["version"] == stored["version"]
    assert cli.json("rm", "cli/described")["removed"] is True


def test_ls_lists_buckets_keys_and_prefixes(cli, server):
    for key in ("x/1", "x/2", "y", "ü"):
        cli.done("put", "cli-ls/" + key, "-", stdin=b"12345")
    assert "cli-ls" in cli.done("ls").decode().split()
    assert "cli-ls" in [one["name"] for one in cli.json("ls")["buckets"]]
    lines = cli.done("ls", "cli-ls").decode().splitlines()
    assert [line.split()[-1] for line in lines] == ["x/1", "x/2", "y", "ü"] and all("5" in line for line in lines)
    listed = cli.json("ls", "cli-ls/x")
    assert listed["bucket"] == "cli-ls" and [one["key"] for one in listed["objects"]] == ["x/1", "x/2"]
    for number in range(1001):  # kListKeysMax and one more.
        assert server.request("PUT", f"/o/cli-ls-{number:04}/k", b"").status == 201
    names = [f"cli-ls-{number:04}" for number in range(1001)]
    assert [name for name in cli.done("ls").decode().split() if name.startswith("cli-ls-")] == names
    assert [one["name"] for one in cli.json("ls")["buckets"] if one["name"].startswith("cli-ls-")] == names
    for name in names:
        assert server.request("DELETE", f"/o/{name}/k").status == 204
    assert cli.failed(1, "ls", "cli-absent")[1]["type"] == "urn:inlay:problem:bucket-not-found"


# ---- functions ----


def test_deploy_functions_and_remove_go_round(cli, files):
    assert b"cli-f" in cli.done("deploy", "cli-f", files / "echo.wat", "--timeout", "500ms", "--memory", "64MiB", "--env", "A=b c")
    (listed,) = [one for one in cli.json("functions")["functions"] if one["name"] == "cli-f"]
    assert (listed["timeout_ms"], listed["memory_bytes"]) == (500, 64 << 20)
    row = next(line for line in cli.done("functions").decode().splitlines() if line.startswith("cli-f "))
    assert "500" in row and "64" in row
    assert cli.json("deploy", "cli-f", files / "echo.wat")["timeout_ms"] == 30_000
    assert b"cli-f" in cli.done("remove", "cli-f")
    assert cli.failed(1, "remove", "cli-f")[1]["type"] == "urn:inlay:problem:function-not-found"
    assert cli.failed(1, "invoke", "cli-f")[1]["status"] == 404


def test_limits_and_isolation_are_given_at_deploy_and_usage_is_shown(cli, files):
    deployed = cli.json("deploy", "cli-limited", files / "echo.wat", "--limit", "cpu_ms=2s", "--limit", "output_bytes=1MiB", "--limit", "rate=7", "--isolate")
    assert (deployed["cpu_ms"], deployed["output_bytes"], deployed["rate"], deployed["isolated"]) == (2000, 1 << 20, 7, True)
    error = cli.failed(2, "deploy", "cli-limited", files / "echo.wat", "--limit", "speed=7")
    assert "speed=7" in str(error) and "concurrency" in str(error)
    assert b"hello" in cli.done("invoke", "cli-limited", "--body", "hello")
    (listed,) = [one for one in cli.json("functions")["functions"] if one["name"] == "cli-limited"]
    assert listed["usage"]["invocations"] == 1
    head, *rows = cli.done("functions", "--usage").decode().splitlines()
    assert head.split()[:2] == ["NAME", "INVOCATIONS"]
    assert next(row.split()[1] for row in rows if row.startswith("cli-limited ")) == "1"


def test_the_environment_arrives(cli, tmp_path):
    guest = handle(
        """(i32.store (i32.const 0) (i32.const 512))
           (i32.store (i32.const 4) (call $request (i32.const 7) (i32.const 2048) (i32.const 1) (i32.const 512) (i32.const 64)))
           (call $respond (i32.const 0) (i32.const 1))"""
    )
    (tmp_path / "env.wat").write_bytes(module(guest + '(data (i32.const 2048) "A")'))
    cli.done("deploy", "cli-env", tmp_path / "env.wat", "--env", "A=b=c d", "--env", "B=x")
    assert cli.done("invoke", "cli-env") == b"b=c d"


def test_invoke_sends_what_it_is_given(cli, files, noise):
    cli.done("deploy", "cli-echo", files / "echo.wat")
    assert cli.done("invoke", "cli-echo", "--body", "text") == b"text"
    assert cli.done("invoke", "cli-echo", "--body-file", files / "content") == noise(3 << 20, 8)
    assert cli.done("invoke", "cli-echo", "--body-file", "-", stdin=b"by pipe") == b"by pipe"
    assert cli.done("invoke", "cli-echo", "--body-file", files / "content", "-o", files / "answer") == b""
    assert (files / "answer").read_bytes() == noise(3 << 20, 8)
    cli.done("put", "cli/of query", "-", stdin=b"an object")
    assert cli.done("invoke", "cli-echo", "--query", "object=cli/of query", "--query", "other=&=%") == b"an object"


def test_invoke_tells_the_cost_when_asked_to(cli, files):
    cli.done("deploy", "cli-echo", files / "echo.wat")
    ended = cli.run("invoke", "cli-echo", "--body-file", files / "content", "--cost")
    assert ended.returncode == 0 and len(ended.stdout) == 3 << 20
    assert "3145728" in re.sub(r"(?<=\d)[ ,](?=\d{3})", "", ended.stderr.decode())
    document = cli.json("invoke", "cli-echo", "--body", "text")
    assert document["status"] == 200 and document["body"] == "text"
    assert document["cost"].keys() == {"mapped", "copied", "private", "instantiate_us", "run_us"}


@pytest.mark.parametrize(
    "body, status",
    [("unreachable", 500), ("(i32.const 3)", 500), ("(drop (call $status (i32.const 404))) (call $answer (i32.const 1))", 404)],
)
def test_a_function_that_fails_makes_exit_code_1(cli, tmp_path, body, status):
    (tmp_path / "fails.wat").write_bytes(module(handle(body)))
    cli.done("deploy", "cli-fails", tmp_path / "fails.wat")
    ended = cli.run("invoke", "cli-fails")
    assert ended.returncode == 1 and ended.stdout == b"" and ended.stderr
    as_json = cli.run("invoke", "cli-fails", "--json")
    assert as_json.returncode == 1 and json.loads(as_json.stderr)["error"]["status"] == status


def test_logs_show_lines_and_follow_them(cli, tmp_path):
    (tmp_path / "logs.wat").write_bytes(module(handle("(drop (call $log (i32.const 2) (i32.const 64) (i32.const 6))) (i32.const 0)")))
    cli.done("deploy", "cli-logs", tmp_path / "logs.wat")
    assert cli.done("logs", "cli-logs") == b"" and cli.json("logs", "cli-logs")["lines"] == []
    cli.done("invoke", "cli-logs")
    assert eventually(lambda: cli.done("logs", "cli-logs") != b"")
    line = cli.done("logs", "cli-logs").decode()
    assert "warn" in line and line.endswith(" object\n")
    following = subprocess.Popen([INLAY, "logs", "cli-logs", "-f"], stdout=subprocess.PIPE, env=cli.environment)
    try:
        assert following.stdout.readline().decode() == line
        cli.done("invoke", "cli-logs")
        assert select.select([following.stdout], [], [], 5)[0] and b" object" in following.stdout.readline()
    finally:
        following.terminate()
        following.wait(5)
        following.stdout.close()


# ---- failures ----


def test_a_bad_module_is_told_with_its_reason(cli, files):
    line, error = cli.failed(1, "deploy", "cli-bad", files / "bad.wasm")
    assert error["type"] == "urn:inlay:problem:bad-module" and error["status"] == 422 and error["detail"] in line


def test_wrong_use_makes_exit_code_2_and_asks_nobody(files):
    nobody = Cli("http://127.0.0.1:1")
    for arguments in (
        [], ["nonsense"], ["put"], ["put", "cli/k"], ["put", "nokey", files / "content"], ["put", "cli/../k", files / "content"],
        ["put", "cli/k", files / "absent"], ["get", "a b/k"], ["rm", "cli"], ["stat", "cli/"], ["ls", "a b"],
        ["deploy", "a b", files / "echo.wat"], ["deploy", "f", files / "absent"], ["deploy", "f", files / "echo.wat", "--timeout", "soon"],
        ["deploy", "f", files / "echo.wat", "--memory", "much"], ["deploy", "f", files / "echo.wat", "--env", "novalue"],
        ["remove", ".."], ["invoke", "f", "--query", "novalue"], ["invoke", "f", "--nonsense"],
        ["invoke", "f", "--body", "a", "--body-file", "-"], ["logs"], ["functions", "too", "many"],
    ):  # fmt: skip
        ended = nobody.run(*arguments)
        assert ended.returncode == 2 and ended.stdout == b"" and ended.stderr.startswith(b"inlay: "), (arguments, ended)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://a b", "https://127.0.0.1"])
def test_a_bad_server_address_is_wrong_use(url):
    assert Cli(url).run("functions").returncode == 2
    assert Cli("").run("functions", "--server", url).returncode == 2


def test_a_server_that_is_not_there_makes_exit_code_1():
    line, _ = Cli("http://127.0.0.1:1").failed(1, "functions")
    assert "127.0.0.1:1" in line


def test_the_option_goes_before_the_environment(server):
    assert Cli("http://127.0.0.1:1").run("functions", "--server", server.url).returncode == 0


def test_a_token_comes_from_a_file(data):
    (data / "token").write_text("t0ken\n")
    (data / "wrong").write_text("other\n")
    token = ["--token-file", str(data / "token")]
    with Server(data / "d", *token, workers=1) as server:
        cli = Cli(server.url)
        assert cli.failed(1, "ls")[1]["type"] == "urn:inlay:problem:unauthorized"
        assert cli.failed(1, "ls", "--token-file", data / "wrong")[1]["status"] == 401
        assert cli.done("put", "b/k", "-", *token, stdin=b"x") and cli.done("get", "b/k", *token) == b"x"
        assert Cli(server.url, INLAY_TOKEN_FILE=str(data / "token")).done("get", "b/k") == b"x"
        assert cli.failed(2, "ls", "--token-file", data / "absent")


def test_a_failed_get_leaves_no_file_and_an_existing_one_as_it_was(cli, tmp_path):
    (tmp_path / "kept").write_bytes(b"kept")
    for name in ("new", "kept"):
        assert cli.run("get", "cli/absent", "-o", tmp_path / name).returncode == 1
    assert (tmp_path / "kept").read_bytes() == b"kept" and sorted(os.listdir(tmp_path)) == ["kept"]


def test_what_an_answer_holds_does_not_reach_the_terminal_as_a_command(cli):
    cli.done("put", "cli/\u009b31mred", "-", stdin=b"x")
    assert "\u009b" not in cli.done("ls", "cli").decode()
    cli.done("rm", "cli/\u009b31mred")


# ---- help and progress ----


def test_help_and_version_are_told_on_standard_output():
    nobody = Cli("http://127.0.0.1:1")
    for arguments in (["--help"], ["serve", "--help"], ["put", "--help"], ["invoke", "--help"], ["--version"]):
        assert nobody.done(*arguments)
    text = nobody.done("--help").decode()
    assert all(re.search(rf"^\s+{name}\b", text, re.M) for name in "deploy functions remove logs put get ls stat rm invoke run".split())


def on_terminal(command, environment):
    """Runs a command with a terminal as its standard error: the exit code and what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # The other end is closed.
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(30), shown


def test_a_long_put_and_get_show_progress_on_a_terminal_and_a_short_one_does_not(cli, tmp_path):
    (tmp_path / "long").write_bytes(bytes(64 << 20))
    (tmp_path / "short").write_bytes(bytes(1000))
    code, shown = on_terminal([INLAY, "put", "cli/long", str(tmp_path / "long")], cli.environment)
    assert code == 0 and b"%" in shown and b"cli/long" in shown
    code, shown = on_terminal([INLAY, "get", "cli/long", "-o", str(tmp_path / "copy")], cli.environment)
    assert code == 0 and b"%" in shown
    assert on_terminal([INLAY, "put", "cli/short", str(tmp_path / "short")], cli.environment) == (0, b"")
    cli.done("rm", "cli/long")
