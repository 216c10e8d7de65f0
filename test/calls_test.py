"""Functions that call functions: in a worker and in a lane, with what goes to them and comes back left where it lies."""

import os
import random
import signal
import struct
import threading
import time

import pytest

from guests import COMMON, IMPORTS, Codes, handle
from serving import Server, eventually

CALL = '(import "inlay" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32) (result i32)))'
# Gives ?f= (at 1024) the input at 32 and the query ?q= (at 1280); the result lies at 1536. Gives the code.
HELPERS = """
  (data (i32.const 96) "fq")
  (func $part (param $name i32) (param $to i32) (result i32)
    (local $length i32)
    (local.set $length (call $request (i32.const 5) (local.get $name) (i32.const 1) (local.get $to) (i32.const 256)))
    (select (local.get $length) (i32.const 0) (i32.gt_s (local.get $length) (i32.const 0))))
  (func $ask (param $ranges i32) (param $count i32) (result i32)
    (call $call (i32.const 1024) (call $part (i32.const 96) (i32.const 1024))
                (i32.const 1280) (call $part (i32.const 97) (i32.const 1280))
                (local.get $ranges) (local.get $count) (i32.const 1536)))
  ;; Maps the first piece of the result to 32.
  (func $take
    (drop (call $map (i32.load (i32.const 1548)) (i64.const 0) (i64.load (i32.const 1560)) (i32.const 0) (i32.const 32))))
"""
CLASSES = pytest.mark.parametrize("run_class", ["express", "heavy"])


def calls(fields):
    return f'(module {IMPORTS} {CALL} (memory (export "memory") 2) {COMMON} {HELPERS} {fields})'.encode()


# Hands its input on and gives back what comes.
PASS_ON = calls(handle("""
  (drop (call $input))
  (if (call $ask (i32.const 32) (i32.const 1)) (then unreachable))
  (call $take)
  (call $respond (i32.const 32) (i32.const 1))"""))
# Answers with the ending, the code, the status of what it calls, and the text or the first bytes.
TELL = calls(handle("""
  (drop (call $input))
  (i32.store (i32.const 1024) (call $ask (i32.const 32) (i32.const 1)))
  (call $take)
  (i32.store (i32.const 8) (i32.const 1536)) (i32.store (i32.const 12) (i32.const 12))
  (i32.store (i32.const 16) (i32.load (i32.const 32))) (i32.store (i32.const 20) (i32.load (i32.const 36)))
  (call $respond (i32.const 8) (i32.const 2))"""))
CODE = calls(handle("(call $answer (call $ask (i32.const 32) (i32.const 0)))"))


@pytest.fixture
def server(data):
    with Server(data, workers=1) as made:
        yield made
        assert made.stop() == 0


def deploy(server, name, fields, run_class="express", **options):
    server.deploy(name, fields if isinstance(fields, bytes) else calls(fields), {"class": run_class, **options})


def numbers(body, count):
    return list(struct.unpack_from(f"<{count}i", body))


def lanes_of(server):
    return server.metrics()["inlay_lane_invocations_total"]


@CLASSES
def test_a_function_gives_its_input_on_and_no_byte_is_copied(server, run_class, noise):
    deploy(server, "pass", PASS_ON, run_class)
    deploy(server, "echo", handle("(drop (call $input)) (call $respond (i32.const 32) (i32.const 1))"))
    body = noise(1 << 20)
    before = lanes_of(server)
    answer = server.request("POST", "/f/pass?f=echo", body, {"Inlay-Cost": "?1"})
    assert answer.status == 200 and answer.body == body
    assert answer.cost["mapped"] == 3 * len(body)
    assert answer.cost["copied"] <= 16 * 1024, "the first bytes of a body may come with its head"
    assert server.metrics()["inlay_calls_total"] >= 1, "more where an attempt was too long"
    assert lanes_of(server) - before >= (run_class == "heavy")


