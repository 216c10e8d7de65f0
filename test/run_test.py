"""`inlay run`: one invocation of a module file over files, without a server."""

import base64
import json
import os
import random
import re
import signal
import subprocess

import pytest

import examples_test
from bad_modules_test import BAD, GOOD_BINARY
from examples_test import longest, sample, wc, words_of
from guests import ECHO, PARTS, SPIN, handle, module
from serving import EXAMPLES, INLAY

MOD = 1 << 64
NOWHERE = {"PATH": os.environ["PATH"], "INLAY_SERVER": "ftp://nobody", "INLAY_TOKEN_FILE": "/absent"}
COST = r"cost: mapped ([\d,]+) bytes, copied ([\d,]+) bytes, private ([\d,]+) bytes, instantiated in [\d,]+ us, ran for [\d,]+ us\n"


def command(file, *arguments):
    return [INLAY, "run", str(file), *map(str, arguments)]


def run(file, *arguments, **options):
    return subprocess.run(command(file, *arguments), capture_output=True, timeout=60, env=NOWHERE, **options)


def done(file, *arguments, **options):
    """Runs what must succeed without a word on standard error; gives standard output."""
    ended = run(file, *arguments, **options)
    assert ended.returncode == 0 and ended.stderr == b"", ended
    return ended.stdout


def failed(code, file, *arguments, **options):
    """Runs what must fail: its message on standard error, and the same failure as JSON."""
    ended, as_json = run(file, *arguments, **options), run(file, *arguments, "--json", **options)
    assert ended.returncode == as_json.returncode == code, (ended, as_json)
    assert ended.stdout == as_json.stdout == b""
    error = json.loads(as_json.stderr.splitlines()[-1])["error"]
    assert error["type"] and error["title"] and "status" in error
    assert b"\ninlay: " in b"\n" + ended.stderr, ended.stderr
    return ended.stderr.decode(), error


def costs(text):
    """Bytes mapped, copied and private, as --cost tells them."""
    return [int(number.replace(",", "")) for number in re.search(COST, text).groups()]


def example(name):
    return EXAMPLES / f"{name}.wasm"


@pytest.fixture
def guest(tmp_path):
    """guest(fields) is the file of a module of these fields."""

    def write(fields, name="guest.wat"):
        (tmp_path / name).write_bytes(module(fields))
        return tmp_path / name

    return write


