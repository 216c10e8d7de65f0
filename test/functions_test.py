"""Functions: deployed, seen, limited, invoked; what they are told of the request and what they may say in the response."""

import struct
import time

import pytest

import guests
from guests import Codes, handle
from serving import Server, eventually
from wire import Wire, ask


def answer_text(text, at=2048):
    """A guest that answers with a text."""
    return handle(
        f"""(i32.store (i32.const 0) (i32.const {at})) (i32.store (i32.const 4) (i32.const {len(text)}))
            (call $respond (i32.const 0) (i32.const 1))"""
    ) + f'(data (i32.const {at}) "{text}")'  # fmt: skip


# ---- deployments ----


def test_a_deployed_function_is_described_listed_and_removed(server):
    deployed = server.deploy("described", guests.module(guests.ECHO), {"timeout_ms": 1234, "memory_bytes": 7 << 20}).json
    assert (deployed["name"], deployed["timeout_ms"], deployed["memory_bytes"]) == ("described", 1234, 7 << 20)
    assert server.request("GET", "/v1/functions/described").json == deployed
    assert deployed in server.request("GET", "/v1/functions").json["functions"]
    assert server.request("DELETE", "/v1/functions/described").status == 204
    for method, target in (("GET", "/v1/functions/described"), ("DELETE", "/v1/functions/described"), ("GET", "/f/described"),
                           ("GET", "/v1/functions/described/logs")):  # fmt: skip
        answer = server.request(method, target)
        assert answer.status == 404 and answer.problem == "function-not-found" and "described" in answer.detail
    assert deployed not in server.request("GET", "/v1/functions").json["functions"]


def test_limits_have_their_defaults(server):
    deployed = server.deploy("defaults", guests.module(guests.ECHO)).json
    assert (deployed["timeout_ms"], deployed["memory_bytes"]) == (30_000, 1 << 30)


@pytest.mark.parametrize(
    "query", ["timeout_ms=0", "timeout_ms=x", "timeout_ms=-1", "timeout_ms=900001", "memory_bytes=0", "memory_bytes=4294967296",
              "env=novalue", "env==x", "env=A=%00"]
)  # fmt: skip
def test_a_limit_out_of_bounds_is_refused(server, query):
    answer = server.request("PUT", "/v1/functions/unlimited?" + query, guests.module(guests.ECHO))
    assert answer.status == 400 and answer.problem == "bad-request"
    assert server.request("GET", "/v1/functions/unlimited").status == 404


@pytest.mark.parametrize("name", ["a%20b", ".", "..", "%C3%BC", "a%2Fb", "n" * 256])
def test_a_bad_function_name_is_refused(server, name):
    for method, target in (("PUT", "/v1/functions/"), ("GET", "/v1/functions/"), ("DELETE", "/v1/functions/"), ("GET", "/f/")):
        answer = server.request(method, target + name, guests.module(guests.ECHO) if method == "PUT" else None)
        assert answer.status == 400 and answer.problem == "bad-name", method


def test_a_redeploy_is_seen_by_the_next_request_on_every_worker(server):
    workers = list(server.connections_by_worker().values())
    assert len(workers) == 2
    for number in range(20):
        version, by = b"version %d" % number, workers[number % 2]
        target, module = "/v1/functions/redeployed", guests.module(answer_text(version.decode()))
        assert by.request("PUT", target, module).status == 200
        assert [one.request("GET", "/f/redeployed").body for one in workers] == [version, version]
        if number % 4 == 3:
            assert by.request("DELETE", target).status == 204
            assert [one.request("GET", "/f/redeployed").status for one in workers] == [404, 404]


