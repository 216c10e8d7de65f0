"""Bodies larger than the memory for them go through a file; no function's clients take all of that memory."""

import os
import pathlib

import pytest

from guests import handle
from serving import EXAMPLES, Connection, Server, eventually
from uploads_test import in_pieces, unnamed_files
from wire import Wire

MIB = 1 << 20
MEMORY = 8 * MIB
LARGEST = MEMORY // 2  # kBodyMemoryShare


@pytest.fixture(scope="module")
def small(module_data):
    config = module_data.with_suffix(".toml")
    config.write_text(f"body_memory = {MEMORY}\nmax_body = {64 * MIB}\n")
    with Server(module_data, "--config", str(config), workers=1) as server:
        for name, run_class in (("express", "express"), ("heavy", "heavy")):
            server.deploy(name, (EXAMPLES / "echo.wasm").read_bytes(), {"class": run_class})
        workers = server.worker_pids()
        yield server
        assert server.worker_pids() == workers and unnamed_files(server) == 0
        assert server.stop() == 0


@pytest.mark.parametrize("function", ["express", "heavy"])
@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1, 5 * LARGEST, 5 * LARGEST + 4097])
def test_a_function_sees_all_of_a_body_that_does_not_fit_into_memory(small, noise, function, size):
    body = noise(size)
    answer = small.invoke(function, body=body, headers={"Inlay-Cost": "?1"})
    assert answer.status == 200 and answer.body == body
    assert answer.cost["copied"] <= 36 * 1024  # What came with the head.
    with Connection(small) as connection:
        answer = connection.request("POST", f"/f/{function}", in_pieces(body))
    assert answer.status == 200 and answer.body == body
    assert eventually(lambda: unnamed_files(small) == 0)


@pytest.mark.parametrize("size", [LARGEST + 1, 5 * LARGEST + 4097])
def test_an_object_need_not_fit_into_memory(small, noise, size):
    body = noise(size)
    assert small.put("large/sized", body).status in (200, 201)
    with Connection(small) as connection:
        assert connection.request("PUT", "/o/large/chunked", in_pieces(body)).status in (200, 201)
    assert small.get("large/sized").body == body and small.get("large/chunked").body == body


def test_nor_need_content_that_goes_through_a_function(small, noise):
    takes = handle("(i32.ne (i32.load8_u (call $input)) (i32.const 46))")
    body = b"." + noise(3 * LARGEST)
    through = small.name_of(takes)
    assert small.request("PUT", f"/o/large/through?through={through}", body).status == 201
    assert small.get("large/through").body == body
    assert small.request("PUT", f"/o/large/refused?through={through}", b"!" + body).status == 422
    assert small.get("large/refused").status == 404


def test_a_body_known_to_be_too_large_takes_little_memory_on_its_way(data, noise):
    """kBodyRingBytes."""
    config = data.with_suffix(".toml")
    config.write_text(f"body_memory = {128 * MIB}\n")
    with Server(data, "--config", str(config), workers=1) as server:
        server.deploy_example("echo")
        body = noise(70 * MIB)
        assert server.invoke("echo", body=body).body == body
        held = [entry.stat().st_size for entry in pathlib.Path(f"/proc/{server.worker_pids()[0]}/fd").iterdir()
                if "memfd:inlay-body" in os.readlink(entry)]
        assert held == [32 * MIB]


def test_the_largest_body_stays_the_largest(small):
    with Wire(small) as wire:
        wire.send(b"POST /f/express HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (64 * MIB + 1))
        assert wire.answer().status == 413
    with Connection(small) as connection:
        answer = connection.request("POST", "/f/express", (bytes(MIB) for _ in range(65)))
    assert answer.status == 413
    assert eventually(lambda: unnamed_files(small) == 0)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(small, noise):
    with Wire(small) as wire:
        wire.send(b"POST /f/express HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (10 * LARGEST) + noise(2 * LARGEST))
        assert eventually(lambda: unnamed_files(small) == 1)
    assert eventually(lambda: unnamed_files(small) == 0)


def test_the_clients_of_one_function_do_not_take_the_memory_of_others(small, noise):
    head = b"POST /f/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    before = small.metrics()["inlay_received_bytes_total"]
    with Wire(small) as first:
        first.send(head % (b"express", LARGEST) + bytes(LARGEST - MIB))
        assert eventually(lambda: small.metrics()["inlay_received_bytes_total"] >= before + LARGEST - 2 * MIB)
        with Wire(small) as second:
            second.send(head % (b"express", MIB) + bytes(1000))
            answer = second.answer()
            assert answer.status == 503 and answer.problem == "overloaded" and answer.headers["Retry-After"]
        assert small.invoke("heavy", body=bytes(MIB)).status == 200
        first.send(bytes(MIB))
        assert first.answer().status == 200
