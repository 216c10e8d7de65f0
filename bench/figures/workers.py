"""Two workers against one: what a request costs, and how much more is computed."""

import pathlib

from figures.http_noop import Target
from harness.figure import Figure, take_turns
from harness.lab import Lab

CONNECTIONS = 256
COMPUTING_CONNECTIONS = 16
SPIN = pathlib.Path(__file__).with_name("spin.wat")


def measure(lab: Lab) -> list[Figure]:
    """Nothing is pinned but wrk: the processes find their cores as anybody's do."""
    with lab.serve("workers1", workers=1) as one, lab.serve("workers2", workers=2) as two:
        for server in (one, two):
            server.deploy(lab.example("noop"))
            server.deploy_as("spin", SPIN, **{"class": "express"})

        def noop(server):
            return Target(lab, f"http://127.0.0.1:{server.port}/f/noop", server.cpu_seconds, CONNECTIONS)

        def per_cpu_second(target):
            def measured():
                target.requests_per_second()
                return 1e6 / target.cpu_us_per_request[-1]

            return measured

        def computed(server):
            def measured():
                counted = lab.load(server.port, "--connections", COMPUTING_CONNECTIONS, "--target", "/f/spin", "--seconds", lab.seconds(3))
                return counted["requests"] / counted["seconds"]

            return measured

        rounds = lab.rounds(9)
        requests = take_turns(rounds, per_cpu_second(noop(two)), per_cpu_second(noop(one)))
        compute = take_turns(rounds, computed(two), computed(one))
    return [Figure("2 workers, no-op, 256 connections", *requests, "requests/CPU s", 0.9, False, "1 worker"),
            Figure("2 workers, 1 ms of computing each", *compute, "requests/s", 1.9, False, "1 worker")]
