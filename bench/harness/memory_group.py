"""A group of processes that may use only so much memory, page cache included (cgroup v1 or v2); needs root and a controller."""

import contextlib
import os
import pathlib
import re
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
ENDS_SECONDS_MAX = 20


class Unavailable(Exception):
    """Why there can be no such group here."""


def _parent_and_limit() -> tuple[pathlib.Path, str]:
    """The directory of our own group under the memory controller, and the name of the file that takes a limit."""
    paths = dict(re.findall(r"^\d+:(.*?):(.*)$", pathlib.Path("/proc/self/cgroup").read_text(), re.M))
    if "memory" in paths:
        return ROOT / "memory" / paths["memory"].lstrip("/"), "memory.limit_in_bytes"
    own = ROOT / paths.get("", "/").lstrip("/")
    with contextlib.suppress(OSError):
        if "memory" in (own / "cgroup.subtree_control").read_text().split():
            return own, "memory.max"
    raise Unavailable("no memory controller is delegated to this process (cgroup)")


class MemoryGroup:
    """Put `enters` before a command to run it inside. Gone at the end of the `with`, when all of its processes have ended."""

    def __init__(self, limit_bytes: int):
        parent, limit = _parent_and_limit()
        self.path = parent / f"inlay-{os.getpid()}-{time.monotonic_ns()}"
        try:
            self.path.mkdir()
            (self.path / limit).write_text(str(limit_bytes))
        except OSError as error:
            with contextlib.suppress(OSError):
                self.path.rmdir()
            raise Unavailable(f"a memory group cannot be made: {error.strerror}") from error
        self.enters = ["sh", "-c", f'echo $$ > "{self.path}/cgroup.procs" && exec "$@"', "enter"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        until = time.monotonic() + ENDS_SECONDS_MAX
        while True:
            try:
                return self.path.rmdir()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def members(self) -> list[int]:
        return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]
