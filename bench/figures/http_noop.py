"""Requests per second of a function that does nothing, with a fresh instance each, against servers with and without functions."""

import contextlib
import re
import subprocess

from harness.figure import Figure
from harness.lab import Lab
from harness.processes import Failed, Program, cpu_seconds, pinned, port_in
from peers import node, wasmtime, workerd
from peers.turns import available, compare

CONNECTIONS = 64
BEAST = "Beast, no function"
BARS = {BEAST: 0.70, wasmtime.NAME: 2.5, workerd.NAME: 4.5, node.NAME: 1.0}


class Target:
    """A server under wrk. Keeps what its own processes used of the processor, per request."""

    def __init__(self, lab: Lab, url: str, cpu_seconds_used, connections: int = CONNECTIONS):
        self.lab, self.url, self.cpu_seconds_used, self.connections = lab, url, cpu_seconds_used, connections
        self.cpu_us_per_request: list[float] = []
        self.busy: list[float] = []

    def requests_per_second(self) -> float:
        seconds = self.lab.seconds(3)
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{seconds:.0f}s", self.url]
        before = self.cpu_seconds_used()
        run = subprocess.run(pinned(command, self.lab.client_core), capture_output=True, text=True)
        used = self.cpu_seconds_used() - before
        total = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout)
        if run.returncode != 0 or not total or "Non-2xx" in run.stdout or "Socket errors" in run.stdout:
            raise Failed(f"{' '.join(command)}: {run.stdout}{run.stderr}")
        self.cpu_us_per_request.append(used * 1e6 / int(total[1]))
        self.busy.append(used / float(total[2]))
        return int(total[1]) / float(total[2])


def measure(lab: Lab) -> list[Figure]:
    if not lab.has_client_core:
        lab.say("only one core: client and server share it, the no-op figure means little")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(lab.serve("noop", workers=1, core=lab.server_core))
        server.deploy(lab.example("noop"))
        beast = stack.enter_context(Program([lab.native / "beast_noop"], lab.server_core))
        peers, missing = available(stack, {peer.NAME: lambda peer=peer: peer.serve(lab, lab.server_core)
                                           for peer in (wasmtime, workerd, node)})
        ours = Target(lab, f"http://127.0.0.1:{server.port}/f/noop", server.cpu_seconds)
        targets = {BEAST: Target(lab, f"http://127.0.0.1:{port_in(beast.line())}/", lambda: cpu_seconds([beast.pid]))}
        targets |= {name: Target(lab, f"http://127.0.0.1:{peer.port}/", peer.cpu_seconds) for name, peer in peers.items()}
        figures = compare("HTTP no-op, fresh instance each", "requests/s", lab.rounds(9), ours.requests_per_second,
                          {name: target.requests_per_second for name, target in targets.items()}, BARS, missing)
    busy = ", ".join(f"{name} {min(target.busy):.0%}" for name, target in {"ours": ours, **targets}.items())
    lab.say(f"http_noop: the server's core was busy at least: {busy}")
    return [*figures, Figure("the same, processor time of the server", ours.cpu_us_per_request[1:],
                             targets[BEAST].cpu_us_per_request[1:], "µs/request", None, True, BEAST)]
