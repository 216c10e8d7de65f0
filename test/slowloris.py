"""Clients that take a connection each and as much time as they are let: heads and bodies byte by byte, responses read bit by bit.

    slowloris.py HOST PORT COUNT TARGET     says "ready" when all are there; goes on until its standard input ends

A third of each kind; who is ended by the server comes again.
"""

import resource
import select
import socket
import sys
import time

KINDS = ("head", "body", "read")
TICK_SECONDS = 0.001  # Clients of their own would not come in bursts.


class Slow:
    """One connection of one kind; each step is a byte, or a few that are read."""

    def __init__(self, address, kind, target):
        self.address, self.kind, self.ended = address, kind, 0
        self.begin = {
            "head": b"GET /healthz HTTP/1.1\r\nHost: h\r\nX: ",
            "body": b"PUT /o/slow/never HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n",
            "read": b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % target,
        }[kind]
        self.connect()

    def connect(self):
        self.socket = socket.socket()
        if self.kind == "read":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.socket.connect(self.address)
        self.socket.sendall(self.begin)
        self.socket.setblocking(False)

    def step(self):
        try:
            if self.kind == "read":
                alive = self.socket.recv(600) != b""
            else:
                alive = self.socket.send(b"a") == 1
        except BlockingIOError:
            alive = True
        except OSError:
            alive = False
        if not alive:
            self.ended += 1
            self.socket.close()
            self.connect()


def main():
    host, port, count, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = [Slow((host, port), KINDS[number % len(KINDS)], target) for number in range(count)]
    print("ready", flush=True)
    due, begun = 0, time.monotonic()
    while not select.select([sys.stdin], [], [], TICK_SECONDS)[0]:
        upto = int((time.monotonic() - begun) * count)  # Each has a step in a second.
        for number in range(due, upto):
            clients[number % count].step()
        due = upto
    print({kind: sum(one.ended for one in clients if one.kind == kind) for kind in KINDS}, flush=True)


if __name__ == "__main__":
    main()
