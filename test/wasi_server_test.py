"""WASI preview 1 programs as functions of a server: directories are buckets, files are objects, the end of the program decides."""

import pytest

from serving import eventually
from wasi_test import CLANG, LINKER, compile_program

WITH_COST = {"Inlay-Cost": "?1"}
BUCKET = "wasi"


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """The module of wasi/served/steps.c."""
    if not CLANG or not LINKER:
        pytest.skip("no clang and wasm-ld that know wasm32: tools/setup installs them")
    return compile_program("served/steps", tmp_path_factory.mktemp("served")).read_bytes()


class Program:
    """steps.c, deployed with one directory."""

    def __init__(self, server, module, deployed="w", **deployment):
        self.server = server
        self.name = f"wasi-steps{len(server.deployed)}"
        server.deploy(self.name, module, {"dir": f"/data={BUCKET}:{deployed}".rstrip(":"), **deployment})
        server.deployed.add(self.name)

    def __call__(self, *steps, body=None, headers=None, target=""):
        query = [("arg", word) for word in steps]
        return self.server.invoke(self.name + target, query, body, {**WITH_COST, **(headers or {})})

    def log(self):
        return self.server.request("GET", f"/v1/functions/{self.name}/logs").body.decode()


@pytest.fixture
def program(server, steps):
    clear(server)
    return Program(server, steps)


def clear(server):
    for key in keys(server):
        server.delete(f"{BUCKET}/{key}")


def keys(server):
    answer = server.request("GET", f"/o/{BUCKET}")
    return [one["key"] for one in answer.json["objects"]] if answer.status == 200 else []


@pytest.mark.parametrize("run_class", ["auto", "heavy"])
def test_a_file_that_was_written_is_an_object_after_the_answer(server, steps, run_class):
    clear(server)
    program = Program(server, steps, **{"class": run_class})
    assert program("put", "a/b", "text", "get", "a/b").body == b"text"
    assert server.get(f"{BUCKET}/a/b").body == b"text"
    assert program("add", "a/b", " and more", "get", "a/b").body == b"text and more"
    assert server.get(f"{BUCKET}/a/b").body == b"text and more"


@pytest.mark.parametrize("end", [["exit", "1"], ["trap"], ["unlink", "absent"]])
def test_nothing_is_there_of_a_program_that_fails(server, program, end):
    server.put(f"{BUCKET}/old", b"old")
    answer = program("put", "fresh", "text", "put", "old", "new", "say", "something", *end)
    assert answer.status in (500, 502), answer
    assert server.get(f"{BUCKET}/fresh").status == 404 and server.get(f"{BUCKET}/old").body == b"old"


def test_an_exit_code_other_than_0_is_told(program):
    answer = program("exit", "7")
    assert answer.status == 500 and "returned 7" in answer.detail


def test_files_can_be_renamed_and_unlinked(server, program):
    server.put(f"{BUCKET}/one", b"1" * 100_000)
    server.put(f"{BUCKET}/two", b"2")
    assert program("move", "one", "sub/three", "unlink", "two", "list", ".").body == b"./ ../ sub/ 3"
    assert keys(server) == ["sub/three"] and server.get(f"{BUCKET}/sub/three").body == b"1" * 100_000


def test_keys_with_slashes_are_files_in_directories(server, program):
    for key in ("a", "b/c", "b/d/e", "f/g"):
        server.put(f"{BUCKET}/{key}", b"x")
    assert program("list", ".").body == b"./ ../ a b/ f/ 5"
    assert program("list", "b").body == b"./ ../ c d/ 4"
    assert program("list", "b/d/../d/").body == b"./ ../ e 3"
    assert program("put", "b/d/h", "x", "unlink", "b/d/e", "list", "b/d").body == b"./ ../ h 3"


def test_a_directory_of_more_keys_than_one_question_brings_is_listed_whole(server, program):
    for i in range(520):
        server.put(f"{BUCKET}/many/{i:04}", b"")
    assert program("count", "many").body == b"522"
    assert program("count", ".").body == b"3"
    clear(server)


def test_a_bucket_that_is_read_only_is_not_written(server, steps):
    clear(server)
    server.put(f"{BUCKET}/one", b"content")
    program = Program(server, steps, deployed="")
    assert program("get", "one").body == b"content"
    for refused in (["put", "fresh", "x"], ["put", "one", "x"], ["unlink", "one"], ["move", "one", "two"]):
        assert program(*refused).status == 500, refused
    assert keys(server) == ["one"] and server.get(f"{BUCKET}/one").body == b"content"


def test_a_bucket_that_is_not_there_is_an_empty_directory(program):
    assert program("list", ".").body == b"./ ../ 2"


