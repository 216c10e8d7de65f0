"""Requests per second of a function that does nothing, with a fresh instance each, against a server without functions."""

import re
import subprocess

from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Failed, Program, cpu_seconds, pinned, port_in

CONNECTIONS = 64


class Target:
    """A server under wrk. Keeps what its own processes used of the processor, per request."""

    def __init__(self, lab: Lab, url: str, pids: list[int]):
        self.lab, self.url, self.pids = lab, url, pids
        self.cpu_us_per_request: list[float] = []
        self.busy: list[float] = []

    def requests_per_second(self) -> float:
        seconds = self.lab.seconds(3)
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", self.url]
        before = cpu_seconds(self.pids)
        run = subprocess.run(pinned(command, self.lab.client_core), capture_output=True, text=True)
        used = cpu_seconds(self.pids) - before
        total = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout)
        if run.returncode != 0 or not total or "Non-2xx" in run.stdout or "Socket errors" in run.stdout:
            raise Failed(f"{' '.join(command)}: {run.stdout}{run.stderr}")
        self.cpu_us_per_request.append(used * 1e6 / int(total[1]))
        self.busy.append(used / float(total[2]))
        return int(total[1]) / float(total[2])


def measure(lab: Lab) -> list[Figure]:
    if not lab.has_client_core:
        lab.say("only one core: client and server share it, the no-op figure means little")
    with (lab.serve("noop", workers=1, core=lab.server_core) as server,
          Program([lab.native / "beast_noop"], lab.server_core) as beast):
        server.deploy(lab.example("noop"))
        ours = Target(lab, f"http://127.0.0.1:{server.port}/f/noop", server.processes())
        reference = Target(lab, f"http://127.0.0.1:{port_in(beast.line())}/", [beast.pid])
        ours_rps, reference_rps = take_turns(lab.rounds(9), ours.requests_per_second, reference.requests_per_second)
    lab.say(f"http_noop: server core busy {min(ours.busy):.0%} (ours), {min(reference.busy):.0%} (Beast) or more")
    return [
        Figure("HTTP no-op, fresh instance each", ours_rps, reference_rps, "requests/s", 0.50, False, "Beast, no function"),
        Figure("the same, processor time of the server", ours.cpu_us_per_request[1:], reference.cpu_us_per_request[1:],
               "µs/request", None, True, "Beast, no function"),
    ]
