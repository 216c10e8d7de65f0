"""The processes of a server: what their deaths, signals and starts do to clients, counters and data."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import guests
from guests import handle
from serving import INLAY, Connection, Server, eventually, is_running
from wire import Wire

HOST = b"Host: h\r\n"
WAIT = handle("(call $wait (i64.const 1000)) (call $answer (i32.const 7))")


def start_badly(*arguments):
    """Runs `inlay serve` with arguments that it must refuse: its exit code and what it said."""
    ended = subprocess.run([INLAY, "serve", *arguments], capture_output=True, text=True, timeout=20)
    assert "listening" not in ended.stdout
    return ended.returncode, ended.stderr


# ---- workers ----


def test_a_server_has_as_many_workers_as_asked_for_in_its_own_process_group(data):
    with Server(data, workers=3) as server:
        children = server.children()
        assert list(children.values()) == ["inlay-worker"] * 3
        assert pathlib.Path(f"/proc/{server.pid}/comm").read_text() == "inlay\n"
        assert {os.getpgid(pid) for pid in children} == {os.getpgid(server.pid)}
        assert len(server.connections_by_worker()) == 3


def test_workers_default_to_one_per_processor(data):
    config = data.with_suffix(".toml")
    config.write_text(f'listen = "127.0.0.1:0"\ndata = "{data}"\n')
    process = subprocess.Popen([INLAY, "serve", "--config", str(config)], stdout=subprocess.PIPE, start_new_session=True)
    try:
        process.stdout.readline()
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wanted = len(os.sched_getaffinity(0))
        assert eventually(lambda: len(children.read_text().split()) == wanted)
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()


def test_a_dead_worker_is_replaced_while_the_others_serve_on(data):
    with Server(data, workers=2) as server:
        server.put("b/k", b"kept")
        by_worker = server.connections_by_worker()
        victim, survivor = by_worker
        requests = server.metrics()['inlay_requests_total{kind="object"}']
        os.kill(victim, signal.SIGKILL)
        for _ in range(50):
            assert by_worker[survivor].request("GET", "/o/b/k").body == b"kept"
        assert eventually(lambda: len(server.worker_pids()) == 2 and victim not in server.worker_pids())
        replacement = server.connections_by_worker()
        assert survivor in replacement
        assert all(one.request("GET", "/o/b/k").body == b"kept" for one in replacement.values())
        after = server.metrics()
        assert after['inlay_requests_total{kind="object"}'] >= requests + 50, "the counters of the dead are lost"
        assert after["inlay_worker_deaths_total"] == 1


def test_clients_that_wait_for_a_dead_worker_are_served_by_its_replacement(data):
    """They queue in the listener, which outlives the worker."""
    with Server(data, workers=1) as server:
        (victim,) = server.worker_pids()
        os.kill(victim, signal.SIGSTOP)
        waiting = [Wire(server) for _ in range(10)]
        for wire in waiting:
            wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        os.kill(victim, signal.SIGKILL)
        for wire in waiting:
            assert wire.answer().body == b"ok\n"
            wire.socket.close()
        assert server.worker_pids() != [victim]


def test_a_worker_that_dies_again_and_again_is_replaced_each_time(data):
    with Server(data, workers=1) as server:
        for deaths in range(1, 5):
            (victim,) = server.worker_pids()
            os.kill(victim, signal.SIGKILL)
            assert eventually(lambda: server.worker_pids() not in ([], [victim]))  # noqa: B023
            assert server.metrics()["inlay_worker_deaths_total"] == deaths
            assert server.metrics()["inlay_connections_open"] == 1


def test_a_dead_worker_is_replaced_in_under_200_ms(data, tell):
    """From its death to the first answer on its listener, by a new connection."""
    with Server(data, workers=1) as server:
        server.deploy_example("noop")
        took = []
        for _ in range(11):
            time.sleep(0.2)
            (victim,) = server.worker_pids()
            os.kill(victim, signal.SIGKILL)
            begin = time.monotonic()
            assert server.invoke("noop").status in (200, 204)
            took.append(1000 * (time.monotonic() - begin))
            assert server.worker_pids() != [victim]
    tell(f"{len(took)} workers replaced within {min(took):.0f}, {sorted(took)[5]:.0f} and {max(took):.0f} ms (least, median, most)")
    assert sorted(took)[5] < 200


# ---- the end ----


def test_sigterm_lets_requests_in_flight_finish(data, noise):
    body = noise(3 << 20)
    with Server(data, workers=2) as server:
        name = server.name_of(WAIT)
        runner = Connection(server)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(runner.request("GET", f"/f/{name}")))
        with Wire(server) as upload, Wire(server) as idle:
            upload.send(b"PUT /o/b/half HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body[: 1 << 20])
            idle.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
            assert idle.answer().status == 200
            received = lambda: server.metrics()["inlay_received_bytes_total"]  # noqa: E731
            assert eventually(lambda: received() >= 900_000)
            thread.start()
            time.sleep(0.3)
            server.terminate()
            assert idle.is_closed(3), "an idle connection keeps the server from ending"
            time.sleep(0.2)
            upload.send(body[1 << 20 :])
            answer = upload.answer()
            assert answer.status == 201 and answer.headers["Connection"] == "close"
        thread.join()
        assert answers[0].number == 7
        assert server.wait() == 0
        with pytest.raises(ConnectionRefusedError):
            Wire(server)
    with Server(data, workers=1) as again:
        assert again.get("b/half").body == body


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once_and_leaves_no_process(data, number):
    with Server(data, workers=2) as server:
        pids, start = [server.pid, *server.children()], time.monotonic()
        server.terminate(number)
        assert server.wait() == 0
        assert time.monotonic() - start < 2 and not any(is_running(pid) for pid in pids)


def test_workers_end_by_themselves_when_the_supervisor_is_killed(data, noise):
    body = noise(1 << 20)
    with Server(data, workers=2) as server:
        name, workers = server.name_of(WAIT), server.worker_pids()
        runner, other = server.connections_by_worker().values()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(runner.request("GET", f"/f/{name}")))
        upload = Connection(server)
        upload.http.putrequest("PUT", "/o/b/half")
        upload.http.putheader("Content-Length", str(len(body)))
        upload.http.endheaders(body[:100_000])
        thread.start()
        time.sleep(0.3)
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait(10)
        time.sleep(0.1)
        upload.http.send(body[100_000:])
        refused = upload.http.getresponse()
        assert refused.status == 503, "a write that nobody can make durable must not be acknowledged"
        thread.join()
        assert answers[0].number == 7, "what was in flight and needs no supervisor finishes"
        assert eventually(lambda: not any(is_running(pid) for pid in workers), 10)
        upload.http.close(), other.http.close()
    with Server(data, workers=1) as again:
        assert again.get("b/half").status == 404


# ---- starts that are refused ----


def test_a_port_in_use_is_refused_also_by_a_second_server(data):
    with Server(data / "a", workers=1) as server:
        code, said = start_badly("--listen", f"127.0.0.1:{server.port}", "--data", str(data / "b"))
        assert code in (1, 2) and f"127.0.0.1:{server.port}" in said and "in use" in said
        assert server.request("GET", "/healthz").status == 200
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        address = f"127.0.0.1:{stranger.getsockname()[1]}"
        code, said = start_badly("--listen", address, "--data", str(data / "b"))
        assert code in (1, 2) and address in said and "--listen" in said


def test_a_data_directory_that_is_served_is_refused(data):
    with Server(data, workers=1) as server:
        server.put("b/k", b"kept")
        code, said = start_badly("--listen", "127.0.0.1:0", "--data", str(data))
        assert code in (1, 2) and str(data) in said and "already served" in said
        server.put("b/k", b"still mine")
        server.kill()
    with Server(data, workers=1) as again:
        assert again.get("b/k").body == b"still mine", "the lock of the dead is still held, or its data is harmed"


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_an_address_beyond_loopback_is_refused_without_a_token(data, address):
    code, said = start_badly("--listen", address, "--data", str(data / "d"))
    assert code == 2 and "loopback" in said and "--token-file" in said
    assert not (data / "d").exists(), "nothing is begun by a start that is refused"


@pytest.mark.parametrize(
    "arguments", [["--listen", "nonsense"], ["--listen", "127.0.0.1:99999"], ["--listen", "localhost"], ["--workers", "x"],
                  ["--workers", "1000"], ["--nonsense"], ["--send", "post"], ["--config", "/nonexistent"], ["--token-file", "/nonexistent"]]
)  # fmt: skip
def test_wrong_use_of_serve_is_refused_with_exit_code_2(data, arguments):
    code, said = start_badly("--data", str(data / "d"), *arguments)
    assert code == 2 and said
    assert not (data / "d").exists()


def test_a_data_directory_that_cannot_be_made_is_refused(data):
    (data / "file").write_text("x")
    code, said = start_badly("--listen", "127.0.0.1:0", "--data", str(data / "file"))
    assert code in (1, 2) and "file" in said


# ---- settings ----


def test_a_token_is_asked_for_on_every_path_that_gives_or_takes_anything(data):
    (data / "token").write_text("secret-token\n")
    with Server(data / "d", "--token-file", str(data / "token"), workers=1, headers={"Authorization": "Bearer secret-token"}) as server:
        server.put("b/k", b"x")
        server.deploy("f", guests.module(guests.ECHO))
        paths = [("GET", "/o"), ("GET", "/o/b/k"), ("PUT", "/o/b/k"), ("DELETE", "/o/b/k"), ("GET", "/f/f"), ("GET", "/v1/functions"),
                 ("PUT", "/v1/functions/f"), ("DELETE", "/v1/functions/f"), ("GET", "/v1/functions/f/logs"), ("GET", "/metrics")]  # fmt: skip
        fields = [b"", b"Authorization: Bearer wrong-token\r\n", b"Authorization: Bearer secret-toke\r\n", b"Authorization: Bearer \r\n",
                  b"Authorization: Bearer secret-token2\r\n", b"Authorization: Basic secret-token\r\n", b"Authorization: secret-token\r\n",
                  b"X-Authorization: Bearer secret-token\r\n"]  # fmt: skip
        for method, path in paths:
            for field in fields:
                with Wire(server) as wire:
                    wire.send(f"{method} {path} HTTP/1.1\r\n".encode() + HOST + field + b"\r\n")
                    answer = wire.answer()
                    assert answer.status == 401 and answer.problem == "unauthorized", (method, path, field)
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer") and "secret" not in answer.detail
        assert server.get("b/k").body == b"x" and server.invoke("f", body=b"y").body == b"y"


def test_a_token_allows_an_address_beyond_loopback(data):
    (data / "token").write_text("t\n")
    command = [INLAY, "serve", "--listen", "0.0.0.0:0", "--data", str(data / "d"), "--token-file", str(data / "token")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert re.fullmatch(r"listening on http://0\.0\.0\.0:\d+\n", process.stdout.readline())
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


def test_the_command_line_goes_before_the_config_file(data):
    config = data / "inlay.toml"
    config.write_text(f'listen = "127.0.0.1:1"\ndata = "{data}/other"\nworkers = 3\nmax_body = 1000\n')
    with Server(data / "d", "--config", str(config), workers=1) as server:
        assert len(server.worker_pids()) == 1
        assert server.request("PUT", "/o/b/k", b"x" * 1001).status == 413
        assert (data / "d").exists() and not (data / "other").exists()


@pytest.mark.parametrize("text", ["workers = 'two'", "nonsense = 1", "workers = 0", "listen = 5", "workers ="])
def test_a_bad_config_file_is_refused_with_its_name(data, text):
    config = data / "inlay.toml"
    config.write_text(text + "\n")
    code, said = start_badly("--config", str(config), "--data", str(data / "d"))
    assert code == 2 and "inlay.toml" in said


# ---- being looked at ----


def test_health_readiness_and_metrics_are_told(server):
    assert server.request("GET", "/healthz").status == server.request("GET", "/readyz").status == 200
    answer = server.request("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.decode().splitlines()
    families = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}
    for line in lines:
        found = re.fullmatch(r'(?:# (?:HELP|TYPE) .+|(\w+)(?:\{\w+="[\w.-]+"(?:,\w+="[\w.-]+")*\})? \d+)', line)
        assert found, line
        assert found[1] is None or families[found[1]] in ("counter", "gauge"), line
    assert {"inlay_requests_total", "inlay_copied_bytes_total", "inlay_invocations_total"} <= families.keys()


def wakeups(pids):
    """How often all threads of these processes have gone to sleep so far, and the ticks they have used."""
    sleeps = ticks = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            sleeps += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.M)[1])
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return sleeps, ticks


def test_an_idle_server_does_nothing_at_all(data):
    """Also after it has served, with a connection open: nothing ticks, nothing polls."""
    with Server(data, workers=2) as server:
        server.put("b/k", b"x" * 100_000)
        server.run(guests.ECHO, {"object": "b/k"}, deployment={"timeout_ms": 300})
        with Connection(server) as open_connection:
            assert open_connection.request("GET", "/healthz").status == 200
            pids = [server.pid, *server.children()]
            time.sleep(1.5)
            before = wakeups(pids)
            time.sleep(2)
            assert wakeups(pids) == before
            assert open_connection.request("GET", "/healthz").status == 200
