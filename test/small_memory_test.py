"""An object of twice the memory that the server may use: right answers, and the others go on."""

import pathlib
import sys
import threading
import time

import pytest

from serving import Connection, Server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

from harness.memory_group import MemoryGroup, Unavailable  # noqa: E402: after the path.

MIB = 1 << 20
GROUP_BYTES = 192 * MIB
OBJECT_BYTES = 2 * GROUP_BYTES
MOD = 1 << 64
NOOP_MS_MAX = 500


@pytest.fixture
def squeezed(data, noise):
    """A server of one worker in a group of GROUP_BYTES, and the sum of its object squeezed/object."""
    piece = noise(16 * MIB)
    words = memoryview(piece).cast("Q")
    with Server(data, workers=1) as before:
        before.put("squeezed/object", (piece for _ in range(OBJECT_BYTES // len(piece))), {"Content-Length": str(OBJECT_BYTES)})
        for name in ("sum", "noop", "sample"):
            before.deploy_example(name)
        assert before.stop() == 0
    try:
        group = MemoryGroup(GROUP_BYTES)
    except Unavailable as why:
        pytest.skip(str(why))
    with group, Server(data, workers=1, within=group.enters) as made:
        assert set(made.worker_pids()) <= set(group.members())
        yield made, sum(words) * (OBJECT_BYTES // len(piece)) % MOD
        assert made.stop() == 0


def test_a_sum_over_twice_the_memory_is_right_and_nobody_waits_for_it(squeezed):
    server, expected = squeezed
    workers = server.worker_pids()
    done, slowest = threading.Event(), []

    def no_ops():
        with Connection(server) as connection:
            worst = 0.0
            while not done.is_set():
                begun = time.monotonic()
                assert connection.request("GET", "/f/noop").status == 200
                worst = max(worst, time.monotonic() - begun)
            slowest.append(worst)

    other = threading.Thread(target=no_ops)
    other.start()
    try:
        for _ in range(2):
            answer = server.request("GET", "/f/sum?object=squeezed/object", headers={"Inlay-Cost": "?1"})
            assert int(answer.body) == expected and answer.cost["copied"] < 16 * 1024, answer
        assert server.request("GET", "/f/sample?object=squeezed/object&n=100").status == 200
    finally:
        done.set()
        other.join()
    assert slowest and slowest[0] * 1000 < NOOP_MS_MAX, f"a no-op took {slowest[0] * 1000:.0f} ms"
    assert server.worker_pids() == workers, "no process was ended for want of memory"
    print(f"slowest no-op beside it: {slowest[0] * 1000:.1f} ms")
