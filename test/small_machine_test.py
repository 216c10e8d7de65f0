"""A machine of one processor and 256 MiB (a control group): what is not said is a share of that, and everything works there."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from guests import Codes, handle
from serving import EXAMPLES, INLAY, ROOT, Server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

from harness.memory_group import MemoryGroup, Unavailable  # noqa: E402: after the path.

MIB = 1 << 20
MEMORY = 256 * MIB
HOSTILE = 300


@pytest.fixture
def small():
    """The group; nothing may have been ended in it for want of memory."""
    try:
        group = MemoryGroup(MEMORY, processors=1)
    except Unavailable as why:
        pytest.skip(str(why))
    with group:
        yield group
        assert group.oom_kills() == 0


@pytest.fixture
def program(small, tmp_path):
    """`inlay`, whose every process runs in the group."""
    path = tmp_path / "inlay"
    path.write_text("#!/bin/sh\nset -e\n" + "".join(f"echo $$ > {one}/cgroup.procs\n" for one in small.paths) + f'exec "{INLAY}" "$@"\n')
    path.chmod(0o755)
    return path


def finding(program, name):
    """What `inlay doctor` says is in force."""
    told = subprocess.run([program, "doctor"], capture_output=True, text=True, timeout=60).stdout
    return re.search(rf"^\w+ +{name}: (.*)$", told, re.M)[1]


def test_what_is_not_said_is_a_share_of_the_group(data, small, program):
    assert finding(program, "memory").startswith("256 MiB that a server here may use, and 1 processors")
    with Server(data, workers=None, within=small.enters) as server:
        assert len(server.worker_pids()) == 1
        assert server.deploy("defaults", (EXAMPLES / "noop.wasm").read_bytes()).json["memory_bytes"] == MEMORY // 4
        takes = "(call $answer (call $output (i64.const {}) (i32.const 32)))"
        assert server.run(handle(takes.format(MEMORY // 4))).number == 0
        assert server.run(handle(takes.format(MEMORY // 4 + 1))).number == Codes.LIMIT
        assert server.stop() == 0


def test_processes_that_can_be_spared_go_first(data, small):
    score = lambda pid: int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())  # noqa: E731
    with Server(data, workers=None, within=small.enters) as server:
        server.run(handle("(call $answer (i32.const 1))"), deployment={"class": "heavy"})
        (worker,), (lane,) = server.worker_pids(), server.lane_pids()
        assert score(server.pid) < score(worker) < score(lane)


def test_the_demo_shows_what_it_shows_anywhere(program):
    environment = {**os.environ, "INLAY_BIN": str(program), "INLAY_EXAMPLES": str(EXAMPLES)}
    shown = subprocess.run([ROOT / "tools/demo"], capture_output=True, text=True, env=environment, timeout=300)
    assert shown.returncode == 0 and "All answers are right." in shown.stdout, shown.stdout + shown.stderr


@pytest.mark.parametrize("suite", ["examples_test.py", "hostile_guests_test.py", "hostile_family_test.py"])
def test_the_answers_and_the_hostile_suite_pass(program, small, tell, suite):
    environment = {**os.environ, "INLAY_BIN": str(program), "INLAY_EXAMPLES": str(EXAMPLES), "INLAY_HOSTILE": str(HOSTILE)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not 67108864", ROOT / "test" / suite]  # No room for outputs of 64 MiB.
    passed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=500)
    assert passed.returncode == 0, passed.stdout[-4000:] + passed.stderr[-1000:]
    tell(f"{passed.stdout.splitlines()[-1]}; at most {small.peak_bytes() // MIB} MiB, page cache included")


# Makes all of its own memory its own, which is more than the group has.
FILLS = handle(
    """(drop (memory.grow (i32.const 6400)))
       (memory.fill (i32.const 1024) (i32.const 1) (i32.const 0x19000000)) (call $answer (i32.const 1))"""
)


def test_a_function_that_takes_more_memory_than_there_is_takes_no_other_process_with_it(data):
    """Who deploys it has allowed that: its lane ends, the rest goes on."""
    try:
        group = MemoryGroup(MEMORY, processors=1)
    except Unavailable as why:
        pytest.skip(str(why))
    with group, Server(data, workers=None, within=group.enters) as server:
        server.deploy_example("noop")
        before = server.worker_pids()
        allowed = server.name_of(FILLS, {"memory_bytes": 512 * MIB, "class": "heavy"})
        answer = server.invoke(allowed)
        assert answer.status == 502 and answer.problem == "lane-lost", answer
        assert group.oom_kills() >= 1
        assert server.invoke("noop").status == 200 and server.worker_pids() == before
        assert server.metrics()["inlay_worker_deaths_total"] == 0
        assert server.stop() == 0
