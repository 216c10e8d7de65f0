"""What a server costs that does nothing yet: its memory, and the time until the first answer."""

import contextlib
import socket
import time

from harness.figure import Figure
from harness.lab import MIB, Lab
from harness.processes import pss_bytes

WORKERS = 2
SETTLE_SECONDS = 1.0
WAITING = 100
# Takes a piece of its body, and so waits for it with one page of its memory written.
WAITS = """(module (import "inlay" "receive" (func $receive (param i32) (result i32))) (memory (export "memory") 2)
  (func (export "inlay_handle") (result i32) (i32.store (i32.const 64) (i32.const 1)) (drop (call $receive (i32.const 32))) (i32.const 0)))"""


def start_to_answer_ms(lab: Lab) -> float:
    begun = time.perf_counter()
    with lab.serve("idle", WORKERS) as server:
        server.request("GET", "/f/noop")
        return (time.perf_counter() - begun) * 1000


def idle_pss_mib(lab: Lab) -> tuple[float, float, float]:
    """Of all processes, of the supervisor, and of its largest worker."""
    with lab.serve("idle", WORKERS) as server:
        for _ in range(20):
            server.request("GET", "/f/noop")
        time.sleep(SETTLE_SECONDS)
        supervisor, *workers = server.processes()
        return server.pss_bytes() / MIB, pss_bytes(supervisor) / MIB, max(map(pss_bytes, workers)) / MIB


def instance_pss_kib(lab: Lab) -> float:
    """What one more instance takes: WAITING streams wait for their bodies."""
    with lab.serve("idle", 1) as server, contextlib.ExitStack() as waiting:
        server.request("PUT", "/v1/functions/waits", WAITS.encode())

        def wait() -> None:
            client = waiting.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(b"POST /f/waits?stream=1 HTTP/1.1\r\nHost: bench\r\nContent-Length: 9\r\n\r\n")

        wait()
        time.sleep(SETTLE_SECONDS)
        before = server.pss_bytes()
        for _ in range(WAITING):
            wait()
        time.sleep(SETTLE_SECONDS)
        return (server.pss_bytes() - before) / WAITING / 1024


def measure(lab: Lab) -> list[Figure]:
    with lab.serve("idle", WORKERS) as server:
        server.deploy(lab.example("noop"))
    rounds = lab.rounds(9)
    whole, supervisor, worker = map(list, zip(*(idle_pss_mib(lab) for _ in range(lab.rounds(3, 1)))))
    return [
        Figure(f"memory of all processes, idle, {WORKERS} workers", whole, None, "MiB", 60, True),
        Figure("of it the supervisor", supervisor, None, "MiB", None, True),
        Figure("of it the largest worker", worker, None, "MiB", None, True),
        Figure(f"memory of one more instance, of {WAITING} streams that wait in a worker", [instance_pss_kib(lab) for _ in range(lab.rounds(3, 1))], None,
               "KiB", None, True),
        Figure("start to first answer of a function", [start_to_answer_ms(lab) for _ in range(rounds)], None, "ms", 300, True),
    ]
