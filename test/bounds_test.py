"""A thousand times more: caches and connections have bounds, and beyond them everything still works."""

import contextlib
import os
import pathlib
import resource
import socket

import pytest

from guests import Codes, handle, module
from serving import Connection, Server, eventually
from wire import Wire

CONNECTIONS = 10_000  # Of one worker.


def open_files(pid):
    """What the descriptors of a process stand for."""
    names = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Closed meanwhile.
            names.append(os.readlink(entry))
    return names


def test_more_functions_than_a_worker_keeps_loaded_all_answer(lone):
    count = 230
    for number in range(count):
        lone.deploy(f"many-{number}", module(handle(f"(call $answer (i32.const {number}))")))
    with Connection(lone) as connection:
        for _ in range(2):
            assert [connection.request("GET", f"/f/many-{number}").number for number in range(count)] == list(range(count))


def test_more_objects_than_a_worker_keeps_open_are_all_served(lone):
    count, (worker,) = 1300, lone.worker_pids()
    with Connection(lone) as connection:
        for number in range(count):
            assert connection.request("PUT", f"/o/many/{number}", b"%d" % number).status in (200, 201)
        for _ in range(2):
            for number in range(count):
                assert connection.request("GET", f"/o/many/{number}").body == b"%d" % number
    assert sum("/objects/" in name for name in open_files(worker)) <= 1024


def test_a_listing_of_more_keys_than_fit_a_page_goes_on(lone):
    with Connection(lone) as connection:
        if connection.request("GET", "/o/many").status == 404:
            pytest.skip("runs behind the test that stores the objects")
        page = connection.request("GET", "/o/many").json
        assert len(page["objects"]) == 1000 and page["next"] == page["objects"][-1]["key"]
        rest = connection.request("GET", f"/o/many?after={page['next']}").json
        assert len(rest["objects"]) == 300 and rest["next"] is None


def test_response_fields_have_a_bound_in_bytes(lone):
    guest = handle(
        """(loop $again
             (local.set $last (call $header (i32.const 2048) (i32.const 1) (i32.const 4096) (i32.const 996)))
             (local.set $count (i32.add (local.get $count) (i32.const 1)))
             (br_if $again (i32.and (i32.eqz (local.get $last)) (i32.lt_u (local.get $count) (i32.const 100)))))
           (i32.store (i32.const 1024) (local.get $count)) (i32.store (i32.const 1028) (local.get $last))
           (call $answer_numbers (i32.const 2))""", "(local $last i32) (local $count i32)"
    ) + f'(data (i32.const 2048) "X") (data (i32.const 4096) "{"v" * 996}")'  # fmt: skip
    answer = lone.run(guest)
    assert answer.numbers == [9, Codes.LIMIT] and answer.headers["X"] == "v" * 996


def test_connections_beyond_the_bound_take_the_places_of_those_that_only_wait(data):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} descriptors; the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    config = data.with_suffix(".toml")
    config.write_text(f"connections_per_address = {2 * CONNECTIONS}\nhead_timeout_ms = 60000\n")
    with Server(data, "--config", str(config), workers=1) as server:
        first, opened = Wire(server), []
        first.send(b"GET /healthz HTTP/1.1\r\nHo")
        for _ in range(CONNECTIONS + 50):
            opened.append(socket.create_connection((server.host, server.port), 10))
        for one in (opened[0], opened[40]):
            one.settimeout(10)
            assert one.recv(1) == b"", "ended for a later one"
        opened[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert opened[-1].recv(1) == b"H", "the latest serves"
        assert server.metrics()["inlay_connections_open"] <= CONNECTIONS + 1
        first.send(b"st: h\r\n\r\n")
        assert first.answer().status == 200, "who is in the middle of something is not ended"
        for one in opened:
            one.close()
        assert eventually(lambda: _serves(server)), "there is room again"
        assert server.metrics()["inlay_worker_deaths_total"] == 0
    config.unlink()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _serves(server):
    try:
        return server.request("GET", "/healthz").status == 200
    except OSError:
        return False