def test_what_is_read_and_written_is_copied_once_and_counted(server, steps, noise):
    program = Program(server, steps, **{"class": "heavy"})  # In a worker an attempt that is dropped would count, too.
    body = noise(1 << 20)
    answer = program("copy", body=body)
    assert answer.body == body
    # Each byte once in and once out; what came with the head, and what was gathered before there were pages, once more.
    assert 2 * len(body) <= answer.cost["copied"] <= 2 * len(body) + (64 << 10)
    before = server.metrics()['inlay_copied_bytes_total{reason="wasi"}']
    server.put(f"{BUCKET}/one", b"x" * 3000)
    assert program("get", "one").cost["copied"] == 6000
    assert server.metrics()['inlay_copied_bytes_total{reason="wasi"}'] - before == 6000


def test_what_is_only_mapped_is_not_copied(server, program, noise):
    content = noise(3 << 20)
    server.put(f"{BUCKET}/large", content)
    answer = program("map", "large")
    assert answer.body == content and answer.cost["copied"] == 0 and answer.cost["mapped"] >= len(content)


def test_standard_error_is_the_log(program):
    program("warn", "first\nsecond", "say", "answer")
    assert eventually(lambda: "first" in program.log() and "second" in program.log())


def test_a_program_that_sleeps_does_so_in_a_lane(program):
    assert program("sleep", "say", "awake").body == b"awake"


def test_arguments_are_those_of_the_query(program):
    assert program("say", "a b&=%ü").body == "a b&=%ü".encode()
    assert program.server.request("GET", f"/f/{program.name}?say+a%20b").body == b"a b", "a query without = is words (RFC 3875)"
    assert program.server.request("GET", f"/f/{program.name}?arg=say&arg=%ff%01").body == b"\xff\x01", "whatever bytes they are"
    for bad in ("arg=say&arg=a%00b", "arg=%zz"):
        answer = program.server.request("GET", f"/f/{program.name}?{bad}")
        assert answer.status == 500 and "returned 2" in answer.detail, "args_sizes_get is INVAL"


def test_with_cgi_a_head_comes_before_the_response(server, steps):
    program = Program(server, steps, env="INLAY_CGI=1")
    answer = program("say", "Status: 404 Not Found\r\nContent-Type: text/x-own\nX-One: 1\n\ncontent")
    assert (answer.status, answer.body, answer.headers["Content-Type"], answer.headers["X-One"]) == (404, b"content", "text/x-own", "1")
    assert program("say", "Content-Length: 1\n\ncontent").body == b"content", "its length is what it is"
    assert program("say", "Location: /elsewhere\n\n").status == 302, "RFC 3875, section 6.2.3"
    for bad in ("no head", "No-Colon\n\n", "Status: 99\n\n", "X: 1\n"):
        answer = program("say", bad)
        assert answer.status in (500, 502) and "INLAY_CGI" in answer.detail, bad


def test_with_cgi_the_request_is_in_the_variables(server, steps):
    program = Program(server, steps, env="INLAY_CGI=1")
    headers = {"X-Own": "a", "Authorization": "Basic eDp5", "Content-Type": "text/x-own"}
    answer = program("say", "X: 1\n\n", "env", body=b"four", headers=headers, target="/more/%20rest")
    told = dict(line.split("=", 1) for line in answer.body.decode().splitlines())
    assert told["REQUEST_METHOD"] == "POST" and told["CONTENT_LENGTH"] == "4" and told["CONTENT_TYPE"] == "text/x-own"
    assert told["SCRIPT_NAME"] == f"/f/{program.name}" and told["PATH_INFO"] == "/more/ rest" and told["QUERY_STRING"].startswith("arg=say")
    assert told["HTTP_X_OWN"] == "a" and told["GATEWAY_INTERFACE"] == "CGI/1.1" and told["INLAY_CGI"] == "1"
    assert not any("AUTHORIZATION" in name for name in told)


def test_without_cgi_there_are_only_the_variables_of_the_deploy(server, steps):
    program = Program(server, steps, env="OWN=1")
    assert program("env").body == b"OWN=1\n"


def test_a_function_of_inlay_that_writes_to_standard_output_writes_to_its_log(server):
    module = b"""(module (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
      (func (export "inlay_handle") (result i32) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))))"""
    server.deploy("wasi-beside", module)
    answer = server.invoke("wasi-beside")
    assert answer.status == 200 and answer.body == b""
    assert eventually(lambda: b"hello" in server.request("GET", "/v1/functions/wasi-beside/logs").body)


@pytest.mark.parametrize("imported", ['"fd_teleport" (func)', '"fd_close" (func (param i64) (result i32))', '"fd_close" (func (param i32))'])
def test_a_module_that_imports_what_wasi_has_not_is_refused(server, imported):
    answer = server.try_deploy("wasi-bad", f'(module (import "wasi_snapshot_preview1" {imported}) (memory (export "memory") 1) (func (export "_start")))'.encode())
    assert answer.status in (400, 422) and imported.split('"')[1] in answer.detail, answer


@pytest.mark.parametrize("bad", ["/data", "=bucket", "/data=", "/data=Not A Bucket", "/data=bucket:x"])
def test_a_directory_that_names_no_bucket_is_refused(server, steps, bad):
    answer = server.try_deploy("wasi-bad", steps, {"dir": bad})
    assert answer.status == 400 and "PATH=BUCKET" in answer.detail
