"""A Node server without Wasm, of the machine's own Node: a no-op, and the sum of the words of a file or a body."""

import pathlib

from harness.lab import Lab
from peers.installed import tool
from peers.server import Server, free_port

NAME = "Node, no Wasm"


def serve(lab: Lab, core: int | None, file: pathlib.Path | None = None) -> Server:
    port = free_port()
    command = [tool("node", "nodejs"), pathlib.Path(__file__).with_name("node_server.js"), port, file or ""]
    return Server(command, port, core, lab.scratch / "node.log")
