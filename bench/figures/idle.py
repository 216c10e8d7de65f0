"""What a server costs that does nothing yet: its memory, and the time until the first answer."""

import time

from harness.figure import Figure
from harness.lab import MIB, Lab

WORKERS = 2
SETTLE_SECONDS = 1.0


def start_to_answer_ms(lab: Lab) -> float:
    begun = time.perf_counter()
    with lab.serve("idle", WORKERS) as server:
        server.request("GET", "/f/noop")
        return (time.perf_counter() - begun) * 1000


def idle_pss_mib(lab: Lab) -> float:
    with lab.serve("idle", WORKERS) as server:
        server.request("GET", "/f/noop")
        time.sleep(SETTLE_SECONDS)
        return server.pss_bytes() / MIB


def measure(lab: Lab) -> list[Figure]:
    with lab.serve("idle", WORKERS) as server:
        server.deploy(lab.example("noop"))
    rounds = lab.rounds(9)
    return [
        Figure("memory of all processes, idle, 2 workers", [idle_pss_mib(lab) for _ in range(lab.rounds(3, 1))], None,
               "MiB", 60, True),
        Figure("start to first answer of a function", [start_to_answer_ms(lab) for _ in range(rounds)], None, "ms", 300, True),
    ]
