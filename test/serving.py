"""A server under test: started on a free port over a data directory, asked over HTTP, looked at from outside, ended."""

import hashlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

import guests

ROOT = pathlib.Path(__file__).resolve().parent.parent
INLAY = os.environ.get("INLAY_BIN", str(ROOT / "build" / "release" / "inlay"))
EXAMPLES = pathlib.Path(os.environ.get("INLAY_EXAMPLES", ROOT / "build" / "release" / "examples"))
PROBLEM_PREFIX = "urn:inlay:problem:"
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 45


def eventually(holds, seconds=10, interval=0.01):
    """Whether `holds()` becomes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def in_background(*calls):
    """Makes all calls at once; gives a function that waits for their answers, in their order."""
    answers = [None] * len(calls)

    def run(number):
        answers[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()

    def wait():
        for thread in threads:
            thread.join()
        return answers

    return wait


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def quote(text):
    """Percent-encodes all but unreserved bytes and "/"."""
    return urllib.parse.quote(text, safe="/")


def query_text(query):
    """Pairs, or a dict whose lists repeat their name, as the part of a target behind the path."""
    return "?" + urllib.parse.urlencode(query, doseq=True) if query else ""


class Answer:
    """What came back: status, headers by name in any case, content."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def number(self):
        """The content as one little-endian i32."""
        assert self.status == 200 and len(self.body) == 4, self
        return struct.unpack("<i", self.body)[0]

    @property
    def numbers(self):
        """The content as little-endian i32s."""
        assert self.status == 200, self
        return [one[0] for one in struct.iter_unpack("<i", self.body)]

    @property
    def problem(self):
        """The name of the problem, after checking the document's form (RFC 9457)."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        document = self.json
        assert document["type"].startswith(PROBLEM_PREFIX) and document["status"] == self.status, self
        assert document["title"] and document["detail"], self
        return document["type"].removeprefix(PROBLEM_PREFIX)

    @property
    def detail(self):
        return self.json["detail"]

    @property
    def cost(self):
        """The Inlay-Cost field as numbers by name, after checking its form."""
        names = ["mapped", "copied", "private", "instantiate_us", "run_us"]
        found = re.fullmatch(", ".join(rf"{name}=(\d+)" for name in names), self.headers["Inlay-Cost"])
        assert found, self.headers["Inlay-Cost"]
        return dict(zip(names, map(int, found.groups())))


class Connection:
    """A keep-alive connection."""

    def __init__(self, server, timeout=60):
        self.http = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
        self.headers = dict(server.headers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def request(self, method, target, body=None, headers=None):
        chunked = body is not None and not isinstance(body, (bytes, bytearray, str))
        self.http.request(method, target, body, {**self.headers, **(headers or {})}, encode_chunked=chunked)
        answered = self.http.getresponse()
        return Answer(answered.status, answered.headers, answered.read())

    def port(self):
        self.http.sock or self.http.connect()
        return self.http.sock.getsockname()[1]


class Server:
    """One `inlay serve`. `data` may hold what an earlier one left; `within` is what the command is run by; no `workers`: as many as it takes."""

    def __init__(self, data, *arguments, workers=2, headers=None, within=()):
        self.data = pathlib.Path(data)
        self.headers = headers or {}
        self.deployed = set()
        descriptor, path = tempfile.mkstemp(prefix="inlay-test-", suffix=".log")  # Not on the data's disk, which may be full.
        self.log = pathlib.Path(path)
        command = [*within, INLAY, "serve", "--listen", "127.0.0.1:0", "--data", str(data), *arguments]
        command += ["--workers", str(workers)] if workers else []
        with open(descriptor, "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        line = self._first_line()
        found = re.fullmatch(r"listening on http://(127\.0\.0\.1):(\d+)\n", line)
        assert found or self.kill(), f"{line!r}; log: {self.last_log}"
        self.host, self.port = found[1], int(found[2])
        self.url = f"http://{self.host}:{self.port}"
        assert eventually(lambda: len(self.worker_pids()) >= (workers or 1)), self.log.read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def _first_line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS_MAX)
        return self.process.stdout.readline().decode() if ready else ""

    # ---- processes ----

    @property
    def pid(self):
        return self.process.pid

    def children(self):
        """Process id -> name of all children."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            name, _, rest = stat.partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if int(parent) == self.pid and state != "Z":
                found[int(entry)] = name
        return found

    def worker_pids(self):
        return sorted(pid for pid, name in self.children().items() if name == "inlay-worker")

    def lane_pids(self):
        return sorted(pid for pid, name in self.children().items() if name == "inlay-lane")

    def guest_pids(self):
        """All processes in which guests run."""
        return [*self.worker_pids(), *self.lane_pids()]

    def terminate(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS_MAX):
        """Waits for the end and gives the exit code."""
        return self.process.wait(seconds)

    def stop(self):
        self.terminate()
        return self.wait()

    def kill(self):
        """SIGKILL to every process of this server at once."""
        pids = [*self.children(), self.pid] if self.process.poll() is None else []
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(STOP_SECONDS_MAX)
        self.process.stdout.close()
        self.last_log = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        assert eventually(lambda: not any(is_running(pid) for pid in pids)), "SIGKILL is not obeyed"

    def worker_of(self, client_port):
        """The process id of the worker that has accepted the connection from this port."""
        pattern = rf"\d+: \w+:{self.port:04X} \w+:{client_port:04X} (?:\S+ ){{6}}(\d+)"
        table = " ".join(pathlib.Path("/proc/net/tcp").read_text().split())
        found = re.search(pattern, table)
        for pid in self.worker_pids() if found else []:
            for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                try:
                    if os.readlink(descriptor) == f"socket:[{found[1]}]":
                        return pid
                except OSError:
                    continue
        return None

    def connections_by_worker(self):
        """Worker's process id -> one connection to it, for all workers."""
        found, spare = {}, []
        assert eventually(lambda: self._connect_one(found, spare), 20), "no connection reaches some worker"
        for connection in spare:
            connection.http.close()
        return found

    def _connect_one(self, found, spare):
        connection = Connection(self)
        connection.request("GET", "/healthz")
        pid = self.worker_of(connection.port())
        if pid and pid not in found:
            found[pid] = connection
        else:
            spare.append(connection)
        return len(found) == len(self.worker_pids())

    # ---- requests, each on a connection of its own ----

    def request(self, method, target, body=None, headers=None):
        with Connection(self) as connection:
            return connection.request(method, target, body, headers)

    def get(self, name, headers=None):
        return self.request("GET", "/o/" + quote(name), headers=headers)

    def put(self, name, body, headers=None):
        """Stores an object that must be taken."""
        answer = self.request("PUT", "/o/" + quote(name), body, headers)
        assert answer.status in (200, 201), answer
        return answer

    def delete(self, name, headers=None):
        return self.request("DELETE", "/o/" + quote(name), headers=headers)

    def try_deploy(self, name, module, query=None):
        return self.request("PUT", f"/v1/functions/{name}{query_text(query)}", module)

    def deploy(self, name, module, query=None):
        """Deploys a module that must be taken."""
        answer = self.try_deploy(name, module, query)
        assert answer.status in (200, 201), answer
        return answer

    def deploy_example(self, name):
        if name not in self.deployed:
            self.deploy(name, (EXAMPLES / f"{name}.wasm").read_bytes())
            self.deployed.add(name)

    def invoke(self, name, query=None, body=None, headers=None, method=None):
        method = method or ("GET" if body is None else "POST")
        return self.request(method, f"/f/{name}{query_text(query)}", body, headers)

    def name_of(self, guest, deployment=None):
        """Deploys a guest, once, and gives its name."""
        name = hashlib.sha256((guest + str(deployment)).encode()).hexdigest()[:20]
        if name not in self.deployed:
            self.deploy(name, guests.module(guest), deployment)
            self.deployed.add(name)
        return name

    def run(self, guest, query=None, body=None, headers=None, deployment=None):
        """Deploys a guest if need be, and invokes it."""
        return self.invoke(self.name_of(guest, deployment), query, body, headers)

    def metrics(self):
        """Sample -> value of /metrics; a sample is a name with its label, as in the text."""
        answer = self.request("GET", "/metrics")
        assert answer.status == 200, answer
        samples = [line.rpartition(" ") for line in answer.body.decode().splitlines() if not line.startswith("#")]
        return {sample: int(value) for sample, _, value in samples}

    def object_file(self, version):
        """The file that holds a version of an object."""
        found = [path for path in (self.data / "objects").rglob("*") if path.is_file() and path.name == str(version)]
        assert len(found) == 1, found
        return found[0]
