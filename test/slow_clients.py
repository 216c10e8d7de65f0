"""Clients that take their time, all at once, so that the minute they need passes beside the other tests."""

import threading
import time

from wire import Wire

HOST = b"Host: h\r\n"
PUT = b"PUT /o/slow/object HTTP/1.1\r\n" + HOST


class Outcome:
    """How it went: the answer, if any, how many seconds it took, and whether the connection was closed then."""

    def __init__(self, answer, seconds, closed, received=0):
        self.answer, self.seconds, self.closed, self.received = answer, seconds, closed, received

    def __repr__(self):
        return f"<{self.answer} after {self.seconds:.1f} s, closed: {self.closed}>"


class SlowClients:
    """Starts all of them; `outcome(name)` waits for one."""

    def __init__(self, server):
        self.server, self.worker_pids = server, server.worker_pids()
        server.put("slow/large", b"x" * (64 << 20))
        names = [name.removeprefix("client_") for name in dir(self) if name.startswith("client_")]
        self.outcomes = dict.fromkeys(names)
        self.threads = {name: threading.Thread(target=self._run, args=(name,), daemon=True) for name in names}
        for thread in self.threads.values():
            thread.start()

    def outcome(self, name):
        self.threads[name].join()
        assert self.outcomes[name], f"{name} failed"
        return self.outcomes[name]

    def _run(self, name):
        with Wire(self.server, timeout=90) as wire:
            self.outcomes[name] = getattr(self, "client_" + name)(wire)

    @staticmethod
    def _await(wire, begun):
        try:
            answer = wire.answer()
        except ConnectionError:
            return Outcome(None, time.monotonic() - begun, wire.received == b"")
        return Outcome(answer, time.monotonic() - begun, wire.is_closed())

    def client_half_a_head(self, wire):
        begun = time.monotonic()
        wire.send(b"GET /healthz HTTP/1.1\r\nHo")
        return self._await(wire, begun)

    def client_half_a_second_head(self, wire):
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert wire.answer().status == 200
        time.sleep(3)
        begun = time.monotonic()
        wire.send(b"GET /heal")
        return self._await(wire, begun)

    def client_a_head_byte_by_byte(self, wire):
        """Always something new, and never done."""
        begun = time.monotonic()
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: ")
        sender = threading.Thread(target=self._drip, args=(wire, 30, 0.5), daemon=True)
        sender.start()
        return self._await(wire, begun)

    @staticmethod
    def _drip(wire, count, pause):
        try:
            for _ in range(count):
                time.sleep(pause)
                wire.send(b"a")
        except OSError:
            pass

    def client_half_a_body(self, wire):
        wire.send(PUT + b"Content-Length: 100000\r\n\r\n" + b"x" * 50000)
        return self._await(wire, time.monotonic())

    def client_half_a_chunk(self, wire):
        wire.send(PUT + b"Transfer-Encoding: chunked\r\n\r\n100\r\nabc")
        return self._await(wire, time.monotonic())

    def client_a_body_bit_by_bit(self, wire):
        """Slower than any stall allowed in all, yet never without progress for that long."""
        begun = time.monotonic()
        wire.send(b"PUT /o/slow/bits HTTP/1.1\r\n" + HOST + b"Content-Length: 40000\r\n\r\n")
        for _ in range(8):
            wire.send(b"x" * 5000)
            time.sleep(5)
        answer = wire.answer()
        return Outcome(answer, time.monotonic() - begun, False)

    def client_a_response_that_is_not_read(self, wire):
        wire.send(b"GET /o/slow/large HTTP/1.1\r\n" + HOST + b"\r\n")
        time.sleep(45)
        received = 0
        try:
            while more := wire.socket.recv(1 << 20):
                received += len(more)
        except ConnectionResetError:
            pass
        return Outcome(None, 45, True, received)

    def client_a_response_read_bit_by_bit(self, wire):
        begun, received = time.monotonic(), 0
        wire.send(b"GET /o/slow/large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        while more := wire.socket.recv(4 << 20):
            received += len(more)
            if time.monotonic() - begun < 40:
                time.sleep(0.5)
        return Outcome(None, time.monotonic() - begun, True, received)

    def client_nothing_at_all(self, wire):
        return self._await(wire, time.monotonic())

    def client_nothing_more(self, wire):
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert wire.answer().status == 200
        return self._await(wire, time.monotonic())


class SlowDrain:
    """A server that is told to end while a client sends on and on: it waits, and then ends all the same."""

    def __init__(self, server):
        self.server, self.code, self.seconds = server, None, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        with Wire(self.server, timeout=90) as wire:
            wire.send(b"PUT /o/slow/drained HTTP/1.1\r\n" + HOST + b"Content-Length: 20000000\r\n\r\n" + bytes(17 << 20))
            begun = time.monotonic()
            self.server.terminate()
            while self.server.process.poll() is None and time.monotonic() < begun + 90:
                try:
                    wire.send(bytes(1000))
                except OSError:
                    pass
                time.sleep(0.5)
            self.code, self.seconds = self.server.process.poll(), time.monotonic() - begun
