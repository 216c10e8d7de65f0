"""Large PUTs: written to their file while they arrive, stored whole or not at all, and nothing stays of what ended early."""

import os
import pathlib
import signal
import time

import pytest

from guests import handle
from serving import Connection, Server, eventually
from wire import Wire

MIB, GIB = 1 << 20, 1 << 30
BEGINS = 16 * MIB  # kWriteBehindBytesMin
PIECE = 8 * MIB    # kWritePieceBytes


def in_pieces(body, size=300_000):
    return (body[at : at + size] for at in range(0, len(body), size))


def unnamed_paths(server):
    """The descriptors in /proc of files without a name that the supervisor holds open below its data directory."""
    found = []
    for entry in pathlib.Path(f"/proc/{server.pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith(str(server.data)) and target.endswith(" (deleted)"):
            found.append(entry)
    return found


def unnamed_files(server):
    return len(unnamed_paths(server))


def begin_put(wire, name, length, sent):
    wire.send(f"PUT /o/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode() + sent)


@pytest.mark.parametrize("size", [BEGINS - 1, BEGINS, BEGINS + 1, 3 * PIECE - 4096, 3 * PIECE, 40 * MIB + 4097])
def test_what_was_put_is_what_is_there(server, noise, size):
    body = noise(size)
    answer = server.put("uploads/sized", body)
    assert answer.status in (200, 201) and answer.json["bytes"] == size
    assert server.get("uploads/sized").body == body
    assert eventually(lambda: unnamed_files(server) == 0)


@pytest.mark.parametrize("size", [BEGINS - 1, BEGINS + 1, 40 * MIB + 4097])
def test_a_length_that_is_not_known_before_is_no_hindrance(server, noise, size):
    body = noise(size)
    with Connection(server) as connection:
        answer = connection.request("PUT", "/o/uploads/chunked", in_pieces(body))
    assert answer.status in (200, 201) and answer.json["bytes"] == size
    assert server.get("uploads/chunked").body == body


def test_content_is_on_its_way_to_the_disk_before_it_has_arrived(server, noise):
    with Wire(server) as wire:
        body = noise(3 * PIECE)
        begin_put(wire, "uploads/early", len(body), body[: 2 * PIECE])
        assert eventually(lambda: unnamed_files(server) == 1)
        wire.send(body[2 * PIECE :])
        assert wire.answer().status == 201
    assert server.get("uploads/early").body == body and unnamed_files(server) == 0


def test_a_length_that_is_only_said_takes_no_disk(server):
    free = os.statvfs(server.data).f_bfree * os.statvfs(server.data).f_frsize
    if free < 2 * GIB:
        pytest.skip(f"the disk has {free >> 20} MiB left, too few to tell")
    with Wire(server) as wire:
        begin_put(wire, "uploads/said", GIB, b"x" * 100_000)
        assert eventually(lambda: unnamed_files(server) == 1)
        held = sum(os.stat(path).st_blocks * 512 for path in unnamed_paths(server))
        assert held <= 64 * MIB + PIECE, "kReserveBytes beyond what has come"
    assert eventually(lambda: unnamed_files(server) == 0)


def test_a_client_that_goes_away_leaves_nothing(server, noise):
    with Wire(server) as wire:
        begin_put(wire, "uploads/gone", 10 * PIECE, noise(2 * PIECE))
        assert eventually(lambda: unnamed_files(server) == 1)
    assert eventually(lambda: unnamed_files(server) == 0)
    assert server.get("uploads/gone").status == 404


def test_a_refused_put_leaves_nothing(server, noise):
    server.put("uploads/there", b"x")
    answer = server.request("PUT", "/o/uploads/there", noise(BEGINS), {"If-None-Match": "*"})
    assert answer.status == 412
    assert server.get("uploads/there").body == b"x" and eventually(lambda: unnamed_files(server) == 0)
    answer = server.request("PUT", "/o/uploads/there", noise(BEGINS), {"Content-Type": "x" * 300})
    assert answer.status == 400 and eventually(lambda: unnamed_files(server) == 0)


def test_more_uploads_than_may_be_written_at_once_are_stored_all_the_same(data, noise):
    """kContentsBegunMax, of which plain PUTs have one part in kContentsBegunShare."""
    body = noise(BEGINS)
    config = data.parent / f"{data.name}.toml"
    config.write_text(f"body_memory = {4 << 30}\n")
    with Server(data, "--config", str(config), workers=1) as server:
        wires = [Wire(server) for _ in range(70)]
        for number, wire in enumerate(wires):
            begin_put(wire, f"uploads/{number}", len(body), body[:20_000])
        assert eventually(lambda: unnamed_files(server) == 32)
        for wire in wires:
            wire.send(body[20_000:])
            assert wire.answer().status == 201
        assert all(server.get(f"uploads/{number}").body == body for number in (0, 31, 32, 69))
        assert eventually(lambda: unnamed_files(server) == 0)


def test_puts_that_stand_still_leave_bodies_too_large_for_memory_their_way_to_a_file(data, noise):
    body = noise(24 * MIB)
    config = data.parent / f"{data.name}.toml"
    config.write_text(f"body_memory = {32 * MIB}\n")
    with Server(data, "--config", str(config), workers=1) as server:
        server.deploy_example("wc")
        wires = [Wire(server) for _ in range(40)]
        for number, wire in enumerate(wires):
            begin_put(wire, f"uploads/idle-{number}", GIB, b"x")
        assert eventually(lambda: unnamed_files(server) > 0)
        with Connection(server) as connection:
            assert connection.request("POST", "/f/wc", body).json["bytes"] == len(body)
        for wire in wires:
            wire.socket.close()


def test_a_length_that_is_only_said_takes_no_memory_from_others(data, noise):
    """Plain PUTs have half of body_memory: two that fill it do not fit, but what has come of the first is little."""
    config = data.parent / f"{data.name}.toml"
    config.write_text(f"body_memory = {32 * MIB}\n")
    body = noise(15 * MIB)
    with Server(data, "--config", str(config), workers=1) as server:
        with Wire(server) as slow:
            begin_put(slow, "uploads/slow", len(body), body[: MIB // 2])
            for number in range(3):
                assert server.put(f"uploads/{number}", body).status == 201
            slow.send(body[MIB // 2 :])
            assert slow.answer().status == 201
        assert server.get("uploads/slow").body == body
        with Wire(server) as first:
            begin_put(first, "uploads/first", len(body), body[: 12 * MIB])
            time.sleep(0.3)
            with Wire(server) as second:
                begin_put(second, "uploads/second", len(body), b"")
                refused = second.answer()
                assert refused.status == 503 and "body_memory" in refused.detail, "before its content"
            first.send(body[12 * MIB :])
            assert first.answer().status == 201


def test_uploads_of_functions_have_a_part_of_their_own_each(data, noise):
    """A function's bodies that stand still take half of what may be begun; another's, and a PUT, go on."""
    config = data.parent / f"{data.name}.toml"
    config.write_text(f"body_memory = {4 << 30}\n")
    body = noise(BEGINS)
    takes = handle("(i32.const 0)")
    with Server(data, "--config", str(config), workers=1) as server:
        first, second = server.name_of(takes), server.name_of(takes + " ")
        wires = [Wire(server) for _ in range(70)]
        for number, wire in enumerate(wires):
            begin_put(wire, f"uploads/{number}?through={first if number < 40 else second}", len(body), body[:20_000])
        assert eventually(lambda: unnamed_files(server) == 62)
        for wire in wires[38:]:
            wire.send(body[20_000:])
            assert wire.answer().status == 201
        for wire in wires:
            wire.socket.close()


def test_a_worker_that_dies_leaves_nothing(data, noise):
    with Server(data, workers=1) as server:
        with Wire(server) as wire:
            begin_put(wire, "uploads/lost", 10 * PIECE, noise(2 * PIECE))
            assert eventually(lambda: unnamed_files(server) == 1)
            os.kill(server.worker_pids()[0], signal.SIGKILL)
            assert eventually(lambda: unnamed_files(server) == 0)
        assert eventually(lambda: server.get("uploads/lost").status == 404)
        assert server.put("uploads/next", noise(BEGINS)).status == 201


def test_content_may_go_through_a_function_meanwhile(server, noise):
    takes = handle("(i32.ne (i32.load8_u (call $input)) (i32.const 46))")
    body = b"." + noise(BEGINS)
    answer = server.request("PUT", f"/o/uploads/through?through={server.name_of(takes)}", body)
    assert answer.status in (200, 201) and server.get("uploads/through").body == body
    answer = server.request("PUT", f"/o/uploads/refused?through={server.name_of(takes)}", b"!" + body)
    assert answer.status == 422 and server.get("uploads/refused").status == 404
    assert eventually(lambda: unnamed_files(server) == 0)
