"""p99.9 of the no-op at a fixed rate, half of what the server can do, against a server without functions at the same rate."""

from harness.figure import Figure, take_turns
from harness.lab import Lab
from harness.processes import Program, port_in

CONNECTIONS = 64


def measure(lab: Lab) -> list[Figure]:
    with (lab.serve("noop", workers=1, core=lab.server_core) as server,
          Program([lab.native / "beast_noop"], lab.server_core) as beast):
        server.deploy(lab.example("noop"))

        def load(port, target, *options):
            return lab.load(port, "--connections", CONNECTIONS, "--target", target, *options, core=lab.client_core)

        most = load(server.port, "/f/noop", "--seconds", lab.seconds(3))
        rate = most["requests"] / most["seconds"] / 2
        lab.say(f"http_tail: {rate:.0f} requests/s")
        spin = ["--spin"] if lab.has_client_core else []
        fixed = ["--rate", rate, "--seconds", lab.seconds(5, 2), *spin]
        beast_port = port_in(beast.line())
        values = take_turns(lab.rounds(9), lambda: load(server.port, "/f/noop", *fixed)["p999_us"],
                            lambda: load(beast_port, "/", *fixed)["p999_us"])
    return [Figure("HTTP no-op at half the maximum rate, p99.9", *values, "µs", 3.0, True, "Beast, same rate")]
