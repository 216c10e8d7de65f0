"""Objects out, against nginx with sendfile; and in, durably, against a native server that receives, writes and fsyncs."""

import contextlib
import os

from harness.figure import Figure, take_turns
from harness.lab import GIB, MIB, Lab, content
from harness.processes import Program, port_in
from peers import nginx
from peers.turns import available, compare

LARGE_BYTES, SMALL_BYTES = 64 * MIB, 4096
SMALL_CONNECTIONS = 64


def gets(lab: Lab, server, nginx_server, missing: dict) -> list[Figure]:
    def per_second(port, path, *options):
        def measured():
            counted = lab.load(port, "--target", path, "--seconds", lab.seconds(3), *options, core=lab.client_core)
            return counted["requests"] / counted["seconds"]

        return measured

    figures = []
    for name, key, bar, *options in (("GET of 64 MiB, one client that sleeps", "large", 1.4),
                                     ("the same, a client that polls", "large", 1.4, "--spin"),
                                     ("GET of 4 KiB, 64 clients", "small", 1.0, "--connections", SMALL_CONNECTIONS)):
        theirs = {nginx.NAME: per_second(nginx_server.port, f"/{key}", *options)} if nginx_server else {}
        figures += compare(name, "requests/s", lab.rounds(9), per_second(server.port, f"/o/objects/{key}", *options), theirs,
                           {nginx.NAME: bar}, missing)
    return figures


def puts(lab: Lab, server, native_port: int) -> Figure:
    def gib_per_second(port, path):
        def measured():
            os.sync()  # Nobody pays for what another round left to be written.
            counted = lab.load(port, "--method", "PUT", "--body", LARGE_BYTES, "--target", path, "--seconds", lab.seconds(3, 2),
                               core=lab.client_core)
            return counted["requests"] * LARGE_BYTES / GIB / counted["seconds"]

        return measured

    values = take_turns(lab.rounds(9), gib_per_second(server.port, "/o/objects/put"), gib_per_second(native_port, "/o/put"))
    return Figure("durable PUT of 64 MiB", *values, "GiB/s", 1.4, False, "native recv, write, fsync")


def measure(lab: Lab) -> list[Figure]:
    root = lab.scratch / "files"
    root.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(lab.serve("gets", workers=1, core=lab.server_core))
        for key, pieces in (("large", list(content(LARGE_BYTES))), ("small", [next(content(MIB))[:SMALL_BYTES]])):
            whole = b"".join(pieces)
            (root / key).write_bytes(whole)
            server.request("PUT", f"/o/objects/{key}", whole)
        here, missing = available(stack, {nginx.NAME: lambda: nginx.serve(lab, lab.server_core, root)})
        native = stack.enter_context(Program([lab.native / "reference_server", root], lab.server_core))
        return [*gets(lab, server, here.get(nginx.NAME), missing), puts(lab, server, port_in(native.line()))]
