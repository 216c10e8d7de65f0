"""Modules that cannot be functions: each is refused at deploy with its reason, and what was deployed before stays."""

import os
import signal
import threading
import time

import pytest

import guests
from guests import handle
from serving import eventually

ENTRY = '(func (export "inlay_handle") (result i32) (i32.const 0))'
MEMORY = '(memory (export "memory") 1)'
ENTRY_WORDS = ["inlay_handle", "() -> i32"]


def fields(text):
    return f"(module {text})".encode()


def entry(typed):
    """A module whose entry point has this type and code."""
    return fields(MEMORY + f'(func (export "inlay_handle") {typed})')


def leb(number):
    """An unsigned LEB128."""
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        out += bytes([low | (0x80 if number else 0)])
        if not number:
            return out


GOOD_BINARY = (
    b"\0asm\1\0\0\0"
    + b"\x01\x05\x01\x60\0\x01\x7f"  # type: () -> i32
    + b"\x03\x02\x01\0"
    + b"\x05\x03\x01\0\x01"  # memory of one page
    + b"\x07\x19\x02\x06memory\x02\0\x0cinlay_handle\0\0"
    + b"\x0a\x06\x01\x04\0\x41\0\x0b"
)

# Module -> words that the reason must hold.
BAD = {
    "an empty body": (b"", []),
    "text that is no module": (b"hello", []),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(100), []),
    "a component": (b"\0asm\x0d\0\1\0", []),
    "another version": (b"\0asm\2\0\0\0", []),
    "only the magic": (b"\0asm", []),
    "a section longer than the file": (b"\0asm\1\0\0\0\x01\xff\xff\xff\xff\x0f", []),
    "text with a syntax error": (b"(module (func", []),
    "code that does not validate": (fields(MEMORY + ENTRY + "(func (result i32) (i64.const 1))"), []),
    "no memory": (fields(ENTRY), ["memory"]),
    "a memory that is not exported": (fields("(memory 1)" + ENTRY), ["memory"]),
    "a function as memory": (fields('(func (export "memory"))' + ENTRY), ["memory"]),
    "a 64-bit memory": (fields('(memory (export "memory") i64 1)' + ENTRY), ["64"]),
    "a shared memory": (fields('(memory (export "memory") 1 2000 shared)' + ENTRY), ["shared"]),
    "a maximum without room for windows": (fields('(memory (export "memory") 1 2)' + ENTRY), ["maximum", "--max-memory"]),
    "a maximum equal to the initial size": (fields('(memory (export "memory") 20 20)' + ENTRY), ["maximum", "--max-memory"]),
    "more memory than the limit": (fields('(memory (export "memory") 16385)' + ENTRY), ["memory"]),
    "two memories": (fields(MEMORY + "(memory 1)" + ENTRY), []),
    "no entry point": (fields(MEMORY + '(func (export "main"))'), ["inlay_handle", "_start"]),
    "a command with a parameter": (fields(MEMORY + '(func (export "_start") (param i32))'), ["_start must have the type"]),
    "an entry point with a parameter": (entry("(param i32) (result i32) (i32.const 0)"), ENTRY_WORDS),
    "an entry point without a result": (entry(""), ENTRY_WORDS),
    "an entry point with another result": (entry("(result i64) (i64.const 0)"), ENTRY_WORDS),
    "an entry point with two results": (entry("(result i32 i32) (i32.const 0) (i32.const 0)"), ENTRY_WORDS),
    "a global as entry point": (fields(MEMORY + '(global (export "inlay_handle") i32 (i32.const 0))'), ["inlay_handle"]),
    "an initializer with a result": (fields(MEMORY + ENTRY + '(func (export "_initialize") (result i32) (i32.const 0))'), ["_initialize"]),
    "an import of another host": (fields('(import "wasi_snapshot_preview1" "fd_write" (func (param i32)))' + MEMORY + ENTRY), ["wasi_snapshot_preview1", "fd_write"]),
    "an unknown import of ours": (fields('(import "inlay" "teleport" (func))' + MEMORY + ENTRY), ["inlay", "teleport"]),
    "a known import of another type": (fields('(import "inlay" "map" (func (param i32) (result i32)))' + MEMORY + ENTRY), ["inlay", "map"]),
    "an imported memory": (fields('(import "env" "memory" (memory 1)) (export "memory" (memory 0))' + ENTRY), ["env", "memory"]),
    "an imported table": (fields('(import "env" "table" (table 1 funcref))' + MEMORY + ENTRY), ["env", "table"]),
    "an imported global": (fields('(import "env" "base" (global i32))' + MEMORY + ENTRY), ["env", "base"]),
    # What no instance could be made of.
    "a table that is too large": (fields(MEMORY + "(table 20001 funcref)" + ENTRY), []),
    "too many tables": (fields(MEMORY + "(table 1 funcref)" * 5 + ENTRY), []),
    "too many globals": (fields(MEMORY + "(global (mut i64) (i64.const 0))" * 140_000 + ENTRY), []),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_module_is_refused_at_deploy_with_its_reason(server, name):
    module, words = BAD[name]
    function = "bad-" + name.replace(" ", "-")
    answer = server.try_deploy(function, module)
    assert answer.status == 422 and answer.problem == "bad-module", answer
    assert all(word in answer.detail for word in words), answer.detail
    assert server.invoke(function).status == 404


