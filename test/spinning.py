"""Clients of functions that never end: one connection each, the next request as soon as the last is answered.

    spinning.py HOST PORT NAME...     goes on until its standard input ends; then says how often which status came, as JSON
"""

import collections
import json
import select
import socket
import sys


class Client:
    def __init__(self, address, name):
        self.address, self.request = address, f"GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(self.address)
        self.socket.sendall(self.request)

    def fileno(self):
        return self.socket.fileno()

    def take(self):
        """The status of the answer that has come; an answer is one segment here."""
        answer = self.socket.recv(1 << 16)
        if not answer:
            self.socket.close()
            self.connect()
            return "closed"
        self.socket.sendall(self.request)
        return answer[9:12].decode()


def main():
    address, names = (sys.argv[1], int(sys.argv[2])), sys.argv[3:]
    clients = [Client(address, name) for name in names]
    counts = collections.Counter()
    print("ready", flush=True)
    while True:
        ready = select.select([sys.stdin, *clients], [], [])[0]
        if sys.stdin in ready:
            break
        for client in ready:
            counts[client.take()] += 1
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