def test_deployed_functions_outlive_the_server_and_their_compiled_code_is_only_a_cache(data):
    with Server(data, workers=1) as first:
        first.deploy("kept", guests.module(answer_text("kept")), {"timeout_ms": 5000, "env": "A=B"})
        described = first.request("GET", "/v1/functions/kept").json
        assert first.stop() == 0
    for spoil in (lambda file: None, lambda file: file.unlink(), lambda file: file.write_bytes(b"\x7fELF" + bytes(1000)),
                  lambda file: file.write_bytes(file.read_bytes()[:-100])):  # fmt: skip
        files = [file for file in (data / "compiled").iterdir() if file.is_file()]
        assert len(files) == 1
        spoil(files[0])
        with Server(data, workers=2) as again:
            assert again.request("GET", "/v1/functions/kept").json == described
            # While it is compiled again, a request may be put off, and never answered wrongly.
            answers = []
            assert eventually(lambda: answers.append(again.invoke("kept")) or answers[-1].status == 200)  # noqa: B023
            assert answers[-1].body == b"kept" and all(one.status == 503 for one in answers[:-1])
            assert again.stop() == 0


def test_compiled_code_is_not_run_when_its_bytes_have_changed(data):
    """It is native code: it is checked by its recorded hash before it is loaded."""
    with Server(data, workers=1) as first:
        first.deploy("checked", guests.module(answer_text("checked")))
        assert first.stop() == 0
    (file,) = (data / "compiled").iterdir()
    code = bytearray(file.read_bytes())
    for position in range(4096, 8192):  # The machine code lies there; the headers stay well-formed.
        code[position] ^= 0xFF
    file.write_bytes(code)
    with Server(data, workers=1) as again:
        before, answers = again.worker_pids(), []
        assert eventually(lambda: answers.append(again.invoke("checked")) or answers[-1].status == 200)
        assert answers[-1].body == b"checked" and all(one.status == 503 for one in answers[:-1])
        assert again.worker_pids() == before


# ---- invocations ----


def test_each_request_gets_a_fresh_instance(server):
    guest = """(global $calls (mut i32) (i32.const 0))
      (func (export "_initialize") (global.set $calls (i32.add (global.get $calls) (i32.const 10))))
      (func (export "inlay_handle") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store (i32.const 4096) (i32.add (i32.load (i32.const 4096)) (i32.const 100)))
        (call $answer (i32.add (global.get $calls) (i32.load (i32.const 4096)))))"""
    assert {server.run(guest).number for _ in range(20)} == {111}


def test_a_code_that_is_not_0_is_a_500_with_that_code(server):
    for code in (1, -1, 42, 2**31 - 1):
        answer = server.run(handle(f'(drop (call $answer (i32.const 7))) (i32.const {code})'))
        assert answer.status == 500 and answer.problem == "function-failed" and str(code) in answer.detail


def test_a_trap_is_a_500_that_says_so(server):
    for body in ("unreachable", "(i32.div_u (i32.const 1) (i32.const 0))", "(i32.load (i32.const 0x7fffffff))"):
        answer = server.run(handle(body))
        assert answer.status == 500 and answer.problem == "function-trapped"


def test_a_function_is_ended_with_504_at_its_deadline(server):
    for timeout in (100, 700):
        start = time.monotonic()
        answer = server.run(guests.SPIN, deployment={"timeout_ms": timeout})
        assert answer.status == 504 and answer.problem == "function-timed-out" and str(timeout) in answer.detail
        assert timeout / 1000 <= time.monotonic() - start < timeout / 1000 + 0.5


def test_memory_ends_at_the_functions_own_limit(server):
    grow = handle("(drop (memory.grow (i32.const 62))) (call $answer (memory.grow (i32.const 1)))")
    assert server.run(grow, deployment={"memory_bytes": 64 << 16}).number == -1
    assert server.run(grow, deployment={"memory_bytes": 65 << 16}).number == 64
    default = handle("(drop (memory.grow (i32.const 16382))) (call $answer (memory.grow (i32.const 1)))")
    assert server.run(default).number == -1


# ---- what a function is told ----

