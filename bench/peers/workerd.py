"""workerd with a worker that answers at once: its isolate lives on between requests, which ours does not."""

import pathlib
import platform

from harness.lab import Lab
from peers import node
from peers.installed import Missing, installed, run
from peers.server import Server, free_port

NAME = "workerd"
VERSION = "1.20261117.1"
CONFIG = pathlib.Path(__file__).with_name("workerd.capnp")
PACKAGES = {"x86_64": "@cloudflare/workerd-linux-64", "aarch64": "@cloudflare/workerd-linux-arm64"}


def program() -> pathlib.Path:
    package = PACKAGES.get(platform.machine())
    if not package:
        raise Missing(f"workerd has no program for {platform.machine()}")

    def fetch(directory):
        node_program = node.program()
        run(node_program, node_program.parent / node.NPM, "install", "--silent", "--ignore-scripts", "--no-package-lock", "--prefix", directory,
            f"{package}@{VERSION}", directory=directory)

    return installed("workerd", VERSION, f"node_modules/{package}/bin/workerd", fetch)


def serve(lab: Lab, core: int | None) -> Server:
    port = free_port()
    return Server([program(), "serve", CONFIG, f"--socket-addr=http=127.0.0.1:{port}"], port, core, lab.scratch / "workerd.log")
