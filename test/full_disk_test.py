"""A full disk: writes are refused, nothing that was acknowledged is lost, and room can be made again."""

import os
import subprocess

import pytest

import guests
from guests import handle
from serving import EXAMPLES, Connection, Server, eventually
from wire import Wire


def mount(kind, at):
    """Mounts a filesystem of about 60 MiB on `at`; the reason why not, if it cannot be done."""
    at.mkdir(parents=True)
    if os.geteuid() != 0:
        return "mounting needs root"
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(at)]
    else:
        image = at.parent / "image"
        with image.open("wb") as file:
            file.truncate(60 << 20)
        made = subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True, text=True)
        if made.returncode != 0:
            return f"mkfs.ext4: {made.stderr}"
        command = ["mount", "-o", "loop", str(image), str(at)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    return mounted.stderr if mounted.returncode != 0 else None


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request, data):
    at = data / "mounted"
    why_not = mount(request.param, at)
    if why_not:
        pytest.skip(f"no {request.param} can be mounted here: {why_not}")
    yield at
    # The kernel may let go of a process' mappings a moment after its end.
    assert eventually(lambda: subprocess.run(["umount", str(at)]).returncode == 0, 5)


def fill(server, noise):
    """Stores until the disk is full: first no large object fits, then no small one, at last not even a name in the catalog."""
    stored = {}
    with Connection(server) as connection:
        for size, key in ((1 << 20, "large"), (5000, "small"), (0, "name" * 200)):
            for number in range(3000):
                answer = connection.request("PUT", f"/o/full/{key}{number}", noise(size, number))
                if answer.status != 201:
                    break
                stored[f"full/{key}{number}"] = noise(size, number)
            assert answer.status == 507 and answer.problem == "no-space", (size, number, answer)
            assert str(server.data) not in answer.detail, "where the data lies is nobody's business"
    assert len(stored) > 10
    return stored


def holds(server, stored):
    listed = [f"full/{one['key']}" for one in server.request("GET", "/o/full").json["objects"]]
    return sorted(listed) == sorted(stored) and all(server.get(name).body == body for name, body in stored.items())


def test_a_full_disk_refuses_writes_and_loses_nothing(small_disk, noise):
    (small_disk / "ballast").write_bytes(bytes(4 << 20))
    with Server(small_disk / "data", workers=2) as full:
        workers, stored = full.worker_pids(), fill(full, noise)
        assert full.request("PUT", "/o/full/large0", noise(10 << 20)).status == 507
        assert holds(full, stored) and full.worker_pids() == workers
        assert full.stop() == 0
    (small_disk / "ballast").unlink()
    with Server(small_disk / "data", workers=1) as again:
        assert holds(again, stored)


def refused_content(server, target):
    """Begins to send 200 MiB, of known length and in chunks, until an answer comes."""
    body = bytes(1 << 20)
    for framing, pieces in ((b"Content-Length: 209715200", [body] * 200), (b"Transfer-Encoding: chunked", [b"100000\r\n" + body + b"\r\n"] * 200)):
        with Wire(server) as wire:
            wire.send(b"%s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % (target, framing))
            wire.send_until_answered(pieces)
            answer = wire.answer()
            assert answer.status == 507 and answer.problem == "no-space", answer


def test_an_upload_that_finds_no_room_is_refused_before_it_has_arrived(small_disk, noise):
    with Server(small_disk / "data", workers=1) as full:
        refused_content(full, b"PUT /o/full/large")
        assert full.request("PUT", "/o/full/new", noise(30 << 20)).status == 201


def test_a_body_that_only_the_disk_can_take_finds_it_full(small_disk, data, noise):
    config = data / "config.toml"
    config.write_text(f"body_memory = {8 << 20}\n")
    with Server(small_disk / "data", "--config", str(config), workers=1) as full:
        full.deploy("echo", (EXAMPLES / "echo.wasm").read_bytes())
        worker = full.worker_pids()
        refused_content(full, b"POST /f/echo")
        body = noise(20 << 20)
        assert full.invoke("echo", body=body).body == body and full.worker_pids() == worker


def test_a_full_disk_lets_go_of_objects(small_disk, noise):
    """Else nobody could make room but by hand."""
    with Server(small_disk / "data", workers=2) as full:
        for name in list(fill(full, noise))[:10]:
            assert full.delete(name).status == 204
            assert full.get(name).status == 404
        assert eventually(lambda: full.request("PUT", "/o/full/new", noise(5 << 20)).status == 201, 3, 0.3)


def test_a_server_starts_on_a_full_disk(small_disk, noise):
    with Server(small_disk / "data", workers=1) as full:
        stored = fill(full, noise)
        full.kill()
    with Server(small_disk / "data", workers=1) as again:
        assert holds(again, stored)


def test_the_space_of_deleted_objects_is_free_again(small_disk, noise):
    """Also when every worker has served them: what nobody reads any more is held by nobody."""
    with Server(small_disk / "data", workers=2) as full:
        body = noise(10 << 20)
        names = [f"full/{number}" for number in range(4)]
        for name in names:
            full.put(name, body)
            for worker in full.connections_by_worker().values():
                assert worker.request("GET", "/o/" + name).body == body
        for name in names:
            assert full.delete(name).status == 204
        assert eventually(lambda: full.request("PUT", "/o/full/new", noise(30 << 20)).status == 201, 3, 0.3)


# Publishes a few bytes of its own, and then its input, which does not fit.
PUBLISH_TWICE = handle(
    """(if (call $publish (i32.const 2048) (i32.const 10) (i32.const 0) (i32.const 0) (i32.const 2064) (i32.const 1)) (then unreachable))
       (drop (call $input)) (if (call $publish_into (i32.const 32) (i32.const 1)) (then unreachable)) (call $answer (i32.const 7))"""
) + '(data (i32.const 2048) "full/small") (data (i32.const 2064) "\\00\\08\\00\\00\\04\\00\\00\\00")'


@pytest.mark.parametrize("run_class", ["express", "heavy"])
def test_a_function_on_a_full_disk_publishes_all_or_nothing_and_answers_all_the_same(small_disk, noise, run_class):
    """What it writes lies in memory, not on the disk: only what is to stay needs room there."""
    body = noise(20 << 20)
    with Server(small_disk / "data", workers=1) as full:
        for name, module in (("twice", guests.module(PUBLISH_TWICE)), ("upper", (EXAMPLES / "upper.wasm").read_bytes())):
            full.deploy(name, module, {"class": run_class})
        stored, (worker,) = fill(full, noise), full.worker_pids()
        name, content = next(iter(stored.items()))
        assert full.invoke("upper", {"object": name}).body == content.upper()
        for function in ("twice", "upper"):
            answer = full.invoke(function, {"into": name}, body)
            assert answer.status == 507 and answer.problem == "no-space", answer
        assert holds(full, stored) and full.worker_pids() == [worker]
        for key in [key for key in stored if "large" in key][1:]:
            assert full.delete(key).status == 204
        assert eventually(lambda: full.invoke("twice", {"into": name}, body).status == 200, 3, 0.3)
        assert full.get(name).body == body and full.get("full/small").body == b"full"
