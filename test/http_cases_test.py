"""The catalogue of requests in http_cases.txt against a server: each at once, split at every byte, and byte by byte.

Behind each request another one is sent on the same connection. Behind a request that is taken it is answered, so both ends agree where
the first one ended; behind one that is refused it is not, whatever it was meant to smuggle.
"""

import codecs
import pathlib
import re
import select
import socket
import time

import pytest

import guests
from serving import Server
from wire import final_answers

CATALOGUE = pathlib.Path(__file__).parent / "http_cases.txt"
CODES = (pathlib.Path(__file__).parent.parent / "src/base/errc.cpp").read_text()
STATUS_OF = {name: int(status) for name, status in re.findall(r'\{"([a-z-]+)", (\d+),', CODES)}
POST = b"POST /f/echo HTTP/1.1\r\nHost: h\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
AT_ONCE = 400
QUOTED = r'"((?:\\.|[^"\\])*)"'


def unescaped(text):
    return codecs.escape_decode(text.encode())[0]


class Case:
    def __init__(self, number, line):
        verdict, kind, text, content = re.fullmatch(rf"(\S+) (\w+) {QUOTED}(?: {QUOTED})?", line).groups()
        text = unescaped(text)
        self.name = f"http_cases.txt:{number}"
        self.problem = None if verdict[0].isdigit() else verdict
        self.status = STATUS_OF[verdict] if self.problem else int(verdict.rstrip("!"))
        self.ends = bool(self.problem) or verdict.endswith("!")
        self.content = None if content is None else unescaped(content)
        self.request = {
            "whole": text,
            "line": text + b"\r\nHost: h\r\n\r\n",
            "field": POST + text + (b"" if b"\r\n\r\n" in text else b"\r\n\r\n"),
            "chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n" + text,
        }[kind]

    def check(self, received, how):
        where = f"{self.name} {how}: {self.request!r} got {received!r}"
        answers = final_answers(received, self.request.startswith(b"HEAD "))
        assert len(answers) == (1 if self.ends else 2), where
        status, head, content = answers[0]
        assert status == self.status, where
        assert (b"\r\nConnection: close" in head) == self.ends, where
        if self.problem and not self.request.startswith(b"HEAD "):
            assert b"urn:inlay:problem:" + self.problem.encode() in content, where
        if self.content is not None:
            assert content == self.content, where
        if not self.ends:
            assert answers[1][0] == 200 and answers[1][2] == b"ok\n", where


CASES = [
    Case(number, line)
    for number, line in enumerate(CATALOGUE.read_text().splitlines(), 1)
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def echo_server(module_data):
    config = module_data.with_suffix(".toml")
    config.write_text("max_body = 8192\n")
    with Server(module_data, "--config", str(config)) as made:
        made.deploy("echo", guests.module(guests.ECHO))
        yield made
        assert made.metrics()["inlay_worker_deaths_total"] == 0
        assert made.stop() == 0
    config.unlink()


def exchange(server, jobs):
    """For each list of pieces what comes back on a connection of its own. The n-th pieces of all leave before anybody's next one."""
    sockets = [socket.create_connection((server.host, server.port), 20) for _ in jobs]
    for one in sockets:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for turn in range(max(map(len, jobs))):
        for one, pieces in zip(sockets, jobs):
            try:
                if turn < len(pieces):
                    one.sendall(pieces[turn])
                if turn == len(pieces) - 1:
                    one.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # Refused before all of it was sent.
        time.sleep(0.001)
    return read_all(sockets)


def read_all(sockets):
    received = {one.fileno(): b"" for one in sockets}
    waiting = {one.fileno(): one for one in sockets}
    poll = select.poll()
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    end = time.monotonic() + 20
    while waiting and time.monotonic() < end:
        for descriptor, _ in poll.poll(1000):
            more = waiting[descriptor].recv(1 << 16)
            received[descriptor] += more
            if not more:
                poll.unregister(descriptor)
                del waiting[descriptor]
    assert not waiting, f"{len(waiting)} connections stay open: {[received[one] for one in waiting][:3]}"
    in_order = [received[one.fileno()] for one in sockets]
    for one in sockets:
        one.close()
    return in_order


def check_all(server, jobs):
    """`jobs`: (case, how, pieces)."""
    for first in range(0, len(jobs), AT_ONCE):
        part = jobs[first : first + AT_ONCE]
        for (case, how, _), received in zip(part, exchange(server, [pieces for _, _, pieces in part])):
            case.check(received, how)


def test_each_request_of_the_catalogue_is_answered_as_it_says(echo_server):
    check_all(echo_server, [(case, "at once", [case.request + NEXT]) for case in CASES])
    bad = sum(case.problem is not None for case in CASES)
    print(f"{len(CASES)} requests over a socket as expected, {bad} of them bad")
    assert len(CASES) >= 400 and bad >= 300


def test_each_request_of_the_catalogue_is_answered_so_wherever_it_is_split(echo_server):
    jobs = [
        (case, f"split at {cut}", [case.request[:cut], case.request[cut:] + NEXT])
        for case in CASES
        for cut in range(1, len(case.request))
    ]
    check_all(echo_server, jobs)
    print(f"{len(jobs)} splits over a socket as expected")


def test_each_request_of_the_catalogue_is_answered_so_byte_by_byte(echo_server):
    check_all(echo_server, [(case, "byte by byte", [bytes([one]) for one in case.request] + [NEXT]) for case in CASES])
