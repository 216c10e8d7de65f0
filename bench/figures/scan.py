"""`sum` over an object of 1 GiB in a lane, from request to answer, against a native program that maps the same file."""

import http.client
import time

from harness import page_cache
from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Failed, Program


def measure(lab: Lab) -> list[Figure]:
    answers = set()

    def gib_per_second(sum_once):
        begun = time.perf_counter()
        answers.add(sum_once())
        return 1 / (time.perf_counter() - begun)

    with (lab.serve_objects(workers=1, core=lab.server_core) as server,
          Program([lab.native / "map_sum", lab.stored["large"]], lab.server_core) as native):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

        def ours():
            connection.request("GET", "/f/sum?object=bench/large")
            return connection.getresponse().read().decode().strip()

        def cold(sum_once):
            def measured():
                page_cache.drop(lab.stored["large"])
                return gib_per_second(sum_once)

            return measured

        before = server.counter("inlay_lane_invocations_total")
        warm_values = take_turns(lab.rounds(15, 5), lambda: gib_per_second(ours), lambda: gib_per_second(lambda: native.ask("sum")))
        cold_values = take_turns(lab.rounds(7), cold(ours), cold(lambda: native.ask("cold")))
        in_lanes = server.counter("inlay_lane_invocations_total") - before
        connection.close()
    if len(answers) != 1:
        raise Failed(f"sum over 1 GiB: {answers}")
    if in_lanes != len(warm_values[0]) + len(cold_values[0]) + 2:
        raise Failed(f"only {in_lanes} of the sums ran in a lane")
    return [Figure("sum over 1 GiB in a lane, warm", *warm_values, "GiB/s", 0.97, False, "native mmap"),
            Figure("sum over 1 GiB in a lane, cold", *cold_values, "GiB/s", 0.90, False, "native cold mmap")]