def test_a_bad_module_leaves_the_deployed_one_in_place(server):
    server.deploy("stays", GOOD_BINARY)
    described = server.request("GET", "/v1/functions/stays").json
    for module, _ in list(BAD.values())[:12]:
        assert server.try_deploy("stays", module).status == 422
    assert server.invoke("stays").status == 200
    assert server.request("GET", "/v1/functions/stays").json["version"] == described["version"]


def test_no_truncation_of_a_module_is_taken(server):
    server.deploy("whole", GOOD_BINARY)
    assert server.invoke("whole").status == 200
    for length in range(len(GOOD_BINARY)):
        answer = server.try_deploy("truncated", GOOD_BINARY[:length])
        assert answer.status == 422 and answer.problem == "bad-module", length


def test_a_module_of_exactly_64_mib_is_looked_at_and_one_byte_more_is_not(server):
    """Padded by a custom section, which means nothing."""
    size = 64 << 20
    room = size - len(GOOD_BINARY) - 1 - 5 - 2
    padded = GOOD_BINARY + b"\0" + leb(room + 2 + (5 - len(leb(room + 2)))) + b"\1p" + bytes(room + (5 - len(leb(room + 2))))
    assert len(padded) == size
    assert server.deploy("padded", padded).json["module_bytes"] == size
    answer = server.try_deploy("oversized", padded + b"\0")
    assert answer.status in (413, 422) and str(size) in answer.detail
    assert server.invoke("padded").status == 200 and server.invoke("oversized").status == 404


def test_a_maximum_that_leaves_room_for_windows_is_taken(server):
    module = guests.module(guests.ECHO, '(memory (export "memory") 2 8192)')
    server.deploy("roomy", module)
    body = bytes(range(256)) * 256 * 4
    assert server.invoke("roomy", body=body).body == body


def test_a_module_larger_than_the_memory_it_was_given_is_refused(server):
    module = guests.module(handle("(call $answer (i32.const 7))"), '(memory (export "memory") 17)')
    answer = server.try_deploy("tight", module, {"memory_bytes": 1 << 20})
    assert answer.status == 422 and "memory" in answer.detail
    assert server.deploy("tight", module, {"memory_bytes": 17 << 16}) and server.invoke("tight").number == 7


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


def slow_to_compile(functions=150, steps=20_000):
    """A good module with much code behind its entry point, that is never called."""
    body = b"\0" + b"\x20\0\x20\0\x6c\x41\x07\x77\x22\0\x1a" * steps + b"\x20\0\x0b"
    entry = b"\x04\0\x41\0\x0b"
    return (
        b"\0asm\1\0\0\0"
        + section(1, b"\x02\x60\0\x01\x7f\x60\x01\x7f\x01\x7f")  # types: () -> i32, (i32) -> i32
        + section(3, leb(functions + 1) + b"\0" + b"\1" * functions)
        + section(5, b"\1\0\1")
        + section(7, b"\x02\x06memory\x02\0\x0cinlay_handle\0\0")
        + section(10, leb(functions + 1) + entry + (leb(len(body)) + body) * functions)
    )


