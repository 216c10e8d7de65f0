"""HTTP/1.1 as clients and attackers speak it: what is understood, what is refused, and that refusals end the connection."""

import contextlib
import os
import random
import threading
import time

import pytest

import guests
from serving import Connection, Server, eventually
from wire import Wire, ask

HOST = b"Host: h\r\n"


def get(target=b"/healthz", fields=b""):
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n"


def put(fields, content=b""):
    return b"PUT /o/http/refused HTTP/1.1\r\n" + HOST + fields + b"\r\n" + content


def chunked(content):
    return put(b"Transfer-Encoding: chunked\r\n", content)


# What is too large to stand in http_cases.txt.
REFUSED = {
    "a head of 17 KiB": (get(fields=b"X: " + b"a" * 17 * 1024 + b"\r\n"), 431),
    "a request line of 17 KiB": (get(b"/" + b"a" * 17 * 1024), 431),
    "101 fields": (get(fields=b"X: a\r\n" * 100), 431),
    "a length past max_body": (put(b"Content-Length: 1073741825\r\n"), 413),
    "a chunk size past max_body": (chunked(b"40000001\r\n"), 413),
    "a chunk line of 300 bytes": (chunked(b"4;" + b"a" * 300 + b"\r\nabcd\r\n0\r\n\r\n"), 400),
    "trailers of 5 KiB": (chunked(b"0\r\n" + b"X: aaaaaaa\r\n" * 512 + b"\r\n"), 431),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_request_is_refused_and_ends_the_connection(server, name):
    text, status = REFUSED[name]
    smuggled = b"DELETE /o/http/refused HTTP/1.1\r\nHost: h\r\n\r\n"
    answer, closed = ask(server, text + smuggled)
    assert answer.status == status, answer
    assert answer.problem and answer.headers["Connection"] == "close"
    assert closed, "more than one answer, or the connection stayed open"
    assert server.get("http/refused").status == 404


def test_requests_follow_each_other_on_one_connection(server):
    with Connection(server) as connection:
        port = connection.port()
        for number in range(200):
            target = f"/o/http/{number}" if number % 3 == 0 else "/healthz"
            assert connection.request("GET", target).status == (404 if number % 3 == 0 else 200)
        assert connection.port() == port


def test_pipelined_requests_are_answered_in_order(server):
    name = server.name_of(guests.ECHO).encode()
    bodies = [b"%d" % number + b"." * (number * 37 % 500) for number in range(120)]
    requests = [
        b"POST /f/%s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (name, HOST, len(body), body)
        if number % 2
        else b"POST /f/%s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (name, HOST, len(body), body)
        for number, body in enumerate(bodies)
    ]
    with Wire(server) as wire:
        wire.send(b"".join(requests))
        assert [wire.answer().body for _ in bodies] == bodies


def test_pipelined_large_bodies_keep_their_bounds(server, noise):
    name = server.name_of(guests.ECHO).encode()
    bodies = [noise(size, size) for size in (16383, 16384, 16385, 70000, 1, 200000)]
    with Wire(server) as wire:
        text = b"".join(b"POST /f/%s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (name, HOST, len(one), one) for one in bodies)
        wire.send(text)
        assert [wire.answer().body for _ in bodies] == bodies


CHUNKED_BODY = b"5\r\nhello\r\nA;x=1;y=\"a;b\"\r\n 0123456\r\n\r\n1\r\n!\r\n000\r\nTrailer: t\r\n\r\n"
CHUNKED_CONTENT = b"hello 0123456\r\n!"


def test_a_request_means_the_same_wherever_it_is_split(server):
    name = server.name_of(guests.ECHO).encode()
    text = b"POST /f/%s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n" % (name, HOST) + CHUNKED_BODY
    with Wire(server) as wire:
        for split in range(1, len(text)):
            wire.send_in_pieces([text[:split], text[split:]])
            assert wire.answer().body == CHUNKED_CONTENT, text[:split]
        wire.send_in_pieces([text[at : at + 1] for at in range(len(text))], pause=0.0005)
        assert wire.answer().body == CHUNKED_CONTENT


def test_a_large_chunked_body_arrives_whole_from_chunks_of_any_size(server, noise):
    name = server.name_of(guests.ECHO).encode()
    body, dice = noise(3 << 20, 7), random.Random(7)
    with Wire(server) as wire:
        for largest in (7, 300, 5000, 300000):
            content = body[: min(len(body), largest * 2000)]
            pieces, at = [], 0
            while at < len(content):
                piece = content[at : at + dice.randint(1, largest)]
                pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
                at += len(piece)
            wire.send(b"POST /f/%s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n" % (name, HOST))
            wire.send(b"".join(pieces) + b"0\r\n\r\n")
            assert wire.answer().body == content


@pytest.mark.parametrize(
    "version, field, stays",
    [("1.1", b"", True), ("1.1", b"Connection: close\r\n", False), ("1.1", b"Connection: x, CLOSE\r\n", False),
     ("1.0", b"", False), ("1.0", b"Connection: keep-alive\r\n", True)],
)  # fmt: skip
def test_a_connection_stays_as_the_client_wants_it(server, version, field, stays):
    request = b"GET /healthz HTTP/" + version.encode() + b"\r\n" + HOST + field + b"\r\n"
    with Wire(server) as wire:
        wire.send(request)
        assert wire.answer().status == 200
        if not stays:
            assert wire.is_closed()
            return
        wire.send(request)
        assert wire.answer().status == 200


def test_100_continue_comes_before_the_body_and_only_when_it_is_wanted(server):
    head = b"PUT /o/http/expected HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    with Wire(server) as wire:
        wire.send(head)
        assert wire.answer().status == 100
        wire.send(b"hello")
        assert wire.answer().status == 201
    refused = b"PUT /metrics HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    assert ask(server, refused)[0].status == 405


@pytest.mark.parametrize("target", ["/healthz", "/metrics", "/o", "/o/http/whole", "/v1/functions", "/nothing", "/o/http/absent"])
def test_head_answers_what_get_would_without_content(server, target):
    server.put("http/whole", b"x" * 30000, {"Content-Type": "text/plain"})
    by_get = server.request("GET", target)
    with Wire(server) as wire:
        wire.send(b"HEAD " + target.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n" + get())
        by_head = wire.answer(has_content=False)
        assert by_head.status == by_get.status
        if by_get.status == 404:  # Its connection may end.
            return
        assert wire.answer().body == b"ok\n", "content came behind the answer to HEAD"
    if target != "/metrics":
        assert by_head.headers["Content-Length"] == by_get.headers["Content-Length"]
    assert by_head.headers["Content-Type"] == by_get.headers["Content-Type"]
    assert by_head.headers["ETag"] == by_get.headers["ETag"]


def test_an_unknown_path_is_a_problem_document(server):
    for target in ("/", "/x", "/f", "/v1", "/v1/functions/a/b", "/healthz/x"):
        answer = server.request("GET", target)
        assert answer.status == 404 and answer.problem == "not-found", target


@pytest.mark.parametrize(
    "method, target",
    [("POST", "/o/b/k"), ("PUT", "/o/b"), ("DELETE", "/o/b"), ("POST", "/v1/functions/x"), ("PUT", "/v1/functions"),
     ("DELETE", "/healthz"), ("POST", "/metrics"), ("PATCH", "/o/b/k"), ("BREW", "/readyz")],
)  # fmt: skip
def test_a_method_that_a_path_does_not_have_is_refused(server, method, target):
    answer = server.request(method, target, b"body")
    assert answer.status == 405 and answer.problem == "method-not-allowed"
    assert method in answer.detail


def test_a_405_carries_the_methods_that_are_allowed(server):
    """RFC 9110, section 15.5.6: the server must generate Allow."""
    for target, allowed in (("/o/b/k", {"GET", "HEAD", "PUT", "DELETE"}), ("/o", {"GET", "HEAD"})):
        fields = server.request("PATCH", target).headers.get("Allow", "")
        assert {one.strip() for one in fields.split(",")} == allowed


def test_a_target_may_be_absolute_and_an_empty_line_may_come_first(server):
    assert ask(server, b"\r\nGET http://elsewhere/healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")[0].status == 200


def test_an_early_refusal_can_be_read_by_a_client_that_sends_its_whole_body_first(server):
    body = b"x" * (2 << 20)
    with Wire(server) as wire:
        wire.send(b"POST /nothing HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = wire.answer()
        assert answer.status == 404 and answer.problem == "not-found"
        assert wire.is_closed()


def test_answers_carry_a_date_and_an_exact_length(server):
    for target in ("/healthz", "/o", "/nothing"):
        answer = server.request("GET", target)
        assert answer.headers["Date"].endswith(" GMT")
        assert int(answer.headers["Content-Length"]) == len(answer.body)


def descriptors(server):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in [server.pid, *server.worker_pids()])


def go_away(server, text, bytes_read):
    with Wire(server) as wire:
        wire.send(text)
        if bytes_read:
            wire.socket.recv(bytes_read)


def test_clients_that_go_away_in_the_middle_leave_nothing_behind(server, noise):
    server.put("http/long", noise(8 << 20))
    echo = b"POST /f/" + server.name_of(guests.ECHO).encode() + b"?object=http/long HTTP/1.1\r\n" + HOST + b"\r\n"
    upload = b"PUT /o/http/half HTTP/1.1\r\n" + HOST
    keys = server.request("GET", "/o/http").json

    def one_round():
        for _ in range(12):
            go_away(server, upload + b"Content-Length: 4000000\r\n\r\n" + b"x" * 1000000, 0)
            go_away(server, upload + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc", 0)
            go_away(server, get(b"/o/http/long"), 1000)
            go_away(server, echo, 1000)
        assert eventually(lambda: server.metrics()["inlay_connections_open"] == 1)

    one_round()
    before = descriptors(server)
    one_round()
    assert eventually(lambda: descriptors(server) <= before), (before, descriptors(server))
    assert server.request("GET", "/o/http").json == keys


def test_bodies_above_max_body_are_refused_however_they_are_framed(data, noise):
    with Server(data, "--max-body", "100000", workers=1) as small:
        assert small.put("b/fits", noise(100000))
        for text in (
            b"PUT /o/b/k HTTP/1.1\r\n" + HOST + b"Content-Length: 100001\r\n\r\n",
            b"PUT /o/b/k HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"C350\r\n" + b"x" * 50000 + b"\r\nC351\r\n" + b"x" * 50001 + b"\r\n0\r\n\r\n",
        ):  # fmt: skip
            answer, closed = ask(small, text)
            assert answer.status == 413 and answer.problem == "body-too-large" and closed
        assert [one["key"] for one in small.request("GET", "/o/b").json["objects"]] == ["fits"]


def test_bodies_beyond_the_memory_for_them_are_put_off(data):
    config = data.with_suffix(".toml")
    config.write_text("body_memory = 1048576\n")
    with Server(data, "--config", str(config), workers=1) as small, Wire(small) as first:
        head = b"PUT /o/b/k HTTP/1.1\r\n" + HOST + b"Content-Length: 500000\r\n\r\n"
        first.send(head + b"x" * 450000)
        assert eventually(lambda: small.metrics()["inlay_received_bytes_total"] >= 400000)
        answer, _ = ask(small, head + b"x" * 1000)
        assert answer.status == 503 and answer.problem == "overloaded" and answer.headers["Retry-After"]
        first.send(b"x" * 50000)
        assert first.answer().status == 201
        with Wire(small) as third:
            third.send(head + b"x" * 500000)
            assert third.answer().status == 200


def test_a_client_that_pipelines_without_end_does_not_keep_others_waiting(lone):
    """Replies are read, so nothing on its connection ever has to wait."""
    end = time.monotonic() + 2
    with Wire(lone, timeout=1) as greedy:

        def send():
            with contextlib.suppress(OSError):
                while time.monotonic() < end:
                    greedy.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 5000)

        def receive():
            with contextlib.suppress(OSError):
                while time.monotonic() < end and greedy.socket.recv(1 << 20):
                    pass

        threads = [threading.Thread(target=send), threading.Thread(target=receive)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        waits = []
        while time.monotonic() < end - 0.3:
            begin = time.monotonic()
            assert lone.request("GET", "/healthz").status == 200
            waits.append(time.monotonic() - begin)
        for thread in threads:
            thread.join()
    assert max(waits) < 1
