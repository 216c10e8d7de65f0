"""A group of processes that may use only so much memory, page cache included, and processor time (cgroup v1 or v2); needs root."""

import contextlib
import os
import pathlib
import re
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
ENDS_SECONDS_MAX = 20


class Unavailable(Exception):
    """Why there can be no such group here."""


PERIOD_US = 100_000


def _parent(controller: str) -> tuple[pathlib.Path, bool]:
    """The directory of our own group under a controller, and whether it is of version 2."""
    paths = dict(re.findall(r"^\d+:(.*?):(.*)$", pathlib.Path("/proc/self/cgroup").read_text(), re.M))
    for controllers, path in paths.items():
        if controller in controllers.split(","):
            return ROOT / controller / path.lstrip("/"), False
    own = ROOT / paths.get("", "/").lstrip("/")
    with contextlib.suppress(OSError):
        if controller in (own / "cgroup.subtree_control").read_text().split():
            return own, True
    raise Unavailable(f"no {controller} controller is delegated to this process (cgroup)")


class MemoryGroup:
    """Put `enters` before a command to run it inside. Gone at the end of the `with`, when all of its processes have ended."""

    def __init__(self, limit_bytes: int, processors: int | None = None):
        self.paths: list[pathlib.Path] = []
        try:
            self.path, self.unified = self._make("memory", "memory.max", str(limit_bytes), "memory.limit_in_bytes", str(limit_bytes))
            if processors:
                quota = processors * PERIOD_US
                self._make("cpu", "cpu.max", f"{quota} {PERIOD_US}", "cpu.cfs_quota_us", str(quota))
        except BaseException:
            self._remove()
            raise
        enter = "".join(f'echo $$ > "{path}/cgroup.procs" && ' for path in self.paths)
        self.enters = ["sh", "-c", f'{enter}exec "$@"', "enter"]

    def _make(self, controller: str, *files_and_values: str) -> tuple[pathlib.Path, bool]:
        parent, unified = _parent(controller)
        if unified and self.paths:
            path = self.paths[0]  # Of version 2 one directory does for all controllers.
        else:
            path = parent / f"inlay-{os.getpid()}-{time.monotonic_ns()}"
        file, value = files_and_values[:2] if unified else files_and_values[2:]
        try:
            path.mkdir(exist_ok=True)
            if path not in self.paths:
                self.paths.append(path)
            (path / file).write_text(value)
        except OSError as error:
            raise Unavailable(f"a {controller} group cannot be made: {error.strerror}") from error
        return path, unified

    def _remove(self):
        for path in list(self.paths):
            path.rmdir()
            self.paths.remove(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        until = time.monotonic() + ENDS_SECONDS_MAX
        while True:
            try:
                return self._remove()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def members(self) -> list[int]:
        return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]

    def oom_kills(self) -> int:
        """How many processes were ended for want of memory."""
        text = (self.path / ("memory.events" if self.unified else "memory.oom_control")).read_text()
        return int(re.search(r"^oom_kill (\d+)$", text, re.M)[1])

    def peak_bytes(self) -> int:
        return int((self.path / ("memory.peak" if self.unified else "memory.max_usage_in_bytes")).read_text())
