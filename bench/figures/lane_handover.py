"""What it adds to a no-op to run in a lane, against a bare hand-over between two processes."""

from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Failed, Program

TRIPS = 5_000


def measure(lab: Lab) -> list[Figure]:
    """All on the server's core: waking another one costs more than anything that is measured here."""
    with (lab.serve("handover", workers=1, core=lab.server_core) as server,
          Program([lab.native / "handover"], lab.server_core) as bare):
        server.deploy(lab.example("noop"))
        server.deploy_as("noop_in_lane", lab.example("noop"), **{"class": "heavy"})
        spin = ["--spin"] if lab.has_client_core else []

        def p50_us(function):
            return lambda: lab.load(server.port, "--target", f"/f/{function}", "--seconds", lab.seconds(2), *spin,
                                    core=lab.client_core)["p50_us"]

        before = server.counter("inlay_lane_invocations_total")
        in_lane, express, trip = take_turns(lab.rounds(9, 5), p50_us("noop_in_lane"), p50_us("noop"),
                                            lambda: float(bare.ask("trip", TRIPS)))
        if server.counter("inlay_lane_invocations_total") == before:
            raise Failed("noop_in_lane did not run in a lane")
    extra = [lane - worker for lane, worker in zip(in_lane, express, strict=True)]
    beyond = [more - once for more, once in zip(extra, trip, strict=True)]
    return [Figure("no-op in a lane, beyond one in the worker", extra, trip, "µs", None, True, "bare hand-over and back"),
            Figure("the same, beyond the bare hand-over", beyond, None, "µs", 20, True)]