@pytest.fixture
def file(tmp_path):
    """file(content) is a file with it."""

    def write(content, name="input"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


# ---- the examples ----


@pytest.fixture(params=["object", "body file", "standard input", "pipe"])
def ask(request, file):
    """ask(example, content, query...) -> standard output, with the content given in one of four ways."""

    def by(name, content, *query):
        arguments = [text for one in query for text in ("--query", one)]
        path = file(content)
        if request.param == "object":
            return done(example(name), "--object", f"data/in={path}", "--query", "object=data/in", *arguments)
        if request.param == "body file":
            return done(example(name), "--body-file", path, *arguments)
        if request.param == "pipe":
            return done(example(name), "--body-file", "-", *arguments, input=content)
        with open(path, "rb") as opened:
            return done(example(name), "--body-file", "-", *arguments, stdin=opened)

    return by


@pytest.mark.parametrize("size", [0, 1, 9, 16_383, 16_384, 16_385, 300_001])
def test_examples_agree_with_coreutils_and_arithmetic(ask, size):
    content = bytes(random.Random(size).choices(b"abcdefgh IJKL\n\n\t\xff\x00", k=size))
    assert json.loads(ask("wc", content)) == wc(content)
    assert json.loads(ask("longest", content)) == longest(content)
    assert int(ask("sum", content)) == sum(words_of(content)) % MOD
    assert int(ask("sample", content, "n=100", "seed=42")) == sample(content, 100, 42)
    assert ask("upper", content) == examples_test.run(["tr", "a-z", "A-Z"], content)
    assert ask("echo", content) == content
    assert ask("grep", content, "word=abc IJ") == examples_test.run(["grep", "-aF", "abc IJ"], content)


def test_the_noop_needs_nothing():
    assert done(example("noop")) == b"ok\n"


def test_a_file_of_5_gib_is_an_object_and_a_body(tmp_path):
    with open(tmp_path / "large", "wb") as large:
        large.truncate(5 << 30)
        large.seek((9 << 29) + 8)
        large.write(b"\x07")
    query = ["--query", f"offset={9 << 29}", "--query", "length=65536", "--cost"]
    for given in (["--object", f"d/large={tmp_path}/large", "--query", "object=d/large"], ["--body-file", f"{tmp_path}/large"]):
        ended = run(example("sum"), *given, *query)
        assert (ended.returncode, ended.stdout) == (0, b"7\n"), ended
        assert costs(ended.stderr.decode())[0] == 65536


def test_the_rest_of_a_file_that_was_read_from_already_is_the_body(file):
    with open(file(b"head" + b"x" * 100_000), "rb") as opened:
        os.lseek(opened.fileno(), 4, os.SEEK_SET)
        assert done(example("echo"), "--body-file", "-", stdin=opened) == b"x" * 100_000


# ---- nothing is copied ----


@pytest.mark.parametrize("how", ["object", "body", "pipe"])
def test_content_is_mapped_and_passed_on_without_a_copy(file, noise, how):
    content = noise(3_000_001, 3)
    path = file(content)
    given = {"object": ["--object", f"d/in={path}", "--query", "object=d/in"], "body": ["--body-file", path], "pipe": ["--body-file", "-"]}[how]
    for name, mapped in (("echo", len(content)), ("upper", 2 * len(content))):
        ended = run(example(name), *given, "--cost", input=content if how == "pipe" else None)
        assert ended.returncode == 0 and ended.stdout == (content if name == "echo" else content.upper())
        assert costs(ended.stderr.decode())[:2] == [mapped, 0], ended.stderr


def test_the_guest_reads_the_files_own_pages(guest, file):
    """What is written to the file after it was mapped shows: the pages are the file's."""
    path = file(b"a" * 40_000)
    waits = guest(handle(
        """(local.set $at (call $input))
           (drop (call $log (i32.const 1) (i32.const 64) (i32.const 6)))
           (loop $again (br_if $again (i32.eq (i32.load8_u (local.get $at)) (i32.const 97))))
           (call $answer (i32.load8_u (local.get $at)))""", "(local $at i32)"))  # fmt: skip
    with running(waits, "--object", f"d/in={path}", "--query", "object=d/in", "--timeout", "20s") as process:
        with open(path, "r+b") as opened:
            opened.write(b"b")
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and output == b"b\0\0\0"


class running:
    """A run whose guest has logged its first line."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=NOWHERE)

    def __enter__(self):
        assert self.process.stderr.readline() == b"info  object\n", self.process.communicate()
        return self.process

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


# ---- what the function sees ----


def part_guest(part, name=""):
    """Answers with a part of the request."""
    return handle(
        f"""(i32.store (i32.const 0) (i32.const 4096))
            (i32.store (i32.const 4) (call $request (i32.const {PARTS[part]}) (i32.const 2048) (i32.const {len(name)}) (i32.const 4096) (i32.const 4096)))
            (call $respond (i32.const 0) (i32.const 1))"""
    ) + f'(data (i32.const 2048) "{name}")'


@pytest.mark.parametrize(
    "part, name, arguments, seen",
    [("method", "", [], b"GET"), ("method", "", ["--body-file", "-"], b"POST"), ("method", "", ["--method", "PATCH"], b"PATCH"),
     ("path", "", [], b"/f/guest"), ("rest", "", [], b""), ("function", "", [], b"guest"),
     ("query", "", [], b""), ("query", "", ["--query", "a=b c", "-q", "d=&"], b"a=b%20c&d=%26"),
     ("parameter", "a", ["--query", "a=b c=d"], b"b c=d"), ("env", "A", ["--env", "B=x", "--env", "A=b=c d"], b"b=c d"),
     ("header", "x-own", ["--header", "X-Own: 1", "--header", "x-own:2 "], b"1, 2")],
)  # fmt: skip
def test_the_function_sees_its_request(guest, part, name, arguments, seen):
    assert done(guest(part_guest(part, name)), *arguments, input=b"") == seen


def test_log_lines_go_to_standard_error(guest):
    logs = guest(handle("(drop (call $log (i32.const 2) (i32.const 64) (i32.const 6))) (i32.const 0)"))
    ended = run(logs)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"warn  object\n")


def test_an_absent_object_is_absent_and_the_failure_says_how_to_give_it():
    line, error = failed(1, example("wc"), "--query", "object=data/in")
    assert error["status"] == 404 and "--object data/in=FILE" in line and "--object data/in=FILE" in error["detail"]


# ---- where the answer goes ----


def test_the_answer_goes_where_it_is_wanted(file, noise, tmp_path):
    content = noise(1_000_001, 4)
    given = [example("echo"), "--object", f"d/in={file(content)}", "--query", "object=d/in"]
    assert done(*given, "--out", tmp_path / "answer") == b"" and (tmp_path / "answer").read_bytes() == content
    with open(tmp_path / "appended", "ab") as appended:
        for _ in range(2):
            assert subprocess.run(command(*given), stdout=appended, env=NOWHERE).returncode == 0
    assert (tmp_path / "appended").read_bytes() == content * 2
    assert done(*given, "-o", tmp_path / "input") == b"" and (tmp_path / "input").read_bytes() == content, "over its own input"
    assert sorted(os.listdir(tmp_path)) == ["answer", "appended", "input"]


def test_a_closed_pipe_ends_it_as_any_program(file):
    process = subprocess.Popen(command(example("echo"), "--body-file", file(bytes(8 << 20))), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=NOWHERE)
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(30) == -signal.SIGPIPE and process.stderr.read() == b""
    process.stderr.close()


def test_json_wraps_answer_cost_and_type(file):
    document = json.loads(done(example("wc"), "--body-file", file(b"two words\n"), "--json"))
    assert document["status"] == 200 and document["content_type"] == "application/json" and document["published"] == []
    assert json.loads(document["body"]) == {"lines": 1, "words": 2, "bytes": 10}
    assert document["cost"].keys() == {"mapped", "copied", "private", "instantiate_us", "run_us"}
    document = json.loads(done(example("echo"), "--body-file", file(b"\xff\xfe"), "--json"))
    assert base64.b64decode(document["body_base64"]) == b"\xff\xfe" and document["content_type"] == "application/octet-stream"


# ---- publishing ----


def upper(path, into, *arguments):
    return [example("upper"), "--object", f"d/in={path}", "--query", "object=d/in", "--query", f"into={into}", *arguments]


@pytest.mark.parametrize("size", [0, 100, 16_384, 1_000_001])
def test_published_objects_become_files(disk, file, size, tmp_path_factory):
    content = bytes(random.Random(size).choices(b"abcXYZ 09\n", k=size))
    out = disk / f"published-{size}"
    ended = run(*upper(file(content), "b/deep/k y", "--publish", out, "--cost"))
    assert ended.returncode == 0 and json.loads(ended.stdout) == {"object": "b/deep/k y", "bytes": size}
    assert (out / "b/deep/k y").read_bytes() == content.upper()
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["k y"]
    if size >= 16_384:
        assert costs(ended.stderr.decode())[1] < 100, "only the words of the answer"
    document = json.loads(done(*upper(file(b"x"), "b/deep/k y", "--publish", out, "--json")))
    assert document["published"] == [{"object": "b/deep/k y", "bytes": 1, "content_type": "text/plain", "file": str(out / "b/deep/k y")}]
    assert (out / "b/deep/k y").read_bytes() == b"X"


def test_what_would_be_published_is_told(file):
    ended = run(*upper(file(b"abc"), "b/k"))
    assert ended.returncode == 0 and ended.stderr == b"would publish b/k, 3 bytes; --publish DIR stores it\n"
    assert json.loads(done(*upper(file(b"abc"), "b/k", "--json")))["published"][0]["file"] is None


def test_a_publication_that_cannot_be_stored_is_a_failure_without_an_answer(file, tmp_path):
    (tmp_path / "out").write_bytes(b"a file")
    line, error = failed(1, *upper(file(b"abc"), "b/k", "--publish", tmp_path / "out"))
    assert error["type"] == "urn:inlay:problem:io-error" and str(tmp_path / "out") in line
    failed(1, *upper(file(b"abc"), "b//k", "--publish", tmp_path / "other"))
    assert not [path for path in (tmp_path / "other").rglob("*") if path.is_file()]


def test_a_function_that_fails_publishes_nothing(guest, file, tmp_path):
    fails = guest(handle("(drop (call $input)) (drop (call $publish_into (i32.const 32) (i32.const 1))) (i32.const 3)"))
    line, error = failed(1, fails, "--body-file", file(bytes(20_000)), "--query", "into=b/k", "--publish", tmp_path / "out")
    assert error["type"] == "urn:inlay:problem:function-failed" and "returned 3" in line
    assert not (tmp_path / "out").exists()


# ---- failures ----


def test_a_trap_is_told_with_its_place(guest):
    line, error = failed(1, guest(handle("unreachable")))
    assert error["type"] == "urn:inlay:problem:function-trapped" and "unreachable" in line and "backtrace" in line
    assert "inlay logs" not in line


def test_a_status_of_400_or_more_is_a_failure_with_its_content(guest, tmp_path):
    answers = guest(handle("(drop (call $status (i32.const 404))) (call $answer (i32.const 0x0a6f6e))"))
    line, error = failed(1, answers, "-o", tmp_path / "out")
    assert line == "no\n\0\ninlay: the function answered 404 (function guest)\n" and error["status"] == 404
    assert not (tmp_path / "out").exists()
    assert done(guest(handle("(drop (call $status (i32.const 302))) (call $answer (i32.const 0x0a6f6e))"))) == b"no\n\0"


def test_a_write_to_an_input_is_told(guest, file):
    for write in ("(i32.store (call $input) (i32.const 0))", "(memory.fill (call $input) (i32.const 1) (i32.const 20000))"):
        _, error = failed(1, guest(handle(write + "(i32.const 0)")), "--body-file", file(bytes(20_000)))
        assert error["type"] == "urn:inlay:problem:input-is-read-only"


@pytest.mark.parametrize("what", ["handle", "start", "bulk"])
def test_it_ends_at_its_deadline(guest, what):
    spins = {
        "handle": SPIN,
        "start": "(func $spin (loop $again (br $again))) (start $spin)" + handle("(i32.const 0)"),
        "bulk": handle("""(drop (memory.grow (i32.const 8000)))
            (loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 500000000)) (br $again)) (i32.const 0)"""),
    }[what]  # fmt: skip
    line, error = failed(1, guest(spins), "--timeout", "300")
    assert error["type"] == "urn:inlay:problem:function-timed-out" and error["status"] == 504
    assert "300 ms" in line and "--timeout" in line


def test_its_memory_has_a_limit(guest):
    grows = guest(handle("(call $answer (memory.grow (i32.const 100)))"))
    ended = run(grows, "--memory", "4MiB")
    assert ended.stdout == b"\xff" * 4 and b"met a limit: memory_bytes = 4194304" in ended.stderr and done(grows) == b"\2\0\0\0"


@pytest.mark.parametrize("length, cut", [(1 << 20, 4096), (1 << 20, (1 << 20) - 1), (100, 10)], ids=["pages", "last bytes", "small"])
def test_a_file_that_shrinks_under_a_function_is_an_error(guest, file, length, cut):
    """Also where no page is lost, so that only the length tells."""
    path = file(b"x" * length)
    reads = guest(handle(
        f"""(call $source)
           (drop (call $log (i32.const 1) (i32.const 64) (i32.const 6)))
           (call $wait (i64.const 300))
           (if (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.load (i32.const 24)) (i32.const 0) (i32.const 32)) (then (return (i32.const 9))))
           (call $answer (i32.load8_u (i32.add (i32.load (i32.const 32)) (i32.const {length - 1}))))"""))  # fmt: skip
    for given in (["--object", f"d/in={path}", "--query", "object=d/in"], ["--body-file", path]):
        path = file(b"x" * length)
        with running(reads, *given, "--json") as process:
            os.truncate(path, cut)
            output, errors = process.communicate(timeout=30)
        assert process.returncode == 1 and output == b"", (process.returncode, errors)
        error = json.loads(errors.splitlines()[-1])["error"]
        assert error["type"] == "urn:inlay:problem:object-changed" and error["detail"], error


def test_a_file_that_vanishes_after_it_was_opened_is_still_read(guest, file):
    path = file(b"x" * 100_000)
    reads = guest(handle(
        """(drop (call $log (i32.const 1) (i32.const 64) (i32.const 6)))
           (call $wait (i64.const 200)) (drop (call $input)) (call $respond (i32.const 32) (i32.const 1))"""))  # fmt: skip
    with running(reads, "--object", f"d/in={path}", "--query", "object=d/in") as process:
        os.unlink(path)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and output == b"x" * 100_000


@pytest.mark.parametrize("name", BAD)
def test_what_a_deploy_refuses_is_refused_in_the_same_words(server, tmp_path, name):
    content, _ = BAD[name]
    function = "refused-" + name.replace(" ", "-")
    path = tmp_path / f"{function}.wasm"
    path.write_bytes(content)
    refused = server.try_deploy(function, content)
    line, error = failed(1, path)
    assert error == {key: refused.json[key] for key in ("type", "title", "status", "detail")} and refused.detail.splitlines()[0] in line


def test_modules_may_be_binary_and_come_by_pipe(tmp_path):
    (tmp_path / "good.wasm").write_bytes(GOOD_BINARY)
    assert done(tmp_path / "good.wasm") == b""
    assert done("-", input=module(ECHO)) == b""


def test_more_memory_than_the_limit_is_refused(guest):
    assert "memory" in failed(1, guest(handle("(i32.const 0)")), "--memory", "65536")[1]["detail"]


def test_wrong_use_makes_exit_code_2(guest, file, tmp_path):
    good, path = guest(ECHO), file(b"x")
    for arguments in (
        [], [tmp_path / "absent.wasm"], [tmp_path], [good, "--nonsense"], [good, "--object"],
        [good, "--object", "b/k"], [good, "--object", f"b={path}"], [good, "--object", f"b/../k={path}"],
        [good, "--object", f"b/k={path}", "--object", f"b/k={path}"], [good, "--object", f"b/k={tmp_path}/absent"],
        [good, "--object", f"b/k={tmp_path}"], [good, "--body-file", tmp_path / "absent"], [good, "--body-file", tmp_path],
        [good, "--query", "novalue"], [good, "--header", "novalue"], [good, "--env", "novalue"], [good, "--method", "A B"],
        [good, "--memory", "much"], [good, "--memory", "4GiB"], [good, "--timeout", "soon"], [good, "--timeout", "0"],
        [good, "--timeout", "1h"], [good, "-o", tmp_path], [good, "--env", "A=" + "x" * 16384], [good, "--server", "http://127.0.0.1:1"],
    ):  # fmt: skip
        ended = subprocess.run([INLAY, "run", *map(str, arguments)], capture_output=True, env=NOWHERE, timeout=60)
        assert ended.returncode == 2 and ended.stdout == b"" and ended.stderr.startswith(b"inlay: "), (arguments, ended)
    line, error = failed(2, good, "--object", f"b/k={tmp_path}/absent")
    assert f"{tmp_path}/absent" in line and error["type"] == "urn:inlay:client:wrong-use"
