"""Functions that spawn others: in one process or in many, whatever becomes of them and of who waits for them."""

import os
import pathlib
import signal
import threading
import time

import pytest

from calls_test import CALL, CLASSES, HELPERS, deploy
from guests import COMMON, IMPORTS, handle
from serving import Server, eventually

SPAWN = CALL + """
  (import "inlay" "close" (func $close (param i32) (result i32)))
  (import "inlay" "spawn" (func $spawn (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "inlay" "wait" (func $wait_for (param i32 i32) (result i32)))
  (import "inlay" "wait_any" (func $wait_any (param i32 i32 i32) (result i32)))
"""
# Takes the first byte of a result to the place of its number, or "!" where there is none.
TAKE_BYTE = """
  (func $take_byte (param $number i32) (param $code i32)
    (i32.store8 (i32.add (i32.const 8192) (local.get $number)) (i32.const 33))
    (if (i32.eqz (local.get $code)) (then
      (drop (call $map (i32.load (i32.const 1548)) (i64.const 0) (i64.const 1) (i32.const 0) (i32.const 1616)))
      (i32.store8 (i32.add (i32.const 8192) (local.get $number)) (i32.load8_u (i32.load (i32.const 1616))))
      (drop (call $unmap (i32.load (i32.const 1616))))))
    (drop (call $close (i32.load (i32.const 1548)))))
  ;; One child for each byte of the input.
  (func $spawn_all (local $i i32)
    (drop (call $input))
    (drop (call $part (i32.const 96) (i32.const 1024)))
    (loop $again
      (i32.store (i32.const 1600) (i32.add (i32.load (i32.const 32)) (local.get $i)))
      (i32.store (i32.const 1604) (i32.const 1))
      (if (i32.lt_s (call $spawn (i32.const 1024) (call $part (i32.const 96) (i32.const 1024)) (i32.const 0) (i32.const 0) (i32.const 1600) (i32.const 1))
                    (i32.const 0)) (then unreachable))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.load (i32.const 36))))))
  (func $answer_bytes (result i32)
    (i32.store (i32.const 8) (i32.const 8192)) (i32.store (i32.const 12) (i32.load (i32.const 36)))
    (call $respond (i32.const 8) (i32.const 1)))
"""


def spawns(fields):
    return f'(module {IMPORTS} {SPAWN} (memory (export "memory") 2) {COMMON} {HELPERS} {TAKE_BYTE} {fields})'.encode()


FAN = spawns(handle("""
  (call $spawn_all)
  (loop $again
    (call $take_byte (local.get $i) (call $wait_for (local.get $i) (i32.const 1536)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $i) (i32.load (i32.const 36)))))
  (call $answer_bytes)""", "(local $i i32)"))
ANY = spawns(handle("""
  (call $spawn_all)
  (loop $again
    (local.set $which (call $wait_any (i32.const 0) (i32.const 0) (i32.const 1536)))
    (if (i32.ge_s (local.get $which) (i32.const 0)) (then
      (call $take_byte (local.get $which) (i32.load (i32.const 1536)))
      (br $again))))
  (call $answer_bytes)""", "(local $which i32)"))
UNWAITED = spawns(handle("(call $spawn_all) (i32.const 0)"))
ECHO = handle("(drop (call $input)) (call $respond (i32.const 32) (i32.const 1))")


def slow(milliseconds):
    return handle(f"(call $wait (i64.const {milliseconds})) (drop (call $input)) (call $respond (i32.const 32) (i32.const 1))")


def processor_seconds(pids):
    used = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def are_busy(pids):
    before = processor_seconds(pids)
    time.sleep(0.4)
    return processor_seconds(pids) - before > 0.1


@pytest.fixture
def server(data):
    with Server(data, workers=1) as made:
        yield made
        assert made.stop() == 0


@CLASSES
@pytest.mark.parametrize("guest", [FAN, ANY], ids=["wait", "wait_any"])
@pytest.mark.parametrize("children", [1, 50, 1000])
def test_each_child_gives_its_own(server, run_class, guest, children, noise):
    deploy(server, "fan", guest, run_class)
    deploy(server, "echo", ECHO)
    body = noise(children)
    assert server.invoke("fan", {"f": "echo"}, body).body == body
    assert server.metrics()["inlay_calls_total"] >= children


def test_those_that_take_long_run_side_by_side(server):
    deploy(server, "fan", FAN, "heavy")
    deploy(server, "slow", slow(400), "heavy")
    assert server.invoke("fan", {"f": "slow"}, b"ab").body == b"ab"
    before = server.metrics()["inlay_lane_invocations_total"]
    begin = time.monotonic()
    assert server.invoke("fan", {"f": "slow"}, b"abcd").body == b"abcd"
    took = time.monotonic() - begin
    assert server.metrics()["inlay_lane_invocations_total"] - before >= 3, "its own lane, and those of others"
    assert took < 1.45, f"{took} s for four that take 0.4 s each"


