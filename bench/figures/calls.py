"""Calls of functions by functions: what it costs to hand pages to another guest and back, whatever their size, and that their bytes cost nothing more."""

import pathlib
import re

from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Program

KIB, MIB = 1 << 10, 1 << 20
# Hand-over between two WebAssembly functions as their papers and artifacts give it, in microseconds: for orientation, on other machines.
PUBLISHED = {4 * KIB: "AlloyStack 2.0, Faasm 2.75", MIB: "AlloyStack 32, Faasm 494",
             256 * MIB: "AlloyStack 22,000, Faasm 144,000; Roadrunner 100 MB 230,000"}
LESS_THAN_US = {MIB: 32, 256 * MIB: 22_000}


def size_text(size):
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


def measure_hand_over(lab: Lab) -> list[Figure]:
    """In one process, without a server around it."""
    file = lab.scratch / "handed"
    with file.open("wb") as made:
        made.truncate(256 * MIB)  # Nobody looks: a hole will do.
    rounds, figures = lab.rounds(11, 5), []
    with Program([lab.native / "calls", file], lab.server_core) as calls:

        def microseconds(*command):
            return lambda: float(calls.ask(*command)) / 1000

        for size in (4 * KIB, MIB, 256 * MIB):
            ours, noop = take_turns(rounds, microseconds("hand", 500, size), microseconds("noop", 5_000))
            figures.append(Figure(f"hand over {size_text(size)} to a call and back, untouched", ours, noop, "µs", 4, True, "instantiate + call + drop"))
            if size in LESS_THAN_US:
                figures.append(Figure(f"the same; published: {PUBLISHED[size]} µs", ours, None, "µs", LESS_THAN_US[size], True))
        large, small = take_turns(rounds, microseconds("hand", 500, 256 * MIB), microseconds("hand", 500, MIB))
        figures.append(Figure("hand over 256 MiB, to 1 MiB", large, small, "µs", 1.3, True, "1 MiB"))
        (spawned,) = take_turns(rounds, microseconds("spawn", 1, 1000))
    figures.append(Figure("spawn 1,000 calls that do nothing, and wait", [one / 1000 for one in spawned], None, "ms", 15, True))
    return figures


def measure_scans(lab: Lab) -> list[Figure]:
    """In a lane: what the guest itself takes."""
    with lab.serve("calls", workers=1, core=lab.server_core) as server:
        module = pathlib.Path(__file__).with_suffix(".wat")
        for name in ("calls", "link"):
            server.deploy_as(name, module, **{"class": "heavy"})
        for size in (64, 256):
            server.request("PUT", f"/o/bench/{size}", bytes(range(256)) * (size * MIB // 256))

        def run_us(mode, size):
            target = f"/f/calls?m={mode}&object=bench/{size}"
            return lambda: float(re.search(r"run_us=(\d+)", server.request("GET", target, headers={"Inlay-Cost": "?1"}).headers["Inlay-Cost"])[1])

        rounds = lab.rounds(11, 5)
        there, here = take_turns(rounds, run_us("c", 256), run_us("s", 256))
        chain, sums = take_turns(rounds, run_us("C", 64), run_us("S", 64))
    return [Figure("a callee sums 256 MiB", there, here, "µs", 1.1, True, "the scan alone"),
            Figure("ten functions in a row over 64 MiB", chain, sums, "µs", 1.15, True, "ten scans in one function")]


def measure(lab: Lab) -> list[Figure]:
    return [*measure_hand_over(lab), *measure_scans(lab)]
