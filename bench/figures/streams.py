"""Streams: 64 MiB counted while they come; how soon the first part of a response is back; memory over a long one."""

import socket
import statistics
import threading
import time

from figures.bodies import Target, check_same_answer
from harness.figure import Figure, take_turns
from harness.lab import GIB, MIB, Lab
from harness.processes import Failed, Program, cpu_seconds, port_in

HEAD = b"POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n"
TRIPS = 500


class Client:
    """One connection that sends and waits, and says how long it took."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _until(self, end: bytes) -> bytes:
        received = b""
        while not received.endswith(end):
            more = self.socket.recv(1 << 16)
            if not more:
                raise Failed(f"a connection ended behind {received!r}")
            received += more
        return received

    def noop_us(self) -> float:
        begun = time.perf_counter()
        self.socket.sendall(HEAD % (b"/f/noop", b"Content-Length: 3\r\n") + b"abc")
        self._until(b"ok\n")
        return (time.perf_counter() - begun) * 1e6

    def first_part_us(self) -> float:
        begun = time.perf_counter()
        self.socket.sendall(HEAD % (b"/f/upper?stream=1", b"Transfer-Encoding: chunked\r\n") + b"3\r\nabc\r\n")
        self._until(b"3\r\nABC\r\n")
        took = (time.perf_counter() - begun) * 1e6
        self.socket.sendall(b"0\r\n\r\n")
        self._until(b"0\r\n\r\n")
        return took


def peak_beyond_idle_mib(server, size: int) -> float:
    client, block, received, peak, looked_at = Client(server.port), b"x" * MIB, 0, 0, 0
    idle = server.pss_bytes()
    client.socket.sendall(HEAD % (b"/f/upper?stream=1", b"Content-Length: %d\r\n" % size))
    sender = threading.Thread(target=lambda: [client.socket.sendall(block) for _ in range(size // MIB)])
    sender.start()
    while received < size:
        more = len(client.socket.recv(MIB))
        if more == 0:
            raise Failed("a stream ended early")
        received += more
        if received - looked_at >= size // 16:
            peak, looked_at = max(peak, server.pss_bytes()), received
    sender.join()
    return (peak - idle) / MIB


def measure(lab: Lab) -> list[Figure]:
    with (lab.serve("streams", workers=1, core=lab.server_core) as server,
          Program([lab.native / "reference_server", lab.scratch], lab.server_core) as native):
        server.deploy(lab.example("wc"), lab.example("upper"), lab.example("noop"))
        native_port = port_in(native.line())
        check_same_answer(server, native_port, "/wc?stream=1")
        stream = Target(lab, server.port, "/f/wc?stream=1", server.cpu_seconds)
        stream_native = Target(lab, native_port, "/wc?stream=1", lambda: cpu_seconds([native.pid]))
        whole = Target(lab, server.port, "/f/wc", server.cpu_seconds)
        ours, native_values, whole_values = take_turns(lab.rounds(9), stream.gib_per_second, stream_native.gib_per_second,
                                                       whole.gib_per_second)
        client = Client(server.port)
        first, noop = take_turns(lab.rounds(9), lambda: statistics.median(client.first_part_us() for _ in range(TRIPS)),
                                 lambda: statistics.median(client.noop_us() for _ in range(TRIPS)))
        size = GIB if lab.quick else 10 * GIB
        memory = [peak_beyond_idle_mib(server, size)]
    reference = "native recv and count through one buffer"
    return [
        Figure("POST of 64 MiB to wc, stream=1", ours, native_values, "GiB/s", 0.9, False, reference),
        Figure("the same by processor time", stream.gib_per_cpu_second[1:], stream_native.gib_per_cpu_second[1:], "GiB/CPU s", 0.9,
               False, reference),
        Figure("POST of 64 MiB to wc, stream=1", ours, whole_values, "GiB/s", 1.5, False, "the same, body received whole"),
        Figure("first part of a streamed response, p50", first, noop, "µs", 2.0, True, "no-op"),
        Figure(f"memory beyond idle, upper of {size // GIB} GiB, stream=1", memory, None, "MiB", 16, True),
    ]
