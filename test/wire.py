"""A client that says exactly the bytes it is told to, for requests that no library would send."""

import email.parser
import re
import select
import socket
import struct
import time

from serving import Answer


class Wire:
    """One connection. Use as a context manager."""

    def __init__(self, server, timeout=20):
        self.socket = socket.create_connection((server.host, server.port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text)

    def send_in_pieces(self, pieces, pause=0.002):
        """Sends so that the server most likely sees the pieces one by one."""
        for piece in pieces:
            self.socket.sendall(piece)
            time.sleep(pause)

    def send_until_answered(self, pieces):
        """Sends no more pieces once an answer begins to come."""
        for piece in pieces:
            if select.select([self.socket], [], [], 0.01)[0]:
                return
            self.socket.sendall(piece)

    def _fill(self):
        more = self.socket.recv(1 << 20)
        self.received += more
        return bool(more)

    def answer(self, has_content=True):
        """Reads one answer. Give has_content=False for answers to HEAD."""
        while b"\r\n\r\n" not in self.received:
            if not self._fill():
                raise ConnectionError(f"the connection ended inside a head: {self.received!r}")
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        status_line, _, fields = head.partition(b"\r\n")
        version, status = status_line.split(b" ")[:2]
        assert version == b"HTTP/1.1" and len(status) == 3, status_line
        headers = email.parser.BytesParser().parsebytes(fields + b"\r\n\r\n", headersonly=True)
        length = int(headers.get("Content-Length", 0))
        if not has_content or status in (b"100", b"204", b"304"):
            length = 0
        while len(self.received) < length:
            if not self._fill():
                raise ConnectionError(f"the connection ended inside content: {len(self.received)} of {length} bytes")
        body, self.received = self.received[:length], self.received[length:]
        return Answer(int(status), headers, body)

    def reset(self):
        """Ends the connection with RST: what was on its way to us is lost, and the server is told at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def is_closed(self, seconds=5):
        """Whether the server ends the connection in an orderly way without a further byte."""
        self.socket.settimeout(seconds)
        try:
            return self.received == b"" and self.socket.recv(1) == b""
        except (TimeoutError, ConnectionResetError):
            return False


def ask(server, text, has_content=True):
    """Sends bytes on a new connection; gives the first answer and whether the connection closed behind it."""
    with Wire(server) as wire:
        wire.send(text)
        answer = wire.answer(has_content)
        return answer, wire.is_closed()


def final_answers(received, first_is_to_head=False):
    """(status, head, content) of each final answer in these bytes, read strictly; raises ValueError where they are not whole answers."""
    answers = []
    while received:
        head, found, received = received.partition(b"\r\n\r\n")
        if not found or not re.match(rb"HTTP/1\.1 [1-5]\d\d ", head):
            raise ValueError(head)
        status, lengths = int(head[9:12]), re.findall(rb"\r\nContent-Length: (\d+)(?=\r\n|$)", head)
        if status == 100:
            continue
        if len(lengths) != (0 if status == 204 else 1):
            raise ValueError(head)
        has_none = status in (204, 304) or (first_is_to_head and not answers)
        size = 0 if has_none else int(lengths[0])
        if len(received) < size:
            raise ValueError(received)
        answers.append((status, head, received[:size]))
        received = received[size:]
    return answers
