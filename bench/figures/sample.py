"""`sample` of 100 words: the time over 1 GiB against the time over 16 MiB."""

from harness.figure import Figure, take_turns
from harness.lab import Lab

BUSY_CONNECTIONS = 8


def measure(lab: Lab) -> list[Figure]:
    with lab.serve_objects(workers=1, core=lab.server_core) as server:
        server.request("GET", "/f/sum?object=bench/large")  # Warm.
        server.request("GET", "/f/sum?object=bench/small")

        def load(key, *options):
            target = f"/f/sample?object=bench/{key}&n=100&seed=@"
            return lab.load(server.port, "--target", target, "--choose", 10_000_000, "--seconds", lab.seconds(2),
                            *options, core=lab.client_core)

        def latency(key):
            spin = ["--spin"] if lab.has_client_core else []
            return lambda: load(key, *spin)["p50_us"]

        def busy(key):
            def microseconds():
                counted = load(key, "--connections", BUSY_CONNECTIONS)
                return counted["seconds"] * 1e6 / counted["requests"]

            return microseconds

        rounds = lab.rounds(7)
        return [
            Figure("sample n=100 over 1 GiB, one client", *take_turns(rounds, latency("large"), latency("small")),
                   "µs", 2.0, True, "over 16 MiB"),
            Figure("the same, worker never idle", *take_turns(rounds, busy("large"), busy("small")),
                   "µs/request", 2.0, True, "over 16 MiB"),
        ]
