"""Guests without a loop, whose calls or bulk instructions take long: their time ends them all the same, and who comes beside them goes on."""

import threading
import time

import pytest

from guests import handle, module
from serving import Server

CALLS = "(drop (call $random (i32.const 65536) (i32.const 65536)))" * 20_000
FILL = "(drop (memory.grow (i32.const 16000))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3e800000))"


@pytest.fixture
def own(data):
    with Server(data, workers=1) as made:
        made.deploy("noop", module(handle("(i32.const 0)")))
        made.invoke("noop")
        yield made
        assert made.stop() == 0


def longest_beside(server, call):
    """Seconds that the longest of many no-ops took while `call` went on, each on its own connection."""
    done, longest = threading.Event(), []

    def ask():
        worst = 0
        while not done.is_set():
            begin = time.monotonic()
            assert server.invoke("noop").status == 200
            worst = max(worst, time.monotonic() - begin)
        longest.append(worst)

    client = threading.Thread(target=ask)
    client.start()
    answer = call()
    done.set()
    client.join()
    return longest[0], answer


@pytest.mark.parametrize("run_class", ["auto", "express", "heavy"])
def test_host_calls_in_a_row_end_with_the_time(own, run_class):
    own.deploy("calls", module(handle(CALLS + "(i32.const 0)"), '(memory (export "memory") 4)'), {"class": run_class, "timeout_ms": 400})
    longest, answer = longest_beside(own, lambda: own.invoke("calls"))
    assert answer.status == 504 and answer.problem == "function-timed-out"
    assert longest < 0.3, f"a no-op took {longest} s"


def test_who_fills_much_memory_does_it_in_a_lane(own):
    own.deploy("fills", module(handle(FILL + "(i32.const 0)"), '(memory (export "memory") 4)'))
    longest, answer = longest_beside(own, lambda: own.invoke("fills"))
    assert answer.status == 200
    assert own.metrics()["inlay_lane_invocations_total"] >= 1
    assert longest < 0.3, f"a no-op took {longest} s"


def test_those_that_lose_much_time_do_not_shut_others_out(own):
    """Lanes are held, and new functions lose time in the worker: others that are new have their turns all the same."""
    own.deploy("spins", module(handle("(loop $again (br $again)) (i32.const 0)")), {"class": "heavy", "timeout_ms": 12_000})
    spinning = [threading.Thread(target=own.invoke, args=["spins"]) for _ in range(8)]
    for client in spinning:
        client.start()
    time.sleep(0.5)
    for number in range(5):
        own.deploy(f"fills-{number}", module(handle(FILL + "(i32.const 0)"), '(memory (export "memory") 4)'), {"class": "express", "timeout_ms": 1000})
        own.invoke(f"fills-{number}")
    for number in range(5):
        own.deploy(f"new-{number}", module(handle("(i32.const 0)")), {"class": "express"})
        begin = time.monotonic()
        assert own.invoke(f"new-{number}").status == 200
        assert time.monotonic() - begin < 5
    for client in spinning:
        client.join()