PART = handle(
    """(i32.store (i32.const 1024) (call $request (i32.load8_u (i32.const 2044)) (i32.const 2048) (i32.load8_u (i32.const 2045))
                                                  (i32.const 4096) (i32.const 4000)))
       (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 4))
       (i32.store (i32.const 8) (i32.const 4096))
       (if (i32.gt_s (i32.load (i32.const 1024)) (i32.const 0)) (then (i32.store (i32.const 12) (i32.load (i32.const 1024)))))
       (call $respond (i32.const 0) (i32.const 2))"""
)  # fmt: skip


def part(server, which, name="", **request):
    """What a guest gets for a part of this request: its text, or the code."""
    number = guests.PARTS[which] if isinstance(which, str) else which
    guest = PART + f'(data (i32.const 2044) "\\{number:02x}\\{len(name):02x}") (data (i32.const 2048) "{name}")'
    function = server.name_of(guest, request.pop("deployment", None))
    target = request.pop("target", "")
    answer = server.request(request.pop("method", "GET"), f"/f/{function}{target}", headers=request.pop("headers", None))
    assert answer.status == 200, answer
    length = struct.unpack("<i", answer.body[:4])[0]
    return length if length < 0 else answer.body[4:].replace(function.encode(), b"NAME")


def test_a_function_is_told_the_parts_of_its_request(server):
    target = "/a%20b/c?x=1&y=a+b%21&x=2&empty"
    assert part(server, "method", method="BREW") == b"BREW"
    assert part(server, "path", target=target) == b"/f/NAME/a%20b/c"
    assert part(server, "rest", target=target) == b"/a%20b/c"
    assert part(server, "rest", target="?x") == b""
    assert part(server, "query", target=target) == b"x=1&y=a+b%21&x=2&empty"
    assert part(server, "parameter", "x", target=target) == b"1"
    assert part(server, "parameter", "y", target=target) == b"a b!"
    assert part(server, "parameter", "empty", target=target) == b""
    assert part(server, "parameter", "z", target=target) == Codes.ABSENT
    assert part(server, "function") == b"NAME"
    assert part(server, "header", "x-FIELD", headers={"X-Field": "a b"}) == b"a b"
    assert part(server, "header", "x-none") == Codes.ABSENT
    assert part(server, "invocation") != part(server, "invocation")
    assert part(server, 0) == part(server, 10) == Codes.ARGUMENT


def test_several_fields_of_one_name_are_joined(server):
    function = server.name_of(PART + '(data (i32.const 2044) "\\06\\01") (data (i32.const 2048) "x")')
    answer, _ = ask(server, f"GET /f/{function} HTTP/1.1\r\nHost: h\r\nX: a\r\nY: no\r\nx:  b \r\nConnection: close\r\n\r\n".encode())
    assert answer.body[4:] == b"a, b"


def test_the_environment_is_what_was_deployed(server):
    env = {"env": ["ONE=1", "TWO=a=b c", "EMPTY="]}
    assert part(server, "env", "ONE", deployment=env) == b"1"
    assert part(server, "env", "TWO", deployment=env) == b"a=b c"
    assert part(server, "env", "EMPTY", deployment=env) == b""
    assert part(server, "env", "ON", deployment=env) == Codes.ABSENT


def test_a_part_that_does_not_fit_is_not_written(server):
    guest = handle(
        """(i32.store (i32.const 1024) (call $request (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 2)))
           (i32.store (i32.const 1028) (i32.load (i32.const 2048)))
           (call $answer_numbers (i32.const 2))"""
    )
    assert server.run(guest).numbers == [3, 0]


def test_clocks_run_and_randomness_differs(server):
    clock = handle(
        """(drop (call $clock (i32.const 0) (i32.const 1024)))
           (call $wait (i64.const 20))
           (drop (call $clock (i32.const 1) (i32.const 1032)))
           (drop (call $random (i32.const 1040) (i32.const 16)))
           (i32.store (i32.const 1056) (call $clock (i32.const 2) (i32.const 2048)))
           (i32.store (i32.const 1060) (call $random (i32.const 2048) (i32.const 65537)))
           (call $answer_numbers (i32.const 10))"""
    )
    answers = [server.run(clock).body for _ in range(2)]
    wall, monotonic, _, bad_clock, too_much = struct.unpack("<QQ16sii", answers[0])
    assert abs(wall / 1e9 - time.time()) < 5 and 20e6 <= monotonic < 5e9
    assert (bad_clock, too_much) == (Codes.ARGUMENT, Codes.LIMIT)
    assert answers[0][16:32] != answers[1][16:32] and answers[0][16:32] != bytes(16)


