"""p99 of the no-op while the same server does heavy work: what one client's gigabytes cost everybody else."""

import contextlib
import http.client
import os
import threading

from harness import page_cache
from harness.figure import Figure
from harness.lab import MIB, Lab, load_ended
from harness.processes import Failed

WORKERS = 2
RATE = 500
CONNECTIONS = 16
PUT_BYTES = 64 * MIB
LANES = 4


def p99_ms(lab: Lab, server) -> float:
    return lab.load(server.port, "--connections", CONNECTIONS, "--rate", RATE, "--seconds", lab.seconds(4, 2),
                    "--target", "/f/noop")["p99_us"] / 1000


@contextlib.contextmanager
def beside(lab: Lab, server, *options):
    """The load goes on for longer than the measurement in it, and must succeed."""
    with lab.load_begun(server.port, "--seconds", lab.seconds(4, 2) + 0.5, *options) as client:
        yield
        load_ended(client)


@contextlib.contextmanager
def cold_sums(lab: Lab, server):
    """Sums 1 GiB again and again, each time from the disk."""
    done, failures = threading.Event(), []

    def work():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        try:
            while not done.is_set():
                page_cache.drop(lab.stored["large"])
                connection.request("GET", "/f/sum?object=bench/large")
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    raise Failed(f"a cold sum: {response.status}")
        except Exception as failure:  # Told to the one who waits.
            failures.append(failure)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join()
    if failures:
        raise failures[0]


def measure(lab: Lab) -> list[Figure]:
    with lab.serve_objects(WORKERS) as server:
        server.request("GET", "/f/sum?object=bench/large")
        scans = ("--connections", LANES, "--target", "/f/sum?object=bench/large")
        puts = ("--connections", 2, "--method", "PUT", "--body", PUT_BYTES, "--target", "/o/bench/put@", "--choose", 4)
        loads = (("alone", None, contextlib.nullcontext),
                 ("while 4 lanes sum 1 GiB, warm", 5.0, lambda: beside(lab, server, *scans)),
                 ("while two clients PUT 64 MiB", 20.0, lambda: beside(lab, server, *puts)),
                 ("while 1 GiB is summed, cold", 20.0, lambda: cold_sums(lab, server)))
        figures = []
        for name, bar, load in loads:
            os.sync()
            values = []
            for _ in range(lab.rounds(5, 2)):
                with load():
                    values.append(p99_ms(lab, server))
            figures.append(Figure(f"no-op p99 {name}", values, None, "ms", bar, True))
    return figures
