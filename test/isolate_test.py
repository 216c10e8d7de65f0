"""Isolated functions: their code is in processes of their own, and in no worker; without those they are refused."""

import os
import pathlib
import signal

import pytest

from guests import handle, module
from serving import Connection, Server, eventually, is_running
from wire import Wire

ISOLATED = {"isolate": 1}
ANSWER = handle("(call $answer (i32.const 7))")
# Its data is found in the memory of whoever has instantiated it; its code by the constants in it.
MARK = 0x5EC0DEC0DE5ECDE5
MARKED = handle(f"(i64.store (i32.const 1024) (i64.const {MARK})) (call $answer (i32.const 7))")
STREAM = handle(
    """(loop $more (drop (call $receive (i32.const 32)))
         (if (i32.load (i32.const 36)) (then (drop (call $send (i32.const 32) (i32.const 1))) (br $more))))
       (i32.const 0)""")


def holds(pid, needle):
    """Whether the bytes lie anywhere in the memory of a process."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end = (int(one, 16) for one in line.split()[0].split("-"))
            if line.split()[1][0] != "r" or end - begin > 1 << 28 or "[v" in line:
                continue
            try:
                memory.seek(begin)
                if needle in memory.read(end - begin):
                    return True
            except OSError:
                continue
    return False


@pytest.fixture
def own(data):
    with Server(data, workers=2) as made:
        before = made.worker_pids()
        yield made
        assert made.worker_pids() == before, made.log.read_text()[-2000:]


@pytest.mark.parametrize("run_class", ["auto", "express", "heavy"])
def test_an_isolated_function_runs_in_a_process_of_its_own(own, run_class):
    name = own.name_of(ANSWER, {"isolate": 1, "class": run_class})
    assert own.request("GET", f"/v1/functions/{name}").json["isolated"] is True
    for connection in own.connections_by_worker().values():
        before = own.metrics()["inlay_lane_invocations_total"]
        assert [connection.request("GET", f"/f/{name}").number for _ in range(5)] == [7] * 5
        assert own.metrics()["inlay_lane_invocations_total"] == before + 5
    lanes = own.lane_pids()
    assert len(lanes) == 2 and not set(lanes) & set(own.worker_pids())
    other = own.name_of(ANSWER + "(global i32 (i32.const 1))", ISOLATED)
    assert own.invoke(other).number == 7 and set(own.lane_pids()) > set(lanes), "each its own"


def test_no_worker_ever_has_the_code_of_an_isolated_function(own):
    needle = MARK.to_bytes(8, "little")
    plain, isolated = own.name_of(MARKED.replace("1024", "1032")), own.name_of(MARKED, ISOLATED)
    assert [path.name for path in (own.data / "compiled").iterdir() if own.request("GET", f"/v1/functions/{isolated}").json["version"] in path.name][0].count("unchecked")
    for connection in own.connections_by_worker().values():
        assert connection.request("GET", f"/f/{isolated}").number == 7
        assert connection.request("POST", f"/f/{isolated}?stream=1", b"x" * 100_000).number == 7
    assert not any(holds(pid, needle) for pid in own.worker_pids())
    assert all(holds(pid, needle) for pid in own.lane_pids()), "where it runs it is found"
    (worker, connection), *_ = own.connections_by_worker().items()
    assert connection.request("GET", f"/f/{plain}").number == 7
    assert holds(worker, needle), "and so it is in a worker that runs it"


def test_an_isolated_function_streams(own):
    name, body = own.name_of(STREAM, ISOLATED), b"abc" * 100_000
    answer = own.invoke(name, {"stream": 1}, body)
    assert answer.status == 200 and answer.body == body
    assert own.metrics()["inlay_lane_invocations_total"] == 1
    assert own.request("PUT", f"/o/isolated/through?through={own.name_of(handle('(i32.const 0)'), ISOLATED)}", b"x").status == 201


def test_an_isolated_functions_process_ends_when_it_has_nothing_to_do(own):
    assert own.run(ANSWER, deployment=ISOLATED).number == 7
    assert len(own.lane_pids()) == 1
    assert eventually(lambda: own.lane_pids() == [], 15, 0.1)
    assert own.run(ANSWER, deployment=ISOLATED).number == 7


def test_a_function_may_be_isolated_and_be_so_no_more(own):
    own.deploy("changing", module(ANSWER))
    assert own.invoke("changing").number == 7 and own.lane_pids() == []
    own.deploy("changing", module(ANSWER), ISOLATED)
    assert own.invoke("changing").number == 7 and len(own.lane_pids()) == 1
    own.deploy("changing", module(ANSWER), {"isolate": 0})
    before = own.metrics()["inlay_lane_invocations_total"]
    assert own.invoke("changing").number == 7 and own.metrics()["inlay_lane_invocations_total"] == before
    assert own.try_deploy("changing", module(ANSWER), {"isolate": "yes"}).status == 400


def test_an_isolated_function_whose_code_is_lost_is_compiled_again(data):
    with Server(data, workers=1) as first:
        first.deploy("kept", module(ANSWER), ISOLATED)
        first.stop()
    for path in (data / "compiled").iterdir():
        path.unlink()
    with Server(data, workers=1) as second:
        assert eventually(lambda: second.invoke("kept").status == 200)
        assert second.invoke("kept").number == 7 and len(second.lane_pids()) == 1


def test_without_a_supervisor_an_isolated_function_is_refused_and_runs_in_no_worker(data):
    with Server(data, workers=1) as server:
        plain, isolated = server.name_of(ANSWER), server.name_of(ANSWER, ISOLATED)
        (worker,) = server.worker_pids()
        with Wire(server) as wire, Wire(server) as beside:
            for one in (wire, beside):
                for name in (plain, isolated):
                    one.send(f"GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                    assert one.answer().number == 7
            wire.send(f"POST /f/{isolated} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx".encode())
            beside.send(f"POST /f/{plain} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx".encode())
            lanes = server.lane_pids()
            for lane in lanes:
                os.kill(lane, signal.SIGKILL)
            assert eventually(lambda: not any(is_running(lane) for lane in lanes))
            os.kill(server.pid, signal.SIGKILL)
            server.process.wait()
            assert eventually(lambda: pathlib.Path(f"/proc/{worker}").exists())
            wire.send(b"x"), beside.send(b"x")
            assert beside.answer().number == 7, "the worker serves on what it can"
            refused = wire.answer()
            assert refused.status == 503 and refused.problem == "draining", refused
        assert eventually(lambda: not pathlib.Path(f"/proc/{worker}").exists(), 20) or os.kill(worker, signal.SIGKILL)