@CLASSES
def test_calls_nest(server, run_class, noise):
    deploy(server, "echo", handle("(drop (call $input)) (call $respond (i32.const 32) (i32.const 1))"))
    body = noise(100_000)
    nested = calls("""
      (data (i32.const 2048) "f=echo") (data (i32.const 2064) "middle")""" + handle("""
      (drop (call $input))
      (if (call $call (i32.const 2064) (i32.const 6) (i32.const 2048) (i32.const 6) (i32.const 32) (i32.const 1) (i32.const 1536)) (then unreachable))
      (call $take) (call $respond (i32.const 32) (i32.const 1))"""))
    deploy(server, "middle", PASS_ON)
    deploy(server, "outer", nested, run_class)
    assert server.invoke("outer", body=body).body == body
    assert server.metrics()["inlay_calls_total"] >= 2, "more where an attempt was too long"


@CLASSES
def test_each_ending_is_told(server, run_class):
    deploy(server, "tell", TELL, run_class)
    deploy(server, "code", CODE, run_class)
    deploy(server, "fails", handle("(i32.const 9)"))
    deploy(server, "traps", handle("unreachable"))
    deploy(server, "spins", handle("(loop $again (br $again)) (i32.const 0)"), timeout_ms=100)
    deploy(server, "apart", handle("(i32.const 0)"), "heavy", isolate=1)
    for name, ending, code, text in [("fails", 1, 9, "returned 9"), ("traps", 2, 0, "unreachable"), ("spins", 3, 0, "100 ms")]:
        answer = server.invoke("tell", {"f": name}, b"x")
        assert answer.status == 200, answer.body
        assert numbers(answer.body, 2) == [ending, code] and text in answer.body[12:].decode()
    assert server.invoke("code", {"f": "absent"}).number == Codes.ABSENT
    assert server.invoke("code", {"f": ".bad/"}).number == Codes.NAME
    assert server.invoke("code", {"f": "apart"}).number == 0, "in a process of its own"
    deploy(server, "code", CODE, "heavy", isolate=1)
    assert server.invoke("code", {"f": "fails"}).number == Codes.CALLEE
    assert server.invoke("code", {"f": "apart"}).number == 0


@CLASSES
def test_the_whole_tree_happens_or_nothing_does(server, run_class):
    writes = """(data (i32.const 2048) "tree/inner")"""
    publish = "(drop (call $publish (i32.const 2048) (i32.const 10) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 0)))"
    deploy(server, "writes", writes + handle(publish + "(i32.const 0)"))
    then = {"completes": "(i32.const 0)", "fails": "(i32.const 1)", "traps": "unreachable"}
    for name, end in then.items():
        deploy(server, name, handle("(if (call $ask (i32.const 32) (i32.const 0)) (then unreachable))" + end), run_class)
    for name in ("fails", "traps"):
        assert server.invoke(name, {"f": "writes"}).status == 500
        assert server.get("tree/inner").status == 404
    assert server.invoke("completes", {"f": "writes"}).status == 200
    assert server.get("tree/inner").status == 200


@CLASSES
def test_limits_and_accounts_are_the_callees_own(server, run_class):
    deploy(server, "code", CODE, run_class)
    deploy(server, "tell", TELL, run_class)
    deploy(server, "one", handle("(call $wait (i64.const 1)) (i32.const 0)"), concurrency=1)
    for _ in range(20):
        assert server.invoke("code", {"f": "one"}).number == 0, "its place is given back each time"
    deploy(server, "seldom", handle("(i32.const 0)"), rate=1)
    answers = [server.invoke("tell", {"f": "seldom"}, b"x").body for _ in range(3)]
    assert any(numbers(answer, 1) == [4] and b"rate" in answer for answer in answers), answers
    used = {name: server.request("GET", f"/v1/functions/{name}").json["usage"]["cpu_us"] for name in ("one", "code")}
    assert used["one"] > 20 * 2000 and used["one"] > used["code"], used


@CLASSES
def test_its_log_is_the_callees(server, run_class):
    deploy(server, "code", CODE, run_class)
    deploy(server, "says", """(data (i32.const 2048) "hello")""" + handle("(drop (call $log (i32.const 1) (i32.const 2048) (i32.const 5))) unreachable"))
    assert server.invoke("code", {"f": "says"}).number == Codes.CALLEE

    def lines(name):
        return server.request("GET", f"/v1/functions/{name}/logs").body.decode()

    assert eventually(lambda: "hello" in lines("says") and "unreachable" in lines("says"))
    assert "hello" not in lines("code")


