"""p99 of the no-op on one worker while fifty functions spin there, by where they begin."""

import subprocess

from harness.figure import Figure
from harness.lab import ROOT, Lab

SPINNING = 50
RATE = 500
CONNECTIONS = 16
TIMEOUT_MS = 1_000  # Of those that spin: shorter is harder, they begin more often.
BAR_MS = 20.0
ENDLESS = ROOT / "bench/figures/endless.wat"


def p99_ms(lab: Lab, server) -> float:
    return lab.load(server.port, "--connections", CONNECTIONS, "--rate", RATE, "--seconds", lab.seconds(5, 3), "--target", "/f/noop")["p99_us"] / 1000


def beside_spinning(lab: Lab, server) -> float:
    options = ("--seconds", lab.seconds(5, 3) + 1, "--connections", SPINNING, "--target", "/f/spin@", "--choose", SPINNING)
    # Its own requests end with 504 or 503: there is nothing to count.
    spinning = subprocess.Popen([str(word) for word in (lab.native / "http_load", "--port", server.port, *options)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return p99_ms(lab, server)
    finally:
        spinning.terminate()
        spinning.wait()


def measure(lab: Lab) -> list[Figure]:
    figures = []
    for run_class in ("auto", "express"):
        with lab.serve(f"fairness-{run_class}", 1) as server:
            server.deploy(lab.example("noop"))
            for number in range(SPINNING):
                server.deploy_as(f"spin{number:07}", ENDLESS, **{"class": run_class, "timeout_ms": TIMEOUT_MS, "env": f"NUMBER={number}"})
            server.request("GET", "/f/noop")
            if not figures:
                figures.append(Figure("no-op p99 on that server alone", [p99_ms(lab, server) for _ in range(lab.rounds(5, 2))], None, "ms", None, True))
            values = [beside_spinning(lab, server) for _ in range(lab.rounds(5, 2))]
            figures.append(Figure(f"no-op p99 beside {SPINNING} functions that spin, class {run_class}, one worker", values, None, "ms", BAR_MS, True))
    return figures
