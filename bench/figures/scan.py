"""`sum` over a warm object of 1 GiB, from request to answer, against a native program that maps the same file."""

import http.client
import time

from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Failed, Program


def measure(lab: Lab) -> list[Figure]:
    with lab.serve_objects(workers=1, core=lab.server_core) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        answers = {}

        def ours():
            begun = time.perf_counter()
            connection.request("GET", "/f/sum?object=bench/large")
            answers["ours"] = connection.getresponse().read().decode().strip()
            return (time.perf_counter() - begun) * 1000

        with Program([lab.native / "map_sum", lab.stored["large"]], lab.server_core) as native:

            def reference():
                begun = time.perf_counter()
                answers["reference"] = native.ask("sum")
                return (time.perf_counter() - begun) * 1000

            values = take_turns(lab.rounds(15, 5), ours, reference)
        connection.close()
    if answers["ours"] != answers["reference"]:
        raise Failed(f"sum over 1 GiB: {answers}")
    return [Figure("sum over 1 GiB, warm", *values, "ms", 1.25, True, "native mmap")]
