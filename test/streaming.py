"""What tests of streams share: a server and its guests that stream, requests that ask for it, and a strict reader of chunks."""

import random
import threading

import pytest

import guests
from guests import handle
from serving import EXAMPLES, Server
from wire import Wire

HOST = b"Host: h\r\n"
MIB = 1 << 20
SIZED = b"Content-Length: %d\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# Sends each piece back as it lies in the ring.
ECHO = handle(
    """(loop $again
         (if (call $receive (i32.const 32)) (then (return (i32.const 1))))
         (if (i32.load (i32.const 36))
           (then (if (call $send (i32.const 32) (i32.const 1)) (then (return (i32.const 2)))) (br $again))))
       (i32.const 0)"""
)


@pytest.fixture(scope="module")
def streams(module_data):
    """A server of one worker with the examples and the echo; every test must leave its worker alive and its lanes free."""
    with Server(module_data, workers=1) as made:
        for name in ("wc", "upper", "noop"):
            made.deploy_example(name)
        made.deploy("echo", guests.module(ECHO))
        for name in ("wc", "upper"):
            made.deploy(name + "_heavy", (EXAMPLES / f"{name}.wasm").read_bytes(), {"class": "heavy"})  # Its streams run in lanes.
        made.deploy("echo_heavy", guests.module(ECHO), {"class": "heavy"})
        yield made
        assert made.stop() == 0


@pytest.fixture(autouse=True)
def goes_on(streams):
    before = streams.worker_pids()
    yield
    assert streams.worker_pids() == before, streams.log.read_text()[-2000:]
    assert streams.invoke("wc", {"stream": 1}, b"a b\n").json == {"lines": 1, "words": 2, "bytes": 4}


def text(size, seed=5):
    return bytes(random.Random(seed).choices(b"abcdefgh IJKL\n\n\t\x80\xff", k=min(size, 70_001)) * (size // 70_001 + 1))[:size]


def chunked(content, sizes=(1, 5, 100, 4000, 65536, 200_000)):
    dice, at, lines = random.Random(1), 0, []
    while at < len(content):
        size = min(dice.choice(sizes), len(content) - at)
        lines.append(b"%x\r\n%s\r\n" % (size, content[at : at + size]))
        at += size
    return b"".join(lines) + b"0\r\n\r\n"


def post(path, framing, version=b"1.1"):
    return b"POST " + path + b" HTTP/" + version + b"\r\n" + HOST + framing + b"\r\n"


def head_of(wire):
    while b"\r\n\r\n" not in wire.received:
        assert wire._fill(), wire.received
    head, wire.received = wire.received.split(b"\r\n\r\n", 1)
    return head


def content_of(wire):
    """The content of a response in chunks, read strictly; raises ConnectionError where it ends early."""
    head = head_of(wire)
    assert b"Transfer-Encoding: chunked" in head and b"Content-Length" not in head, head
    return content_in_chunks(wire)


def content_in_chunks(wire):
    """What comes behind its head."""
    content = bytearray()
    while True:
        while b"\r\n" not in wire.received:
            if not wire._fill():
                raise ConnectionError("no last chunk")
        line, wire.received = wire.received.split(b"\r\n", 1)
        size = int(line, 16)
        while len(wire.received) < size + 2:
            if not wire._fill():
                raise ConnectionError("half a chunk")
        assert wire.received[size : size + 2] == b"\r\n"
        content += wire.received[:size]
        wire.received = wire.received[size + 2 :]
        if size == 0:
            return bytes(content)


def exchange(streams, path, content, body_framing):
    """Sends and reads at once; gives the content of the response in chunks."""
    sized = body_framing == "sized"
    with Wire(streams, 60) as wire:
        wire.send(post(path, SIZED % len(content) if sized else CHUNKED))
        sender = threading.Thread(target=wire.send, args=(content if sized else chunked(content),))
        sender.start()
        answer = content_of(wire)
        sender.join()
        assert wire.received == b""
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert wire.answer().status == 200, "the connection is used again"
        return answer