# ---- what a function may say ----


def test_status_and_fields_are_those_the_function_sets(server):
    guest = handle(
        """(drop (call $status (i32.const 418)))
           (drop (call $header (i32.const 2048) (i32.const 12) (i32.const 2060) (i32.const 9)))
           (drop (call $header (i32.const 2069) (i32.const 7) (i32.const 2076) (i32.const 3)))
           (call $answer (i32.const 7))"""
    ) + '(data (i32.const 2048) "Content-Typetext/teapX-Fielda b")'
    answer = server.run(guest)
    assert answer.status == 418 and answer.body == struct.pack("<i", 7)
    assert answer.headers["Content-Type"] == "text/teap" and answer.headers["X-Field"] == "a b"


@pytest.mark.parametrize("status, code", [(199, Codes.ARGUMENT), (600, Codes.ARGUMENT), (100, Codes.ARGUMENT), (0, Codes.ARGUMENT), (599, 0)])
def test_only_final_statuses_can_be_set(server, status, code):
    guest = handle(f"(drop (call $answer (call $status (i32.const {status})))) (i32.const 0)")
    answer = server.run(guest)
    assert struct.unpack("<i", answer.body) == (code,) and answer.status == (status if code == 0 else 200)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_content_keeps_the_connection_usable(server, status):
    name = server.name_of(handle(f"(drop (call $status (i32.const {status}))) (call $answer (i32.const 7))"))
    with Wire(server) as wire:
        wire.send(f"GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert wire.answer().status == status
        assert wire.answer().body == b"ok\n"


def test_head_runs_the_function_and_sends_its_head_only(server):
    name = server.name_of(handle("(drop (call $status (i32.const 299))) (call $answer (i32.const 7))"))
    with Wire(server) as wire:
        wire.send(f"HEAD /f/{name} HTTP/1.1\r\nHost: h\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        head = wire.answer(has_content=False)
        assert head.status == 299 and head.headers["Content-Length"] == "4"
        assert wire.answer().body == b"ok\n"


FIELDS = {
    ("", "a"): Codes.NAME,
    ("a b", "a"): Codes.NAME,
    ("a:", "a"): Codes.NAME,
    ("a\\0d\\0aX", "a"): Codes.NAME,
    ("X", "a\\0d\\0aSet-Cookie: b"): Codes.ARGUMENT,
    ("X", "a\\0ab"): Codes.ARGUMENT,
    ("X", "a\\00b"): Codes.ARGUMENT,
    ("Content-Length", "1"): Codes.DENIED,
    ("CONNECTION", "close"): Codes.DENIED,
    ("transfer-encoding", "chunked"): Codes.DENIED,
    ("Keep-Alive", "1"): Codes.DENIED,
    ("Date", "now"): Codes.DENIED,
    ("TE", "x"): Codes.DENIED,
    ("Trailer", "x"): Codes.DENIED,
    ("Upgrade", "x"): Codes.DENIED,
    ("Inlay-Cost", "mapped=0"): Codes.DENIED,
    ("X", ""): 0,
    ("X", "é"): 0,
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_would_break_the_response_is_refused(server, field):
    name, value = field
    sizes = [len(text.replace("\\0d", "r").replace("\\0a", "n").replace("\\00", "0").encode()) for text in field]
    guest = handle(f"(call $answer (call $header (i32.const 2048) (i32.const {sizes[0]}) (i32.const 2560) (i32.const {sizes[1]})))")
    answer = server.run(guest + f'(data (i32.const 2048) "{name}") (data (i32.const 2560) "{value}")')
    assert answer.number == FIELDS[field] and answer.headers["Set-Cookie"] is None
    assert answer.headers["Content-Length"] == "4"


def test_fields_have_a_bound(server):
    guest = handle(
        """(loop $again
             (local.set $last (call $header (i32.const 2048) (i32.const 1) (i32.const 2048) (i32.const 1)))
             (local.set $count (i32.add (local.get $count) (i32.const 1)))
             (br_if $again (i32.and (i32.eqz (local.get $last)) (i32.lt_u (local.get $count) (i32.const 10000)))))
           (i32.store (i32.const 1024) (local.get $count)) (i32.store (i32.const 1028) (local.get $last))
           (call $answer_numbers (i32.const 2))""", "(local $last i32) (local $count i32)"
    ) + '(data (i32.const 2048) "X")'  # fmt: skip
    assert server.run(guest).numbers == [65, Codes.LIMIT]


# ---- logs ----


def log_lines(server, name, after=0):
    return server.request("GET", f"/v1/functions/{name}/logs?after={after}").json


def test_log_lines_are_kept_with_level_invocation_and_text(server):
    guest = handle(
        """(drop (call $log (i32.const 0) (i32.const 2048) (i32.const 5)))
           (drop (call $log (i32.const 3) (i32.const 2053) (i32.const 6)))
           (drop (call $log (i32.const 1) (i32.const 4096) (i32.const 10000)))
           (i32.store (i32.const 0) (i32.const 512))
           (i32.store (i32.const 4) (call $request (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 512) (i32.const 64)))
           (drop (call $respond (i32.const 0) (i32.const 1)))
           (call $log (i32.const 4) (i32.const 2048) (i32.const 5))"""
    ) + '(data (i32.const 2048) "firstsecond")'
    answer = server.run(guest)
    assert answer.status == 500 and str(Codes.ARGUMENT) in answer.detail
    name = server.name_of(guest)
    assert eventually(lambda: len(log_lines(server, name)["lines"]) == 3)
    page = log_lines(server, name)
    assert [(one["level"], one["text"]) for one in page["lines"][:2]] == [("debug", "first"), ("error", "second")]
    assert len(page["lines"][2]["text"]) == 4096
    assert len({one["invocation"] for one in page["lines"]}) == 1
    assert log_lines(server, name, page["lines"][1]["seq"])["lines"] == page["lines"][2:]


def test_a_trap_leaves_its_reason_and_the_lines_before_it_in_the_log(server):
    guest = handle("(drop (call $log (i32.const 1) (i32.const 64) (i32.const 6))) unreachable")
    assert server.run(guest).status == 500
    name = server.name_of(guest)
    assert eventually(lambda: len(log_lines(server, name)["lines"]) == 2)
    lines = log_lines(server, name)["lines"]
    assert lines[0]["text"] == "object" and "unreachable" in lines[1]["text"]


def test_an_invocation_logs_a_hundred_lines_at_most(server):
    guest = handle(
        """(loop $again
             (local.set $last (call $log (i32.const 1) (i32.const 64) (i32.const 6)))
             (local.set $count (i32.add (local.get $count) (i32.const 1)))
             (br_if $again (i32.and (i32.eqz (local.get $last)) (i32.lt_u (local.get $count) (i32.const 10000)))))
           (i32.store (i32.const 1024) (local.get $count)) (i32.store (i32.const 1028) (local.get $last))
           (call $answer_numbers (i32.const 2))""", "(local $last i32) (local $count i32)"
    )  # fmt: skip
    assert server.run(guest).numbers == [101, Codes.LIMIT]
    name = server.name_of(guest)
    assert eventually(lambda: len(log_lines(server, name)["lines"]) == 101)
    assert log_lines(server, name)["lines"][100]["text"] == "met a limit: kLogLinesPerInvocationMax = 100"
    for _ in range(11):
        server.run(guest)
    assert eventually(lambda: log_lines(server, name)["lines"][0]["seq"] > 100)
    assert len(log_lines(server, name)["lines"]) == 1000, "the oldest lines go first"
