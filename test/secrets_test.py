"""What nobody is told: exact times, addresses of the host, names and bytes of others, and what lay in a page before."""

import contextlib
import os
import pathlib
import re
import subprocess
import time

import pytest

import guests
from guests import handle
from hot_test import serving_hot
from isolation_test import checking_guest
from serving import INLAY, Server, eventually
from streaming import CHUNKED, SIZED, chunked, content_of, post
from wire import Wire

MIB = 1 << 20
PLACES = ["auto", "express", "heavy"]


def in_stream(guest):
    return {"stream": 1} if guest else None


# ---- the clock ----

READINGS = 64
# Answers with READINGS of each clock, taken one after the other.
CLOCKS = handle(
    f"""(loop $again
          (drop (call $clock (i32.const 0) (i32.add (i32.const 2048) (local.get $at))))
          (drop (call $clock (i32.const 1) (i32.add (i32.const {2048 + 8 * READINGS}) (local.get $at))))
          (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const {8 * READINGS}))))
        (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (i32.const {16 * READINGS}))
        (call $respond (i32.const 0) (i32.const 1))""", "(local $at i32)"
)  # fmt: skip


def readings(content):
    """Of the wall clock, and of the monotonic one."""
    assert len(content) == 16 * READINGS
    words = [int.from_bytes(content[at : at + 8], "little") for at in range(0, len(content), 8)]
    return words[:READINGS], words[READINGS:]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_a_guest_sees_clocks_in_steps_of_a_millisecond_wherever_it_runs(lone, place, stream):
    name = lone.name_of(CLOCKS, {"class": place})
    for _ in range(3):
        wall, monotonic = readings(lone.invoke(name, in_stream(stream), b"x").body)
        assert all(one % 1_000_000 == 0 for one in wall + monotonic)
        assert wall == sorted(wall) and monotonic == sorted(monotonic)
        assert 0 <= monotonic[0] <= 50_000_000
        assert -1e9 < wall[-1] - time.time() * 1e9 < 0.001e9, "a little late, never ahead"


@pytest.mark.parametrize("place", ["auto", "heavy"])
@pytest.mark.parametrize("resolution_us", [0, 50_000])
def test_the_step_is_a_setting(data, place, resolution_us):
    config = data.with_suffix(".toml")
    config.write_text(f"clock_resolution_us = {resolution_us}\n")
    for arguments in (["--clock-resolution-us", str(resolution_us)], ["--config", str(config)]):
        with Server(data, *arguments, workers=1) as server:
            seen = sum(readings(server.run(CLOCKS, deployment={"class": place}).body), [])
            assert all(one % 50_000_000 == 0 for one in seen) == (resolution_us > 0)
            assert resolution_us > 0 or len(set(seen)) > READINGS, "as they are"
            assert server.stop() == 0
    config.unlink()


def test_a_step_that_is_none_is_refused(data):
    for value in ("-1", "1000001", "x"):
        refused = subprocess.run([INLAY, "serve", "--data", data, "--clock-resolution-us", value], capture_output=True, text=True, timeout=20)
        assert refused.returncode == 2 and "clock-resolution-us" in refused.stderr
    config = data.with_suffix(".toml")
    config.write_text("clock_resolution_us = 1_000_001\n")
    refused = subprocess.run([INLAY, "serve", "--data", data, "--config", config], capture_output=True, text=True, timeout=20)
    assert refused.returncode == 2 and "clock_resolution_us" in refused.stderr
    config.unlink()


def test_inlay_run_tells_the_time_coarsely_too_unless_it_is_told_otherwise(tmp_path):
    module = tmp_path / "clocks.wat"
    module.write_bytes(guests.module(CLOCKS))
    coarse = sum(readings(subprocess.run([INLAY, "run", module], capture_output=True, check=True).stdout), [])
    exact = sum(readings(subprocess.run([INLAY, "run", module, "--clock-resolution-us", "0"], capture_output=True, check=True).stdout), [])
    assert all(one % 1_000_000 == 0 for one in coarse) and len(set(exact)) > READINGS


# ---- errors ----

ENDS = {
    "unreachable": "unreachable",
    "outside of memory": "(drop (i32.load (i32.const -8))) (i32.const 0)",
    "a store to its input": "(i32.store (call $input) (i32.const 1)) (i32.const 0)",
    "a fill over its input": "(memory.fill (call $input) (i32.const 7) (i32.const 20000)) (i32.const 0)",
    "a window that is gone": "(drop (call $input)) (drop (call $unmap (i32.load (i32.const 32)))) (i32.load (i32.load (i32.const 32)))",
    "a division by zero": "(i32.div_u (i32.const 1) (i32.load (i32.const 4096)))",
    "no such table element": "(call_indirect (result i32) (i32.const 7))",
    "a call of null": "(call_indirect (result i32) (i32.const 1))",
    "recursion": "(call $inlay)",
    "a code": "(i32.const -7)",
    "its deadline": "(loop $again (br $again)) (i32.const 0)",
    "a limit": "(call $output (i64.const 0x7fffffffffffffff) (i32.const 32))",
}
TABLE = '(table 2 funcref) (func $inlay (result i32) (call $inlay))'


