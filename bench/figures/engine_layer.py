"""What our engine layer adds to the engine's C API, for an instance and for windows; and that a window's size costs nothing."""

from harness.figure import Figure, take_turns
from harness.lab import GIB, Lab
from harness.processes import Program

KIB = 1 << 10
CALLS_PER_ROUND = 20_000
WINDOWS_PER_ROUND = 5_000


def measure(lab: Lab) -> list[Figure]:
    file = lab.scratch / "window"
    with file.open("wb") as made:
        made.truncate(GIB)  # Never touched: a hole will do.
    rounds = lab.rounds(15, 5)
    with (Program([lab.native / "engine_ours", file], lab.server_core) as ours,
          Program([lab.native / "engine_raw", file], lab.server_core) as raw):

        def microseconds(program, *command):
            return lambda: float(program.ask(*command)) / 1000

        def compare(name, bar, *command):
            values = take_turns(rounds, microseconds(ours, *command), microseconds(raw, *command))
            return Figure(name, *values, "µs", bar, True, "C API")

        def flat(name, bar, program):
            values = take_turns(rounds, microseconds(program, "window", WINDOWS_PER_ROUND, GIB),
                                microseconds(program, "window", WINDOWS_PER_ROUND, 4 * KIB))
            return Figure(name, *values, "µs", bar, True, "4 KiB")

        return [
            compare("instantiate + call + drop", 1.3, "call", CALLS_PER_ROUND),
            compare("grow + map + restore, 64 KiB", 1.3, "window", WINDOWS_PER_ROUND, 64 * KIB),
            compare("grow + map + restore, 1 GiB untouched", 1.3, "window", WINDOWS_PER_ROUND, GIB),
            compare("instantiate + map 64 KiB + call + drop", 1.3, "whole", WINDOWS_PER_ROUND, 64 * KIB),
            compare("one of 256 windows of an instance", 1.3, "many", WINDOWS_PER_ROUND // 256, 256),
            flat("grow + map + restore: 1 GiB to 4 KiB", 1.3, ours),
            flat("the same in the C API", None, raw),
        ]
