"""What a hostile guest can do to the head of its response, and so to the connection: nothing that is not well-formed, and nothing of ours."""

import struct

import pytest

from guests import Codes, handle, module
from serving import Server
from wire import Wire, final_answers

NEXT = b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

# The body: status, length of the name, length of the value, name, value. The content of the response: what the two calls gave, and a
# response that nobody must take for one.
TRIES = handle(
    """(if (call $receive (i32.const 32)) (then unreachable))
       (local.set $at (i32.load (i32.const 32)))
       (i32.store (i32.const 1024) (call $status (i32.load (local.get $at))))
       (i32.store (i32.const 1028)
         (call $header (i32.add (local.get $at) (i32.const 12)) (i32.load offset=4 (local.get $at))
           (i32.add (i32.add (local.get $at) (i32.const 12)) (i32.load offset=4 (local.get $at))) (i32.load offset=8 (local.get $at))))
       (if (call $receive (i32.const 32)) (then unreachable))
       (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 52))
       (call $respond (i32.const 32) (i32.const 1))""", "(local $at i32)"
) + '(data (i32.const 1032) "HTTP/1.1 200 OK\\0d\\0aContent-Length: 5\\0d\\0a\\0d\\0aforged")'  # fmt: skip
# Sends where the status has no content; a guest that may do so would write behind the end of its response.
SENDS = handle(
    """(if (call $status (i32.const {status})) (then (return (i32.const 1))))
       (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 5))
       (if (i32.ne (call $send (i32.const 32) (i32.const 1)) (i32.const {denied})) (then (return (i32.const 2))))
       (i32.const 0)"""
)
PLACES = ["worker", "lane", "stream", "lane stream"]


@pytest.fixture(scope="module")
def host(module_data):
    with Server(module_data, workers=1) as made:
        for kind in ("light", "heavy"):
            query = {"class": "heavy"} if kind == "heavy" else None
            made.deploy(f"tries-{kind}", module(TRIES), query)
            for status in (204, 205, 304):
                made.deploy(f"sends-{status}-{kind}", module(SENDS.format(status=status, denied=Codes.DENIED)), query)
        yield made
        assert made.metrics()["inlay_worker_deaths_total"] == 0
        assert made.stop() == 0


def target(name, place):
    return f"/f/{name}-{'heavy' if 'lane' in place else 'light'}{'?stream=1' if 'stream' in place else ''}".encode()


def tried(host, name=b"X", value=b"y", status=200, method=b"POST", place="worker"):
    """The answer to a guest that tries this, as (status, head, content); what follows it on the connection must be the next one."""
    body = struct.pack("<3I", status, len(name), len(value)) + name + value
    with Wire(host) as wire:
        wire.send(b"%s %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (method, target("tries", place), len(body), body) + NEXT)
        while wire._fill():
            pass
        answers = final_answers(wire.received, method == b"HEAD")
    assert len(answers) == 2 and answers[1][0] == 200 and answers[1][2] == b"ok\n", wire.received
    return answers[0]


def codes_of(answer):
    return struct.unpack("<2i", answer[2][:8])


def fields_of(answer):
    return [line.partition(b": ")[::2] for line in answer[1].split(b"\r\n")[1:]]


OURS = {b"Content-Length", b"Date", b"Content-Type"}
TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_each_byte_in_a_name_is_one_of_a_token_or_refused(host):
    for byte in range(256):
        name = b"x" + bytes([byte]) + b"y"
        answer = tried(host, name=name)
        allowed = byte in TOKEN
        assert codes_of(answer) == (0, 0 if allowed else Codes.NAME), name
        assert {one for one, _ in fields_of(answer)} == OURS | ({name} if allowed else set()), answer


def test_each_byte_in_a_value_is_visible_or_refused(host):
    for byte in range(256):
        value = b"x" + bytes([byte]) + b"y"
        answer = tried(host, value=value)
        allowed = byte == 9 or (byte >= 32 and byte != 127)
        assert codes_of(answer) == (0, 0 if allowed else Codes.ARGUMENT), value
        assert dict(fields_of(answer)).get(b"X") == (value if allowed else None), answer


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "value", [b"a\r\nSet-Cookie: b", b"a\nb", b"a\rb", b"a\0", b"\r\n\r\nHTTP/1.1 200 OK", b"a\r\n b", b" a", b"a\t", b"\x7f"]
)
def test_nothing_is_injected_by_a_value(host, place, value):
    answer = tried(host, value=value, place=place)
    assert codes_of(answer) == (0, Codes.ARGUMENT)
    assert {one for one, _ in fields_of(answer)} == OURS


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "name",
    [b"Connection", b"Keep-Alive", b"Proxy-Connection", b"Content-Length", b"Date", b"TE", b"Trailer", b"Transfer-Encoding", b"Upgrade",
     b"traceparent", b"Inlay-Cost", b"Inlay-Anything"],
)  # fmt: skip
def test_what_belongs_to_the_connection_or_to_us_is_not_the_guests(host, place, name):
    for spelling in (name, name.lower(), name.upper(), name.swapcase()):
        answer = tried(host, name=spelling, value=b"1", place=place)
        assert codes_of(answer) == (0, Codes.DENIED)
        assert len(fields_of(answer)) == 3 and {one for one, _ in fields_of(answer)} == OURS, answer


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", [b"GET", b"POST", b"HEAD"])
@pytest.mark.parametrize("status", [200, 201, 204, 205, 206, 304, 404, 500, 599])
def test_no_content_follows_where_none_may(host, place, method, status):
    """The next answer begins where the head ends, whatever the guest gave as content."""
    answer = tried(host, status=status, method=method, place=place)
    assert answer[0] == status
    assert bool(answer[2]) == (method != b"HEAD" and status not in (204, 205, 304))
    names = [name for name, _ in fields_of(answer)]
    assert names.count(b"Content-Length") == (status != 204) and b"Transfer-Encoding" not in names


@pytest.mark.parametrize("status", [0, 99, 100, 101, 103, 199, 600, 1000, 0xFFFFFFFF])
def test_a_status_that_is_no_final_one_is_refused(host, status):
    answer = tried(host, status=status)
    assert answer[0] == 200 and codes_of(answer)[0] == Codes.ARGUMENT


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_stream_sends_nothing_where_none_may_be(host, place, status):
    with Wire(host) as wire:
        wire.send(b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" % target(f"sends-{status}", place) + NEXT)
        while wire._fill():
            pass
        answers = final_answers(wire.received)
    assert [one[0] for one in answers] == [status, 200] and answers[0][2] == b"", answers
