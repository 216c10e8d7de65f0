"""Clients that must not share a processor's turn, or an interpreter's lock, with the test that measures beside them."""

import subprocess
import sys

from serving import ROOT


class Crowd:
    """A program of this directory with many clients, as a process: it says "ready", goes on until its standard input ends, and then says one
    line, which is `said` from then on."""

    def __init__(self, program, server, *arguments):
        command = [sys.executable, ROOT / "test" / program, server.host, server.port, *arguments]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.said = self.process.stdout.readline().strip()
        assert self.process.wait(20) == 0


def p99(sorted_values):
    """The value that one in a hundred is beyond."""
    return sorted_values[len(sorted_values) * 99 // 100]
