"""Where a run takes place: cores, built programs, scratch directory, number of rounds, and the load client."""

import dataclasses
import json
import os
import pathlib
import random
import subprocess
import sys

from harness.processes import Failed, Inlay, pinned

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MIB = 1 << 20
GIB = 1 << 30


@dataclasses.dataclass
class Lab:
    scratch: pathlib.Path
    quick: bool

    inlay = ROOT / "build/release/inlay"
    examples = ROOT / "build/release/examples"
    native = ROOT / "build/bench/bench"

    def __post_init__(self):
        cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.client_core = cores[0], cores[min(1, len(cores) - 1)]
        self.has_client_core = len(cores) > 1
        self.stored: dict[str, pathlib.Path] = {}

    def rounds(self, full: int, quick: int = 3) -> int:
        return quick if self.quick else full

    def seconds(self, full: float, quick: float = 1.0) -> float:
        return quick if self.quick else full

    @staticmethod
    def say(text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def serve(self, data: str, workers: int, core: int | None = None, settings=()) -> Inlay:
        return Inlay(self.inlay, self.scratch / data, workers, core, settings=settings)

    def example(self, name: str) -> pathlib.Path:
        return self.examples / f"{name}.wasm"

    def load(self, port: int, *options, core: int | None = None) -> dict:
        """Runs the load client to its end; a failed request ends the measurement."""
        with self.load_begun(port, *options, core=core) as client:
            return load_ended(client)

    def load_begun(self, port: int, *options, core: int | None = None) -> subprocess.Popen:
        """The load client, running; `load_ended` waits for what it has to say."""
        command = pinned([self.native / "http_load", "--port", port, *options], core)
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def serve_objects(self, workers: int, core: int | None = None, promotes: bool = False) -> Inlay:
        """A server with noop, sum (in lanes), sample and the objects bench/large (1 GiB) and bench/small (16 MiB), stored once in a run.

        Their pages are those of their files, as the native programs' are, unless it `promotes` what is used into memory of its own."""
        server = self.serve("objects", workers, core, () if promotes else ("hot_memory = 0",))
        try:
            if not self.stored:
                server.deploy(self.example("noop"), self.example("sample"))
                # A hundred clients wait in a queue for its lanes, and that is part of the time it may take.
                server.deploy_as("sum", self.example("sum"), **{"class": "heavy", "timeout_ms": 600_000})
                for key, size in (("large", GIB), ("small", 16 * MIB)):
                    self.say(f"storing an object of {size // MIB} MiB")
                    server.request("PUT", f"/o/bench/{key}", content(size), {"Content-Length": str(size)})
                    self.stored[key] = server.object_file("bench", key)
        except BaseException as failure:
            server.__exit__(type(failure))
            raise
        return server


def load_ended(client: subprocess.Popen) -> dict:
    said = client.communicate()[0]
    if client.returncode != 0:
        raise Failed(f"{' '.join(client.args)} ended with {client.returncode}")
    counted = json.loads(said)
    if counted["failed"]:
        raise Failed(f"{counted['failed']} of {counted['requests']} requests failed: {' '.join(client.args)}")
    return counted


def content(size: int):
    """`size` bytes by chance, the same in each run, in pieces of 1 MiB."""
    chance = random.Random(1)
    pieces = [chance.randbytes(MIB) for _ in range(16)]
    for i in range(size // MIB):
        yield pieces[i % len(pieces)]