@pytest.mark.parametrize("isolated", [0, 1])
def test_more_of_them_than_lanes_that_wait_for_each_other_all_end(server, isolated):
    deploy(server, "fan", FAN, "heavy")
    deploy(server, "slow", slow(20), "heavy", isolate=isolated)
    answers = []
    clients = [threading.Thread(target=lambda: answers.append(server.invoke("fan", {"f": "slow"}, b"abcdefgh").body)) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [b"abcdefgh"] * 8


@pytest.mark.parametrize("isolated_caller", [0, 1])
def test_isolated_functions_call_and_are_called_in_processes_of_their_own(server, isolated_caller):
    deploy(server, "fan", FAN, "heavy", isolate=isolated_caller)
    deploy(server, "echo", ECHO)
    deploy(server, "apart", ECHO, "heavy", isolate=1)
    assert server.invoke("fan", {"f": "echo"}, b"abcdefghijklm").body == b"abcdefghijklm"
    assert server.invoke("fan", {"f": "apart"}, b"abc").body == b"abc"


def test_large_results_come_back_where_they_lie(server, noise):
    """Through a lane of its own, and by it the very pages that came."""
    deploy(server, "pass", spawns(handle("""
      (drop (call $input))
      (if (i32.ne (call $spawn (i32.const 1024) (call $part (i32.const 96) (i32.const 1024)) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 1))
                  (i32.const 0)) (then unreachable))
      (if (call $wait_for (i32.const 0) (i32.const 1536)) (then unreachable))
      (call $take) (call $respond (i32.const 32) (i32.const 1))""")), "heavy")
    deploy(server, "apart", ECHO, "heavy", isolate=1)
    body = noise(4 << 20)
    answer = server.request("POST", "/f/pass?f=apart", body, {"Inlay-Cost": "?1"})
    assert answer.body == body
    assert answer.cost["mapped"] == 3 * len(body) and answer.cost["copied"] <= 16 * 1024


@CLASSES
def test_what_nobody_waits_for_has_no_effect(server, run_class):
    writes = """(data (i32.const 2048) "tree/child")""" + handle("""
      (drop (call $input))
      (drop (call $publish (i32.const 2048) (i32.const 10) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 1)))
      (call $respond (i32.const 32) (i32.const 1))""")
    deploy(server, "writes", writes)
    deploy(server, "leaves", UNWAITED, run_class)
    deploy(server, "fan", FAN, run_class)
    assert server.invoke("leaves", {"f": "writes"}, b"abc").status == 200
    time.sleep(0.2)
    assert server.get("tree/child").status == 404
    assert server.invoke("fan", {"f": "writes"}, b"abc").status == 200
    assert server.get("tree/child").body == b"c"


def test_what_a_caller_spawned_ends_with_it(server):
    deploy(server, "fan", FAN, "heavy", timeout_ms=700)
    deploy(server, "endless", handle("(loop $again (br $again)) (i32.const 0)"), "heavy")
    answer = server.invoke("fan", {"f": "endless"}, b"abc")
    assert answer.status == 504 or answer.body == b"!!!", "their time ends with its own, or a moment before"
    assert eventually(lambda: not are_busy(server.lane_pids()), 5), "nothing of it goes on"


def test_a_lane_that_dies_under_a_child_is_an_ending_of_that_child(server):
    deploy(server, "fan", ANY, "heavy")
    deploy(server, "slow", slow(1500), "heavy")
    answers = []
    client = threading.Thread(target=lambda: answers.append(server.invoke("fan", {"f": "slow"}, b"ab")))
    client.start()
    assert eventually(lambda: len(server.lane_pids()) >= 2)
    time.sleep(0.3)
    os.kill(max(server.lane_pids()), signal.SIGKILL)
    client.join()
    assert answers[0].status in (200, 502)
    if answers[0].status == 200:
        assert sorted(answers[0].body) == sorted(b"!b") or sorted(answers[0].body) == sorted(b"a!")


def test_a_worker_that_dies_takes_all_with_it_and_nothing_has_happened(server):
    deploy(server, "fan", FAN, "heavy")
    deploy(server, "slow", slow(2000), "heavy")
    done = []

    def ask():
        try:
            done.append(server.invoke("fan", {"f": "slow"}, b"abcd").status)
        except OSError:
            done.append(None)

    client = threading.Thread(target=ask)
    client.start()
    assert eventually(lambda: len(server.lane_pids()) >= 2)
    lanes = server.lane_pids()
    os.kill(server.worker_pids()[0], signal.SIGKILL)
    client.join()
    assert done == [None]
    assert eventually(lambda: not set(lanes) & set(server.lane_pids()), 5)