@CLASSES
def test_a_new_version_is_called_at_once(server, run_class):
    deploy(server, "code", CODE, run_class)
    deploy(server, "tell", TELL, run_class)
    for number in range(5):
        deploy(server, "changes", handle(f"(i32.const {number + 1})"))
        assert numbers(server.invoke("tell", {"f": "changes"}, b"x").body, 2) == [1, number + 1]


def test_an_overrun_of_a_callee_moves_all_of_it_to_a_lane(server):
    deploy(server, "code", CODE, "auto")
    deploy(server, "slow", handle("(call $wait (i64.const 5)) (i32.const 0)"), "auto")
    assert server.invoke("code", {"f": "slow"}).number == 0
    metrics = server.metrics()
    assert metrics["inlay_express_overruns_total"] == 1 and metrics["inlay_lane_invocations_total"] == 1
    assert server.invoke("code", {"f": "slow"}).number == 0
    assert server.metrics()["inlay_express_overruns_total"] == 1, "the caller has been learned"


def test_a_lane_that_dies_in_a_call_is_a_502_and_gives_the_place_back(server):
    deploy(server, "code", CODE, "heavy")
    deploy(server, "long", handle("(call $wait (i64.const 3000)) (i32.const 0)"), concurrency=1)
    answers = []
    client = threading.Thread(target=lambda: answers.append(server.invoke("code", {"f": "long"})))
    client.start()
    assert eventually(lambda: server.lane_pids())
    time.sleep(0.3)
    for pid in server.lane_pids():
        os.kill(pid, signal.SIGKILL)
    client.join()
    assert answers[0].status == 502
    deploy(server, "quick", CODE)
    deploy(server, "long", handle("(i32.const 0)"), concurrency=1)
    assert server.invoke("quick", {"f": "long"}).number == 0


def test_who_crashes_a_worker_is_the_callee(server):
    deploy(server, "code", CODE)
    deploy(server, "busy", handle("""(loop $again
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $count) (i32.const 400000)))) (i32.const 0)""", "(local $count i32)"))
    done = threading.Event()

    def ask():
        while not done.is_set():
            try:
                server.invoke("code", {"f": "busy"})
            except OSError:
                pass

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(50):
            if "while function busy ran" in server.log.read_text():
                break
            (victim,) = server.worker_pids()
            time.sleep(0.15)
            os.kill(victim, signal.SIGABRT)
            assert eventually(lambda: server.worker_pids() not in ([], [victim]))  # noqa: B023
    finally:
        done.set()
        for client in clients:
            client.join()
    assert "while function busy ran" in server.log.read_text()


@CLASSES
def test_a_function_that_calls_itself_ends_at_the_depth_limit(server, run_class):
    """It gives all but the first byte of its input to itself; what can go no further gives back what it has."""
    random.seed(6)
    deploy(server, "peel", """(data (i32.const 2048) "peel")""" + handle("""
      (if (i64.le_u (i64.extend_i32_u (call $input_length)) (i64.const 1)) (then (return (call $respond (i32.const 32) (i32.const 1)))))
      (i32.store (i32.const 1600) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
      (i32.store (i32.const 1604) (i32.sub (i32.load (i32.const 36)) (i32.const 1)))
      (if (call $call (i32.const 2048) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 1600) (i32.const 1) (i32.const 1536))
        (then (return (call $respond (i32.const 32) (i32.const 1)))))
      (call $take)
      (call $respond (i32.const 32) (i32.const 1))""") + """
      (func $input_length (result i32) (drop (call $input)) (i32.load (i32.const 36)))""", run_class)
    for _ in range(20):
        body = bytes(random.choices(b"abcdefgh", k=random.randint(1, 30)))
        assert server.invoke("peel", body=body).body == body[min(len(body) - 1, 8) :]
