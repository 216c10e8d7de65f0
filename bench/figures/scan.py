"""`sum` over an object of 1 GiB in a lane, from request to answer, against a native program that maps the same pages."""

import contextlib
import http.client
import os
import pathlib
import time

from harness import page_cache
from harness.figure import Figure, take_turns
from harness.lab import GIB, Lab
from harness.processes import Failed, Inlay, Program

PROMOTION_SECONDS_MAX = 30


class Sums:
    """Times sums, which must all be the same."""

    def __init__(self):
        self.answers = set()

    def gib_per_second(self, sum_once):
        begun = time.perf_counter()
        self.answers.add(sum_once())
        return 1 / (time.perf_counter() - begun)

    def check(self):
        if len(self.answers) != 1:
            raise Failed(f"sum over 1 GiB: {self.answers}")


def client_of(server: Inlay):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def ask():
        connection.request("GET", "/f/sum?object=bench/large")
        return connection.getresponse().read().decode().strip()

    return ask


def promoted_pages(server: Inlay) -> pathlib.Path | None:
    """The memory file into which the supervisor has promoted the large object."""
    for fd in pathlib.Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Others come and go.
            if "inlay-promoted" in os.readlink(fd) and fd.stat().st_size == GIB:
                return fd
    return None


def measure_promoted(lab: Lab) -> list[Figure]:
    sums = Sums()
    with lab.serve_objects(workers=1, core=lab.server_core, promotes=True) as server:
        ours = client_of(server)
        end = time.monotonic() + PROMOTION_SECONDS_MAX
        while not (pages := promoted_pages(server)):
            if time.monotonic() > end:
                lab.say("no figure with pages of 2 MiB: the file has them already, or this machine does not give them")
                return []
            ours()
        with Program([lab.native / "map_sum", pages], lab.server_core) as native:
            values = take_turns(lab.rounds(15, 5), lambda: sums.gib_per_second(ours), lambda: sums.gib_per_second(lambda: native.ask("sum")))
    sums.check()
    return [Figure("the same, promoted into pages of 2 MiB", *values, "GiB/s", 0.97, False, "native mmap of them")]


def measure(lab: Lab) -> list[Figure]:
    sums = Sums()
    gib_per_second = sums.gib_per_second
    with (lab.serve_objects(workers=1, core=lab.server_core) as server,
          Program([lab.native / "map_sum", lab.stored["large"]], lab.server_core) as native):
        ours = client_of(server)

        def cold(sum_once):
            def measured():
                page_cache.drop(lab.stored["large"])
                return gib_per_second(sum_once)

            return measured

        before = server.counter("inlay_lane_invocations_total")
        warm_values = take_turns(lab.rounds(15, 5), lambda: gib_per_second(ours), lambda: gib_per_second(lambda: native.ask("sum")))
        cold_values = take_turns(lab.rounds(7), cold(ours), cold(lambda: native.ask("cold")))
        in_lanes = server.counter("inlay_lane_invocations_total") - before
    sums.check()
    if in_lanes != len(warm_values[0]) + len(cold_values[0]) + 2:
        raise Failed(f"only {in_lanes} of the sums ran in a lane")
    return [Figure("sum over 1 GiB in a lane, warm", *warm_values, "GiB/s", 0.97, False, "native mmap"),
            *measure_promoted(lab),
            Figure("sum over 1 GiB in a lane, cold", *cold_values, "GiB/s", 0.90, False, "native cold mmap")]
