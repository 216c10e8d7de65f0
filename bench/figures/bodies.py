"""Bodies of 64 MiB into a function and back, against a native server with one warm buffer."""

from harness.figure import Figure, take_turns
from harness.lab import GIB, MIB, Lab
from harness.processes import Failed, Program, cpu_seconds, port_in, request

BODY_BYTES = 64 * MIB


class Target:
    """A server and its share of the processor, under one client that POSTs a body and reads the answer."""

    def __init__(self, lab: Lab, port: int, path: str, cpu_seconds_used):
        self.lab, self.port, self.path, self.cpu_seconds_used = lab, port, path, cpu_seconds_used
        self.gib_per_cpu_second: list[float] = []

    def gib_per_second(self) -> float:
        before = self.cpu_seconds_used()
        counted = self.lab.load(self.port, "--method", "POST", "--body", BODY_BYTES, "--target", self.path,
                                "--seconds", self.lab.seconds(3), core=self.lab.client_core)
        used = self.cpu_seconds_used() - before
        moved = counted["requests"] * BODY_BYTES / GIB
        self.gib_per_cpu_second.append(moved / used)
        return moved / counted["seconds"]


def check_same_answer(server, reference_port: int, target: str = "/wc") -> None:
    text = b"one two\n three\x00 \xff\n" * 50_000
    ours = server.request("POST", f"/f{target}", text).content
    theirs = request(reference_port, "POST", target, text).content
    if ours != theirs:
        raise Failed(f"{target} answers {ours!r}, the native server {theirs!r}")


def measure(lab: Lab) -> list[Figure]:
    with (lab.serve("bodies", workers=1, core=lab.server_core) as server,
          Program([lab.native / "reference_server", lab.scratch], lab.server_core) as native):
        server.deploy(lab.example("wc"), lab.example("echo"))
        native_port = port_in(native.line())
        check_same_answer(server, native_port)

        def both(name):
            return (Target(lab, server.port, f"/f/{name}", server.cpu_seconds),
                    Target(lab, native_port, f"/{name}", lambda: cpu_seconds([native.pid])))

        rounds = lab.rounds(9)
        count, count_native = both("wc")
        echo, echo_native = both("echo")
        count_values = take_turns(rounds, count.gib_per_second, count_native.gib_per_second)
        echo_values = take_turns(rounds, echo.gib_per_second, echo_native.gib_per_second)
    reference = "native recv, warm buffer"
    return [
        Figure("POST of 64 MiB to wc", *count_values, "GiB/s", 0.95, False, reference),
        Figure("the same by processor time", count.gib_per_cpu_second[1:], count_native.gib_per_cpu_second[1:], "GiB/CPU s", 0.95,
               False, reference),
        Figure("POST of 64 MiB to echo and back", *echo_values, "GiB/s", 0.85, False, reference),
    ]