def lines_of(server, name):
    return [line["text"] for line in server.request("GET", f"/v1/functions/{name}/logs").json["lines"]]


def addresses_in(text, pids):
    """Numbers in a text that are addresses in one of these processes."""
    spans = []
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end = (int(one, 16) for one in line.split()[0].split("-"))
            spans.append((begin, end))
    spans = [span for span in spans if span[0] >= 1 << 32]
    numbers = {int(one, 16) for one in re.findall(r"(?:0x)?([0-9a-fA-F]{9,16})\b", text)} | {int(one) for one in re.findall(r"\d{10,20}", text)}
    return [hex(number) for number in numbers if any(begin <= number < end for begin, end in spans)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_however_a_guest_ends_nobody_is_told_an_address_of_the_host(lone, noise, place, stream):
    lone.put("secrets/input", noise(20_000))
    told = ""
    for how, end in ENDS.items():
        name = lone.name_of(TABLE + handle(end), {"class": place, "timeout_ms": 200})
        answer = lone.invoke(name, {"object": "secrets/input", **(in_stream(stream) or {})}, b"x")
        assert answer.status in (500, 504) and answer.problem.startswith(("function-", "input-")), (how, answer)
        told += answer.body.decode() + "\n".join(lines_of(lone, name))
    told += lone.log.read_text()
    assert not addresses_in(told, [lone.pid, *lone.guest_pids()])
    some = pathlib.Path(f"/proc/{lone.pid}/maps").read_text().splitlines()[3].split("-")[0]
    assert addresses_in(f"fault at 0x{some} in it", [lone.pid]), "one would be seen"


NEIGHBOUR, ITS_BUCKET, ITS_KEY = "neighbour-function", "neighbour-bucket", "neighbour-key"


def spoil(directory):
    """Makes it a file: what is in it is absent, and nothing new can be."""

    def is_gone():
        try:
            for file in directory.iterdir():
                file.unlink(missing_ok=True)
            directory.rmdir()
            return True
        except OSError:  # Code that is compiled aside has just been kept there.
            return False

    assert eventually(is_gone)
    directory.write_text("no directory")


def spoil_objects(data):
    for directory in (data / "objects").iterdir():
        if directory.is_dir():
            spoil(directory)
        else:
            directory.unlink()


def spoil_modules(data):
    for name in ("modules", "compiled"):
        spoil(data / name)


def failures(server, noise):
    """Problems of all sorts that a client has caused, on a server whose disk has been spoiled under it."""
    echo = guests.module(guests.ECHO)
    yield server.get("own/absent")
    yield server.request("GET", "/o/absent-bucket")
    yield server.invoke("absent")
    yield server.get("own/small")
    yield server.get("own/large")
    yield server.request("PUT", "/o/own/new", b"x")
    yield server.request("PUT", "/o/own/new", noise(20 * MIB))
    yield server.request("PUT", "/o/own/through?through=own", noise(20_000))
    yield server.invoke("own", {"object": "own/large"})
    yield server.invoke("fresh")
    yield server.try_deploy("new", echo)
    yield server.try_deploy("bad", b"(module (func (export \"inlay_handle\") (result i32) (i32.const 0)")
    yield server.try_deploy("bad", b"\0asm\1\0\0\0" + bytes(100))
    yield server.run(handle("unreachable"))
    yield server.request("GET", "/nowhere")
    yield server.request("PUT", "/o/own/%00", b"x")
    yield server.request("GET", "/o/own/large", headers={"Range": "bytes=9999999-"})
    yield server.request("BREW", "/o/own/large")


def test_no_problem_names_a_path_of_the_server_or_anything_of_others(data, noise):
    with Server(data, workers=1) as server:
        server.deploy(NEIGHBOUR, guests.module(guests.ECHO))
        for name in (f"{ITS_BUCKET}/{ITS_KEY}", "own/small", "own/large"):
            server.put(name, noise(100_000 if "large" in name else 100))
        for name in ("own", "fresh"):
            server.deploy(name, guests.module(guests.ECHO))
        server.deploy("runs", guests.module(handle("unreachable")))
        assert server.stop() == 0
    with Server(data, workers=1) as server:
        server.deployed.add(server.name_of(handle("unreachable")))
        spoil_objects(data)
        spoil_modules(data)
        problems = [answer for answer in failures(server, noise) if answer.status >= 400]
        kinds = {answer.problem for answer in problems}
        assert len(problems) >= 14 and len(kinds) >= 9 and {answer.status for answer in problems} & {500, 503}, kinds
        told = "\n".join(answer.body.decode() for answer in problems)
        for secret in (str(data), "/proc/", "/dev/", "memfd", "catalog.db", "objects/", "modules/", "compiled/", NEIGHBOUR, ITS_BUCKET, ITS_KEY):
            assert secret not in told, (secret, [answer for answer in problems if secret in answer.body.decode()])
        assert server.worker_pids()


def test_the_ids_of_invocations_do_not_count_those_of_others(lone):
    """A guest sees its own, and so does who reads its log."""
    guest = handle(
        """(i32.store (i32.const 4) (call $request (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 100)))
           (i32.store (i32.const 0) (i32.const 1024)) (call $respond (i32.const 0) (i32.const 1))"""
    )
    ids = [int(lone.run(guest).body, 16) for _ in range(50)]
    steps = [later - earlier for earlier, later in zip(ids, ids[1:])]
    assert len(set(ids)) == 50 and 10 < sum(step < 0 for step in steps) < 40
    assert min(map(abs, steps)) > 1 << 40


# ---- the server's log ----

MARKER = b"NeverInALog"
TOKEN = "TokenNeverInALog"


def provoke(server, noise):
    """Bodies that hold MARKER, through every way in which a request can fail and some in which it does not."""
    small, large = MARKER * 100, MARKER * 200_000
    for body in (small, large):
        server.put("log/kept", body)
        for how in ("unreachable", "(i32.const 3)", "(i32.store (i32.const -8) (call $input)) (i32.const 0)", "(loop $again (br $again)) (i32.const 0)"):
            for place in ("express", "heavy"):
                deployment = {"class": place, "timeout_ms": 50}
                name = server.name_of(handle(how), deployment)
                assert server.invoke(name, {"object": "log/kept"}).status >= 500
                for query in (None, {"stream": 1}):
                    with contextlib.suppress(ConnectionError):  # Of a stream that fails early much is unread.
                        assert server.invoke(name, query, body).status >= 500
        assert server.request("PUT", f"/o/log/refused?through={server.name_of(handle('(i32.const 1)'))}", body).status == 422
        assert server.request("PUT", "/o/log/" + "k" * 2000, body).status == 400
        assert server.request("POST", "/f/absent", body).status == 404
        assert server.request("POST", "/nowhere", body).status == 404
        assert server.request("PUT", "/o/log/kept", body, {"If-Match": '"1"'}).status == 412
        assert server.request("PUT", "/o/log/kept", body, {"Authorization": "Bearer wrong-" + TOKEN}).status == 401
        assert server.try_deploy("bad", body).status == 422
        assert server.try_deploy("bad", b"(module " + body).status == 422
        assert server.try_deploy("bad", guests.module(handle(f"(drop {MARKER.decode()}) (i32.const 0)"))).status == 422
    text = handle("(drop (call $input)) (drop (call $log (i32.const 3) (i32.load (i32.const 32)) (i32.const 1000))) unreachable")
    assert server.run(text, None, small).status == 500
    assert any(MARKER.decode() in line for line in lines_of(server, server.name_of(text))), "its own log is the function's"
    field = f"Authorization: Bearer {TOKEN}\r\n".encode()
    for broken in (SIZED % 10_000_000 + b"\r\n" + small, CHUNKED + b"\r\n" + b"5\r\n" + small, CHUNKED + b"\r\n" + b"zz\r\n" + small,
                   b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + small, b": \r\n\r\n" + small):  # fmt: skip
        for target in (b"PUT /o/log/broken", b"POST /f/" + server.name_of(guests.ECHO).encode(), b"POST /f/" + server.name_of(guests.ECHO).encode() + b"?stream=1"):
            with Wire(server) as wire:
                wire.send(target + b" HTTP/1.1\r\nHost: h\r\n" + field + broken)
                time.sleep(0.01)


def test_the_servers_log_never_holds_a_body_nor_a_token(data, noise, monkeypatch):
    monkeypatch.setenv("INLAY_LOG", "trace")
    token = data.with_suffix(".token")
    token.write_text(TOKEN)
    with Server(data, "--token-file", str(token), headers={"Authorization": "Bearer " + TOKEN}, workers=1) as server:
        provoke(server, noise)
        os.kill(server.worker_pids()[0], 9)
        assert eventually(lambda: server.worker_pids() and server.request("GET", "/readyz").status == 200)
        assert server.stop() == 0
        log = server.log.read_text()
    assert "ended with signal 9" in log, "something is logged"
    for secret in (MARKER.decode(), TOKEN, MARKER.hex()):
        assert secret not in log
    token.unlink()


# ---- what lay there before ----


def test_three_hundred_instances_in_one_lane_see_zeros_and_their_own_data(lone, noise):
    """As in a worker (isolation_test): each spoils all that it can reach, and checks first that nothing is spoiled."""
    lone.put("secrets/window", b"w" * 20_000)
    lone.deploy("lane-checks", checking_guest(16, "\\22" * 16), {"class": "heavy"})
    with Wire(lone, timeout=60) as wire:
        for _ in range(150):
            for query in ("", "?object=secrets/window"):
                wire.send(f"GET /f/lane-checks{query} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert wire.answer().number == 0x22222222
    assert len(lone.lane_pids()) >= 1


# Takes one piece and answers with the whole ring that it lies in.
RING = handle(
    """(if (call $receive (i32.const 32)) (then unreachable))
       (i32.store (i32.const 36) (i32.const 0x40000))
       (call $send (i32.const 32) (i32.const 1))"""
)
TAKES_ALL = handle(
    "(loop $again (if (call $receive (i32.const 32)) (then unreachable)) (br_if $again (i32.load (i32.const 36)))) (call $answer (i32.const 7))"
)


@pytest.mark.parametrize("place", ["express", "heavy"])
@pytest.mark.parametrize("ends", ["through", "early", "trapped"])
def test_a_ring_shows_its_guest_nothing_of_an_earlier_stream(lone, place, ends):
    """Of another function's least of all; however that one ended."""
    before = TAKES_ALL if ends == "through" else handle("(drop (call $receive (i32.const 32))) unreachable")
    takes, ring = lone.name_of(before, {"class": place}), lone.name_of(RING, {"class": place})
    for _ in range(3):
        with Wire(lone) as wire:
            wire.send(post(b"/f/" + takes.encode() + b"?stream=1", SIZED % (600_000 if ends == "early" else 400_000)) + b"S" * 400_000)
            if ends == "through":
                assert wire.answer().number == 7
            else:
                time.sleep(0.05)
        with Wire(lone) as wire:
            wire.send(post(b"/f/" + ring.encode() + b"?stream=1", CHUNKED) + chunked(b"t" * 1000, (1000,)))
            shown = content_of(wire)
        assert len(shown) == 256 << 10 and shown.startswith(b"t" * 1000) and shown[1000:] == bytes(len(shown) - 1000)


SPOILS_TAIL = handle(
    """(drop (call $output (i64.const 100001) (i32.const 32)))
       (memory.fill (i32.load (i32.const 32)) (i32.const 0x53) (i32.const 102400))
       (call $publish_into (i32.const 32) (i32.const 1))"""
)
TAIL = handle(
    """(drop (call $input))
       (memory.copy (i32.const 1024) (i32.add (i32.load (i32.const 32)) (i32.load (i32.const 36))) (i32.const 4096))
       (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 4096))
       (call $respond (i32.const 0) (i32.const 1))"""
)


@pytest.mark.parametrize("place", ["express", "heavy"])
@pytest.mark.parametrize("hot_memory", [0, 64 * MIB])
def test_behind_a_published_object_are_zeros_whatever_its_function_wrote_there(data, place, hot_memory):
    with serving_hot(data, hot_memory, workers=1) as server:
        assert server.run(SPOILS_TAIL, {"into": "secrets/tail"}, deployment={"class": place}).status == 200
        assert server.get("secrets/tail").body == b"S" * 100_001
        assert server.run(TAIL, {"object": "secrets/tail"}, deployment={"class": place}).body == bytes(4096)


@pytest.mark.parametrize("first, second", [(300_000, 20_001), (3 * MIB, 2 * MIB + 1)])
def test_in_a_lane_the_page_behind_a_body_holds_nothing_of_an_earlier_one(lone, first, second):
    """Neither in pages that are used again nor in page tables that the lane has kept (from 1 MiB on)."""
    name = lone.name_of(TAIL, {"class": "heavy"})
    for _ in range(5):
        lone.invoke(name, body=b"S" * first)
        assert lone.invoke(name, body=b"t" * second).body == bytes(4096)


def test_in_a_lane_the_page_behind_an_object_holds_nothing_of_a_larger_one(lone):
    name = lone.name_of(TAIL, {"class": "heavy"})
    for key, size in (("larger", 3 * MIB), ("smaller", 2 * MIB + 1)):
        lone.put(f"secrets/{key}", b"S" * size)
    for key in ("larger", "smaller") * 3:
        assert lone.invoke(name, {"object": f"secrets/{key}"}).body == bytes(4096)
