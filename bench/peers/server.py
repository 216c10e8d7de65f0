"""A peer's server: a program pinned as ours is, on a port that was free, ready when it answers."""

import http.client
import pathlib
import socket
import subprocess
import time

from harness.lab import Lab
from harness.processes import START_SECONDS_MAX, STOP_SECONDS_MAX, Failed, Program, cpu_seconds, family

SAID_BYTES_MAX = 500


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server(Program):
    """Requires: `command` listens on `port` of the loopback address."""

    def __init__(self, command: list, port: int, core: int | None, log: pathlib.Path):
        self.port, self.log = port, log
        with log.open("wb") as said:
            super().__init__(command, core, stderr=said)
        try:
            self.wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.process.terminate()  # A master process takes its workers with it.
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            Lab.say(f"{self.command[0]} does not end, and is killed")
        super().__exit__()

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < until and self.process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                connection.close()
        said = self.log.read_text(errors="replace")[-SAID_BYTES_MAX:]
        raise Failed(f"{' '.join(self.command)} does not answer: {said}")

    def cpu_seconds(self) -> float:
        return cpu_seconds(family(self.pid))
