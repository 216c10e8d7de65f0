"""What the sandbox costs: requests per second of a no-op with it, against the same server without."""

from figures.http_noop import Target
from harness.figure import Figure, take_turns
from harness.lab import Lab

BAR = 0.97


def measure(lab: Lab) -> list[Figure]:
    with (lab.serve("walled", workers=1, core=lab.server_core) as walled,
          lab.serve("open", workers=1, core=lab.server_core, settings=("sandbox = false",)) as open_server):  # fmt: skip
        targets = []
        for server in (walled, open_server):
            server.deploy(lab.example("noop"))
            targets.append(Target(lab, f"http://127.0.0.1:{server.port}/f/noop", server.cpu_seconds))
        ours, reference = take_turns(lab.rounds(15, quick=7), *(target.requests_per_second for target in targets))
    return [Figure("HTTP no-op in a sandbox", ours, reference, "requests/s", BAR, False, "without")]
