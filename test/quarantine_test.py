"""A function that is running when workers die is not run any more, and nobody else is blamed."""

import os
import signal
import threading
import time

import pytest

from guests import handle, module
from serving import Server, eventually

# Long enough to be met at it, short enough for a worker: one that overran its express budget would run in lanes.
BUSY = handle("""
  (loop $again
    (local.set $count (i32.add (local.get $count) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $count) (i32.const 400000))))
  (call $answer (i32.const 7))""", "(local $count i32)")


@pytest.fixture
def own(data):
    with Server(data, workers=1) as made:
        made.deploy("busy", module(BUSY), {"class": "express"})
        made.deploy("other", module(handle("(call $answer (i32.const 8))")))
        yield made
        assert made.stop() == 0


def invoke_until(server, done):
    """Keeps `busy` running all of the time."""
    def ask():
        while not done.is_set():
            try:
                server.invoke("busy")
            except OSError:
                pass

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    return threads


def crash_while_it_runs(server, wanted, number=signal.SIGABRT):
    """Ends workers by a signal until so many deaths were laid at the door of `busy`."""
    blamed = lambda: server.log.read_text().count("while function busy ran")  # noqa: E731
    done = threading.Event()
    threads = invoke_until(server, done)
    try:
        for _ in range(100):
            if blamed() >= wanted:
                return
            (victim,) = server.worker_pids()
            time.sleep(0.15)    # One that dies younger is replaced later and later.
            os.kill(victim, number)
            assert eventually(lambda: server.worker_pids() not in ([], [victim]))  # noqa: B023
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert blamed() >= wanted


def test_the_third_crash_puts_a_function_into_quarantine_until_it_is_deployed_again(own):
    crash_while_it_runs(own, 2)
    assert own.invoke("busy").number == 7, "two are forgiven"
    crash_while_it_runs(own, 3)
    answer = own.invoke("busy")
    assert answer.status == 503 and answer.problem == "function-quarantined"
    assert "signal 6" in answer.detail and "deploy it again" in answer.detail
    listed = {one["name"]: one for one in own.request("GET", "/v1/functions").json["functions"]}
    assert "signal 6" in listed["busy"]["quarantined"] and "quarantined" not in listed["other"]
    assert own.invoke("other").number == 8
    own.deploy("busy", module(BUSY), {"class": "express"})
    assert own.invoke("busy").number == 7


def test_a_worker_that_is_killed_from_outside_is_nobodys_fault(own):
    done = threading.Event()
    threads = invoke_until(own, done)
    for _ in range(5):
        (victim,) = own.worker_pids()
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: own.worker_pids() not in ([], [victim]))  # noqa: B023
    done.set()
    for thread in threads:
        thread.join()
    assert "while function" not in own.log.read_text()
    assert own.invoke("busy").number == 7


def test_a_worker_that_dies_while_no_function_runs_blames_none(own):
    assert own.invoke("busy").number == 7
    for _ in range(4):
        (victim,) = own.worker_pids()
        os.kill(victim, signal.SIGABRT)
        assert eventually(lambda: own.worker_pids() not in ([], [victim]))  # noqa: B023
        assert own.request("GET", "/healthz").status == 200
    assert "while function" not in own.log.read_text()
