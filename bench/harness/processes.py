"""Running programs: ones that answer commands, servers, and the Inlay server with its children. All end with their owner."""

import contextlib
import http.client
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time
import urllib.parse

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 60
HALT_SECONDS_MAX = 10  # A process that waits for the disk halts only then.
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A program did not do what a measurement needs; there is no figure then."""


def pinned(command: list, core: int | None) -> list[str]:
    return (["taskset", "-c", str(core)] if core is not None else []) + [str(word) for word in command]


class Program:
    """A running program; killed, it and only it, at the end of the `with`."""

    def __init__(self, command: list, core: int | None = None, stderr=None):
        self.command = pinned(command, core)
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def line(self, seconds: float = START_SECONDS_MAX) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise Failed(f"no answer from {' '.join(self.command)}")
        return line.rstrip("\n")

    def ask(self, *words) -> str:
        """Sends a command and waits for its one line of answer."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.line(300)


def port_in(line: str) -> int:
    found = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)", line)
    if not found:
        raise Failed(f"a server says {line!r} instead of where it listens")
    return int(found[1])


def request(port: int, method: str, target: str, body=None, headers=None) -> http.client.HTTPResponse:
    """One request on a connection of its own; anything but 2xx ends the measurement. `.content` is the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        response.content = response.read()
    finally:
        connection.close()
    if response.status // 100 != 2:
        raise Failed(f"{method} {target}: {response.status} {response.content[:300]!r}")
    return response


class Inlay(Program):
    """`inlay serve` on a free port. Ended by SIGTERM; by SIGKILL with its children if that does not end it."""

    def __init__(self, binary: pathlib.Path, data: pathlib.Path, workers: int, core: int | None = None, within=(), settings=()):
        self.data = data
        self.log = open(f"{data}.log", "ab")
        command = [*within, binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--workers", workers]
        if settings:
            config = pathlib.Path(f"{data}.toml")
            config.write_text("".join(f"{line}\n" for line in settings))
            command += ["--config", config]
        super().__init__(command, core, stderr=self.log)
        try:
            self.port = port_in(self.line())
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, failure=None, *_):
        children = self.processes()[1:]
        if failure:
            print(f"bench: the log of the server ends so:\n{self.log_end()}", file=sys.stderr)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            for pid in set(children) & set(self.processes()):
                os.kill(pid, signal.SIGKILL)
        super().__exit__()
        self.log.close()

    def log_end(self) -> str:
        return "".join(pathlib.Path(self.log.name).read_text(errors="replace").splitlines(keepends=True)[-20:])

    def request(self, method: str, target: str, body=None, headers=None) -> http.client.HTTPResponse:
        return request(self.port, method, target, body, headers)

    def deploy(self, *modules: pathlib.Path) -> None:
        for module in modules:
            self.deploy_as(module.stem, module)

    def deploy_as(self, name: str, module: pathlib.Path, **settings) -> None:
        self.request("PUT", f"/v1/functions/{name}?{urllib.parse.urlencode(settings)}", module.read_bytes())

    def counter(self, name: str) -> int:
        """A counter of /metrics without labels."""
        metrics = self.request("GET", "/metrics").content.decode()
        return int(re.search(rf"^{name} (\d+)$", metrics, re.M)[1])

    def object_file(self, bucket: str, key: str) -> pathlib.Path:
        version = self.request("HEAD", f"/o/{bucket}/{key}").headers["ETag"].strip('"')
        return self.data / "objects" / version[-2:] / version

    # ---- processes ----

    def processes(self) -> list[int]:
        return family(self.pid)

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.processes())

    def pss_bytes(self) -> int:
        """Of all processes together, at one moment: they are halted while it is read, or a page could count twice."""
        processes = self.processes()
        try:
            for pid in processes:
                send_signal(pid, signal.SIGSTOP)
            return sum(pss_bytes(pid) for pid in processes if halts(pid))
        finally:
            for pid in reversed(processes):
                send_signal(pid, signal.SIGCONT)


def stat_fields(pid: int) -> list[str]:
    """/proc/PID/stat from the state on; empty for a process that is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def send_signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # A lane may end at any time.
        os.kill(pid, number)


def halts(pid: int) -> bool:
    """Waits until it has halted; not so when it has ended."""
    until = time.monotonic() + HALT_SECONDS_MAX
    while time.monotonic() < until:
        state = stat_fields(pid)[:1]
        if state == ["T"]:
            return True
        if state in ([], ["Z"], ["X"]):
            return False
        time.sleep(0.001)
    raise Failed(f"process {pid} does not halt")


def pss_bytes(pid: int) -> int:
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.M)[1]) * 1024


def machine_busy(seconds: float) -> float:
    """The share of all processors that was in use (also by other guests of the host) during the next `seconds`."""

    def ticks() -> tuple[int, int]:
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # All; idle and waiting for a disk.

    all_before, idle_before = ticks()
    time.sleep(seconds)
    all_after, idle_after = ticks()
    return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


def family(pid: int) -> list[int]:
    """A process and those below it that live now."""
    parents = {int(entry): fields for entry in os.listdir("/proc") if entry.isdigit() and (fields := stat_fields(int(entry)))}
    found = [pid]
    for one in found:
        found += [child for child, fields in parents.items() if int(fields[1]) == one and fields[0] != "Z"]
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes and of their children that have ended, in steps of a clock tick."""
    return sum(sum(map(int, stat_fields(pid)[11:15])) for pid in pids) / CLOCK_TICKS
