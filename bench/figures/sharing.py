"""100 clients at once sum one object of 1 GiB: the memory of all server processes together."""

import subprocess
import time

from harness.figure import Figure
from harness.lab import GIB, Lab
from harness.processes import Failed

CLIENTS = 100
WORKERS = 2
SAMPLE_EVERY_SECONDS = 0.05


def highest_pss(lab: Lab, server) -> float:
    command = [lab.native / "http_load", "--port", server.port, "--connections", CLIENTS, "--requests", CLIENTS,
               "--target", "/f/sum?object=bench/large"]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as client:
        highest = 0
        while client.poll() is None:
            highest = max(highest, server.pss_bytes())
            time.sleep(SAMPLE_EVERY_SECONDS)
        if client.returncode != 0 or '"failed": 0' not in client.stdout.read():
            raise Failed("100 clients at once: not all were served")
    return highest / GIB


def measure(lab: Lab) -> list[Figure]:
    with lab.serve_objects(WORKERS) as server:
        values = [highest_pss(lab, server) for _ in range(lab.rounds(3, 1))]
    return [Figure("memory of all processes, 100 clients sum 1 GiB", values, None, "GiB", 1.15, True)]
