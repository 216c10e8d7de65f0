"""The command `inlay inspect`: what a module is and whether it can be deployed, without a server."""

import json
import subprocess

import pytest

import guests
from serving import EXAMPLES, INLAY


def inspect(path, *options):
    return subprocess.run([INLAY, "inspect", str(path), *options], capture_output=True, text=True)


@pytest.mark.parametrize("name, kind", [("noop", "function"), ("wc", "stream function"), ("wordfreq", "function")])
def test_examples_can_be_deployed(name, kind):
    shown = inspect(EXAMPLES / f"{name}.wasm")
    assert shown.returncode == 0 and shown.stdout.startswith(f"{EXAMPLES / name}.wasm: {kind}, ") and shown.stdout.endswith("  it can be deployed\n")
    facts = json.loads(inspect(EXAMPLES / f"{name}.wasm", "--json").stdout)
    assert facts["deployable"] and facts["kind"] == kind and all(one["known"] for one in facts["imports"])
    assert "inlay_handle" in [one["name"] for one in facts["exports"]]


@pytest.mark.parametrize("module, said", [
    (b'(module (import "env" "puts" (func)) (memory (export "memory") 1) (func (export "inlay_handle") (result i32) (i32.const 0)))', "unknown  env.puts"),
    (b'(module (import "wasi_snapshot_preview1" "fd_write" (func)) (memory (export "memory") 1) (func (export "_start")))', "incompatible import type"),
    (b'(module (memory (export "memory") 1 1) (func (export "inlay_handle") (result i32) (i32.const 0)))', "without --max-memory"),
    (b'(module (import "wasi_unstable" "fd_write" (func)) (memory (export "memory") 1) (func (export "_start")))', "it is of another WASI"),
    (b'(module (import "env" "__linear_memory" (memory 1)) (func (export "inlay_handle") (result i32) (i32.const 0)))', "this is an object file"),
    (b'(module (memory (export "memory") 1) (func (export "inlay_warm") (param i32)) (func (export "inlay_handle") (result i32) (i32.const 0)))', "inlay_warm must have the type"),
    (b'(module (memory (export "memory") 1) (tag) (func (export "inlay_handle") (result i32) (i32.const 0)))', "-fno-exceptions"),
    (b"(module)", "it cannot be deployed"),
    (b"\0asm\x0d\0\1\0", "component"),
    (b"no module", "it cannot be deployed"),
    (b"", "it cannot be deployed"),
])
def test_what_cannot_be_deployed_says_why_and_what_to_do(server, tmp_path, module, said):
    path = tmp_path / "module.wasm"
    path.write_bytes(module)
    shown = inspect(path)
    assert shown.returncode == 1 and said in shown.stdout, shown
    refused = server.try_deploy("inspected", module)
    assert refused.problem == "bad-module"


def test_its_memory_is_held_against_the_limit_that_it_is_to_have(tmp_path):
    path = tmp_path / "large.wat"
    path.write_bytes(guests.module(guests.ECHO, '(memory (export "memory") 2000)'))
    assert inspect(path).returncode == 0
    assert "deploy with more memory" in inspect(path, "--memory", "64MiB").stdout


def test_a_module_that_its_child_dies_of_is_an_error(tmp_path):
    path = tmp_path / "vector.wat"
    path.write_text('(module (memory (export "memory") 1) (func (export "f") (param v128)))')
    shown = inspect(path)
    assert shown.returncode == 1 and "the compiler ended with" in shown.stderr, shown


def test_what_is_no_file_is_wrong_use():
    assert inspect("/absent/module.wasm").returncode == 2