def test_a_compiler_that_dies_fails_its_deploy_and_nothing_else(server):
    """And while it works, everybody else is served."""
    server.deploy("compiled", GOOD_BINARY)
    answers = []
    deploy = threading.Thread(target=lambda: answers.append(server.try_deploy("compiled", slow_to_compile())))
    deploy.start()
    compilers = lambda: [pid for pid, name in server.children().items() if name == "inlay-compile"]  # noqa: E731
    assert eventually(compilers, 5)
    begun = time.monotonic()
    for worker in server.connections_by_worker().values():
        assert worker.request("PUT", "/o/compiled/beside", b"x").status in (200, 201)
        assert worker.request("GET", "/f/compiled").status == 200
    server.deploy("compiled-beside", GOOD_BINARY)
    assert time.monotonic() - begun < 1 and not answers and compilers(), "the compiler was done too early to tell"
    os.kill(compilers()[0], signal.SIGKILL)
    deploy.join()
    assert answers[0].status == 422 and answers[0].problem == "bad-module" and "compiled" in answers[0].detail
    assert server.invoke("compiled").status == 200
    assert server.request("GET", "/v1/functions/compiled").json["module_bytes"] == len(GOOD_BINARY)


@pytest.mark.parametrize(
    "where, name", [("(start $spin)", "start"), ('(export "_initialize" (func $spin))', "initialize")], ids=["start", "_initialize"]
)
def test_a_start_that_spins_is_ended_at_the_deadline(lone, where, name):
    text = f"(func $spin (loop $again (br $again))) {where}" + handle("(i32.const 0)")
    lone.deploy("spins-in-" + name, guests.module(text), {"timeout_ms": 200})
    answer = lone.invoke("spins-in-" + name)
    assert answer.status == 504 and answer.problem == "function-timed-out"


@pytest.mark.parametrize("where", ["(start $bad)", '(export "_initialize" (func $bad))'], ids=["start", "_initialize"])
@pytest.mark.parametrize("what", ["unreachable", "(call $bad)", "(i32.store (i32.const -4) (i32.const 0))"], ids=["trap", "recursion", "bounds"])
def test_a_start_that_traps_is_a_500(lone, where, what):
    answer = lone.run(f"(func $bad {what}) {where}" + handle("(i32.const 0)"))
    assert answer.status == 500 and answer.problem == "function-trapped"


def test_a_start_that_calls_the_host_harms_nobody(lone, noise):
    """The start function runs before the memory is known to the host; _initialize and the entry run after."""
    body = noise(40_000)
    text = """(func $all
        (drop (call $request (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 512) (i32.const 64)))
        (drop (call $body (i32.const 16)))
        (drop (call $open (i32.const 64) (i32.const 6) (i32.const 16)))
        (drop (call $map (i32.const 0) (i64.const 0) (i64.const 40000) (i32.const 0) (i32.const 32)))
        (drop (call $output (i64.const 100000) (i32.const 32)))
        (drop (call $unmap (i32.const 65536)))
        (drop (call $status (i32.const 200)))
        (drop (call $header (i32.const 64) (i32.const 6) (i32.const 64) (i32.const 6)))
        (drop (call $publish (i32.const 64) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 1)))
        (drop (call $log (i32.const 1) (i32.const 64) (i32.const 6)))
        (drop (call $clock (i32.const 1) (i32.const 40)))
        (drop (call $random (i32.const 1024) (i32.const 64)))
        (drop (call $cost (i32.const 1024))))"""
    for where in ("(start $all)", '(export "_initialize" (func $all))'):
        answer = lone.run(f"{text} {where} {guests.ECHO}", body=body)
        assert answer.status == 200 and answer.body == body, where
