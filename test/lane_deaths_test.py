"""A lane that is killed at any stage of an invocation: whoever asked gets one true answer, nothing is half done, the next is served.

The worker or the lane is held by SIGSTOP, so that the stage is the wanted one and no race.
"""

import os
import pathlib
import signal
import time

import pytest

from guests import handle
from serving import Server, eventually, in_background, is_running

HEAVY = {"class": "heavy"}
BODY = b"b" * 100_000
PUBLISH = "(drop (call $input)) (if (call $publish_into (i32.const 32) (i32.const 1)) (then unreachable))"
# Asks while the worker is held: publishes, says so in its log, waits, and then does `rest`.
ASKING = PUBLISH + "(drop (call $log (i32.const 1) (i32.const 64) (i32.const 6))) (call $wait (i64.const 300))"
OPEN = handle(
    ASKING + "(if (call $open (i32.const 2048) (i32.const 11) (i32.const 16)) (then unreachable)) (call $answer (i32.const 7))"
) + '(data (i32.const 2048) "deaths/kept")'  # fmt: skip
OUTPUT = handle(ASKING + "(if (call $output (i64.const 100000) (i32.const 48)) (then unreachable)) (call $answer (i32.const 7))")
ANSWER = handle(ASKING + "(call $answer (i32.const 7))")
# 1000 ranges of 4 KiB of its own: an answer of 4 MiB, in more messages than a channel holds.
LONG_ANSWER = handle(
    ASKING + """(loop $again
      (i32.store offset=8192 (i32.mul (i32.const 8) (local.get $n)) (i32.const 1024))
      (i32.store offset=8196 (i32.mul (i32.const 8) (local.get $n)) (i32.const 4096))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
    (call $respond (i32.const 8192) (i32.const 1000))""",
    "(local $n i32)",
)
SHORT = handle(PUBLISH + "(call $answer (i32.const 7))")


@pytest.fixture
def own(data):
    """A server of one worker, which must outlive its lanes."""
    with Server(data, workers=1) as made:
        made.put("deaths/kept", b"old")
        before = made.worker_pids()
        yield made
        assert made.worker_pids() == before, made.log.read_text()[-2000:]
        assert eventually(lambda: made.metrics()["inlay_connections_open"] == 1)


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not is_running(pid))


def sleeps(pid):
    """Whether a process waits for something, and still does a moment later."""
    states = []
    for _ in range(5):
        states.append(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
        time.sleep(0.01)
    return states == ["S"] * 5


def lost(server, answer):
    """The client was told, nothing took effect, and the next one is served."""
    assert answer.status == 502 and answer.problem == "lane-lost" and "retry" in answer.detail
    assert server.get("deaths/kept").body == b"old"
    assert server.run(SHORT, {"into": "deaths/kept"}, b"new", deployment=HEAVY).number == 7
    assert server.get("deaths/kept").body == b"new"


def test_killed_right_after_the_hand_over(own):
    name = own.name_of(SHORT, HEAVY)
    assert own.invoke(name, {"into": "deaths/other"}, b"warm").number == 7
    (lane,) = own.lane_pids()
    os.kill(lane, signal.SIGSTOP)
    runs = own.metrics()["inlay_lane_invocations_total"]
    wait = in_background(lambda: own.invoke(name, {"into": "deaths/kept"}, BODY))
    assert eventually(lambda: own.metrics()["inlay_lane_invocations_total"] == runs + 1)
    kill(lane)
    lost(own, wait()[0])
    assert own.metrics()["inlay_lanes_lost_total"] == 1


def test_killed_while_it_runs(own):
    wait = in_background(lambda: own.run(ANSWER, {"into": "deaths/kept"}, BODY, deployment=HEAVY))
    assert eventually(own.lane_pids)
    (lane,) = own.lane_pids()
    assert eventually(lambda: own.request("GET", f"/v1/functions/{own.name_of(ANSWER, HEAVY)}/logs").json["lines"])
    kill(lane)
    lost(own, wait()[0])


def killed_behind_its_worker(own, guest):
    """Lets the guest go on into what it does after its wait while the worker cannot answer; then ends the lane, then lets the worker see."""
    name, (worker,) = own.name_of(guest, HEAVY), own.worker_pids()
    wait = in_background(lambda: own.invoke(name, {"into": "deaths/kept"}, BODY))
    assert eventually(lambda: own.request("GET", f"/v1/functions/{name}/logs").json["lines"])
    (lane,) = own.lane_pids()
    os.kill(worker, signal.SIGSTOP)
    try:
        assert eventually(lambda: sleeps(lane)), "the lane does not wait for its worker"
        kill(lane)
    finally:
        os.kill(worker, signal.SIGCONT)
    return wait()[0]


@pytest.mark.parametrize("guest", [OPEN, OUTPUT, LONG_ANSWER], ids=["asking-for-an-object", "asking-for-an-output", "in-a-long-answer"])
def test_killed_while_it_waits_for_its_worker(own, guest):
    lost(own, killed_behind_its_worker(own, guest))


def test_killed_when_it_has_answered_it_has_answered(own):
    """The answer is whole and lies in the channel: it counts, and takes effect."""
    assert killed_behind_its_worker(own, ANSWER).number == 7
    assert own.get("deaths/kept").body == BODY
    assert own.run(SHORT, {"into": "deaths/kept"}, b"new", deployment=HEAVY).number == 7
