"""1,000 invocations over one object of 1 GiB, 100 clients at once: the memory of all server processes together."""

import time

from harness.figure import Figure
from harness.lab import GIB, Lab, load_ended

CLIENTS = 100
WORKERS = 2
SAMPLE_EVERY_SECONDS = 0.05


def highest_pss(lab: Lab, server, invocations: int) -> float:
    with lab.load_begun(server.port, "--connections", CLIENTS, "--requests", invocations, "--target", "/f/sum?object=bench/large") as client:
        highest = 0
        while client.poll() is None:
            highest = max(highest, server.pss_bytes())
            time.sleep(SAMPLE_EVERY_SECONDS)
        load_ended(client)
    return highest / GIB


def measure(lab: Lab) -> list[Figure]:
    invocations = 200 if lab.quick else 1_000
    with lab.serve_objects(WORKERS) as server:
        value = highest_pss(lab, server, invocations)
    return [Figure(f"memory of all processes, {invocations:,} invocations sum 1 GiB", [value], None, "GiB", 1.1, True)]
