"""The ways in which content leaves, each for all clients: the bytes are the same, and they do leave that way."""

import pytest

import guests
from guests import handle
from serving import Server
from slow_clients import HOST
from wire import Wire

SIZE = (8 << 20) + 4321
# Writes an output window of 1 MiB and responds with it.
WRITES = handle(
    """(drop (call $output (i64.const 1048576) (i32.const 32)))
       (memory.fill (i32.load (i32.const 32)) (i32.const 7) (i32.load (i32.const 36)))
       (call $respond (i32.const 32) (i32.const 1))"""
)


@pytest.fixture(scope="module", params=["memory", "file"])
def sending(request, module_data, noise):
    """A server that sends that way, and the content of its object sends/object."""
    with Server(module_data / request.param, "--send", request.param, workers=1) as made:
        content = noise(SIZE)
        assert made.put("sends/object", content).status == 201
        yield made, content
        assert made.stop() == 0


@pytest.fixture
def by_file(sending, request):
    """Checks at the end that as many bytes as `expect` says left by sendfile, or none where the server sends from memory."""
    server, _ = sending
    expected = []
    before = server.metrics()["inlay_sent_by_file_bytes_total"]
    yield expected.append
    went = server.metrics()["inlay_sent_by_file_bytes_total"] - before
    assert went == (sum(expected) if "file" in request.node.callspec.id else 0)


def test_an_object_and_its_ranges(sending, by_file):
    server, content = sending
    assert server.request("GET", "/o/sends/object").body == content
    ranged = server.request("GET", "/o/sends/object", headers={"Range": "bytes=4095-2000000"})
    assert ranged.status == 206 and ranged.body == content[4095:2000001]
    small = server.request("GET", "/o/sends/object", headers={"Range": "bytes=100-199"})
    assert small.body == content[100:200], "less than 64 KiB is not worth sendfile"
    by_file(SIZE + 2000001 - 4095)


def test_a_body_echoed_and_an_output(sending, by_file):
    server, content = sending
    server.deploy_example("echo")
    echoed = server.request("POST", "/f/echo", content, headers={"Inlay-Cost": "?1"})
    assert echoed.body == content and echoed.cost["copied"] <= 16384
    server.deploy("writes", guests.module(WRITES))
    assert server.request("GET", "/f/writes").body == bytes([7]) * (1 << 20)
    by_file(SIZE + (1 << 20))


def test_a_reader_that_pauses_and_one_that_leaves(sending, by_file):
    server, content = sending
    with Wire(server) as wire:
        wire.send(b"GET /o/sends/object HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = wire.answer()  # In pieces, as they come.
        assert answer.body == content
        wire.send(b"GET /o/sends/object HTTP/1.1\r\n" + HOST + b"Range: bytes=0-0\r\n\r\n")
        assert wire.answer().body == content[:1], "what follows is not held back"
    by_file(SIZE)
