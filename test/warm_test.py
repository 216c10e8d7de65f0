"""Warm starts: a module that is initialised once, at deploy, and what it may do then."""

import subprocess
import time

import pytest

import guests
from serving import INLAY, Server

# Counts in its own memory how often it was initialised, and takes long for it.
SLOW = """(module (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func (export "_initialize") (local $i i32)
    (loop $spin (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $spin (i32.lt_u (local.get $i) (i32.const 20000000))))
    (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1))))
  (func (export "inlay_warm") (global.set $count (i32.const 40)))
  (func (export "inlay_handle") (result i32) (i32.add (i32.load (i32.const 1024)) (global.get $count))))"""


def failed_code(answer):
    assert answer.json["type"].endswith("function-failed"), answer.body.decode()
    return int(answer.json["detail"].split("returned ")[1].split(";")[0])


def test_a_warm_function_begins_initialised(server):
    cold, warm = server.name_of(SLOW), server.name_of(SLOW, {"warm": 1})
    assert server.request("GET", f"/v1/functions/{warm}").json["warm"] is True
    assert server.request("GET", f"/v1/functions/{cold}").json["warm"] is False
    assert [failed_code(server.invoke(cold)) for _ in range(2)] == [1, 1], "nobody calls inlay_warm without a snapshot"
    assert [failed_code(server.invoke(warm)) for _ in range(3)] == [41, 41, 41], "each from the same image"


def test_a_warm_function_is_so_after_a_restart_and_in_lanes(data):
    with Server(data) as first:
        name = first.name_of(SLOW, {"warm": 1, "class": "heavy"})
        assert failed_code(first.invoke(name)) == 41
    with Server(data) as second:
        assert failed_code(second.invoke(name)) == 41


def test_run_initialises_as_a_deploy_does(tmp_path):
    (tmp_path / "slow.wat").write_text(SLOW)
    (tmp_path / "no.wat").write_bytes(guests.module('(func (export "inlay_warm") unreachable)' + guests.ECHO))

    def run(name, *options):
        ended = subprocess.run([INLAY, "run", tmp_path / name, *options], capture_output=True, text=True)
        return ended.returncode, ended.stderr

    for name, options, code, words in (
        ("slow.wat", [], 1, "returned 1;"),
        ("slow.wat", ["--warm"], 1, "returned 41;"),
        ("no.wat", ["--warm"], 1, "cannot be initialised at deploy"),
    ):
        ended, said = run(name, *options)
        assert ended == code and words in said, (name, options, said)
    assert run("no.wat") == (0, "")


@pytest.mark.parametrize("module, words", [
    (guests.module('(func (export "_initialize") unreachable)' + guests.ECHO).decode(), "cannot be initialised at deploy"),
    ('(module (import "inlay" "body" (func $body (param i32) (result i32))) (memory (export "memory") 1)'
     ' (func (export "_initialize") (drop (call $body (i32.const 0)))) (func (export "inlay_handle") (result i32) (i32.const 0)))',
     'body of "inlay" cannot be called while the module is initialised'),
    ('(module (memory (export "memory") 1) (func (export "_start")))', "a WASI command"),
    ('(module (memory (export "memory") 1) (table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))'
     ' (func (export "inlay_handle") (result i32) (i32.const 0)))', "table.set"),
])
def test_what_cannot_be_initialised_is_refused_with_the_reason(server, module, words):
    refused = server.request("PUT", "/v1/functions/not-warm?warm=1", body=module.encode())
    assert refused.status == 422 or refused.status == 400, refused.body
    assert words in refused.json["detail"] and "--warm" in refused.json["detail"], refused.body
    assert server.request("GET", "/v1/functions/not-warm").status == 404


def test_randomness_and_clocks_are_of_each_invocation(server):
    # What the module draws and reads at its start is kept; what it asks for later is new.
    start = """(func (export "inlay_warm") (drop (call $random (i32.const 2048) (i32.const 16))) (drop (call $clock (i32.const 0) (i32.const 2064))))"""
    drawn = """(memory.copy (i32.const 1024) (i32.const 2048) (i32.const 24)) (drop (call $random (i32.const 1048) (i32.const 16)))
               (drop (call $clock (i32.const 0) (i32.const 1064))) (call $answer_numbers (i32.const 12))"""
    name = server.name_of(start + guests.handle(drawn), {"warm": 1})
    bodies = []
    for _ in range(4):
        bodies.append(server.invoke(name).body)
        time.sleep(0.02)
    assert len({body[:24] for body in bodies}) == 1, "one start"
    assert len({body[24:40] for body in bodies}) == 4, "randomness"
    times = [int.from_bytes(body[40:48], "little") for body in bodies]
    began = int.from_bytes(bodies[0][16:24], "little")
    assert sorted(set(times)) == times and began < times[0], "the clock goes on"


def test_large_sparse_memory_is_an_image_that_is_shared(server):
    # One word in each 16 KiB of 48 MiB: by density it would be copied for each instance.
    fill = """(local $at i32) (loop $more (i32.store (local.get $at) (i32.const 7)) (local.set $at (i32.add (local.get $at) (i32.const 16384)))
                (br_if $more (i32.lt_u (local.get $at) (i32.const 50331648))))"""
    module = f"""(module (memory (export "memory") 800) (func (export "inlay_warm") {fill})
                  (func (export "inlay_handle") (result i32) (i32.sub (i32.load (i32.const 32768)) (i32.const 7))))"""
    name = server.name_of(module, {"warm": 1})
    for _ in range(3):
        answer = server.invoke(name, headers={"Inlay-Cost": "?1"})
        cost = dict(pair.strip().split("=") for pair in answer.headers["Inlay-Cost"].split(","))
        assert answer.status == 200 and int(cost["private"]) <= 64 << 10, cost
