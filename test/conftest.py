"""Fixtures: directories on a real disk, servers shared and owned, and the check that no worker died on the way."""

import os
import pathlib
import random
import shutil
import subprocess
import tempfile

import pytest

import steps
from serving import INLAY, ROOT, Server
from slow_clients import SlowClients, SlowDrain


def pytest_configure():
    if not os.access(INLAY, os.X_OK):
        pytest.exit(f"{INLAY} is missing: run cmake --build --preset release first, or set INLAY_BIN", 2)


TOLD = pytest.StashKey()


@pytest.fixture
def tell(request):
    """Says something at the end of the session: counts and measurements, also of what passes."""
    told = request.config.stash.setdefault(TOLD, [])
    return lambda line: told.append(f"{request.node.name}: {line}")


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(TOLD, []):
        terminalreporter.write_line(line)


def on_real_disk(path):
    """Whether files there can be stored durably: not so in memory-backed filesystems."""
    named = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True)
    return named.returncode == 0 and named.stdout.strip() not in ("tmpfs", "ramfs")


@pytest.fixture(scope="session")
def disk():
    """A directory for data directories, gone after the session."""
    candidates = [tempfile.gettempdir(), "/var/tmp", str(ROOT / "build")]
    parent = next((one for one in candidates if on_real_disk(one)), candidates[0])
    made = tempfile.mkdtemp(prefix="inlay-test-", dir=parent)
    yield pathlib.Path(made)
    shutil.rmtree(made, ignore_errors=True)


def fresh(disk, kind):
    """A directory that is gone after its user."""
    made = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=disk))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def data(disk):
    """A fresh data directory."""
    yield from fresh(disk, "data")


@pytest.fixture
def place(disk):
    """A directory for projects."""
    yield from fresh(disk, "projects")


@pytest.fixture(scope="module")
def module_data(disk):
    """A fresh data directory for the tests of one file."""
    yield from fresh(disk, "data")


@pytest.fixture(scope="session")
def shared_server(disk):
    with Server(disk / "shared") as made:
        yield made
        assert made.stop() == 0


@pytest.fixture
def server(shared_server):
    """The shared server of two workers, for tests that leave it as it was; they must not lose a worker."""
    before = shared_server.worker_pids()
    yield shared_server
    assert shared_server.worker_pids() == before, "a worker died: " + shared_server.log.read_text()[-2000:]


@pytest.fixture(scope="module")
def lone_server(module_data):
    """A server of one worker for the tests of one file."""
    with Server(module_data, workers=1) as made:
        yield made
        assert made.stop() == 0


@pytest.fixture
def lone(lone_server):
    """The server of one worker, which must live through the test and serve afterwards."""
    before = lone_server.worker_pids()
    yield lone_server
    assert lone_server.worker_pids() == before, "the worker died: " + lone_server.log.read_text()[-2000:]
    assert lone_server.request("GET", "/readyz").status == 200


@pytest.fixture(scope="session", autouse=True)
def slow_clients(request, disk):
    """The clients of slow_clients_test.py, which wait for up to a minute beside the other tests."""
    if not any("slow_clients_test" in item.nodeid for item in request.session.items):
        yield None
        return
    with Server(disk / "slow") as made:
        clients = SlowClients(made)
        yield clients
        assert made.stop() == 0


@pytest.fixture(scope="session", autouse=True)
def slow_drain(request, disk):
    """The server of slow_clients_test.py that ends beside the other tests, for half a minute."""
    if not any("slow_clients_test" in item.nodeid for item in request.session.items):
        yield None
        return
    with Server(disk / "drain", workers=1) as made:
        yield SlowDrain(made)


@pytest.fixture(scope="session")
def noise():
    """Bytes that do not compress or repeat: noise(size, seed)."""
    return lambda size, seed=0: random.Random(seed).randbytes(size)


@pytest.fixture(scope="module")
def piped(module_data):
    """A server with the functions of `steps`."""
    with Server(module_data) as made:
        steps.deploy_all(made)
        yield made
        assert made.stop() == 0


@pytest.fixture
def run(piped, request):
    """Deploys a pipeline under the test's name and invokes it."""
    name = "p" + str(abs(hash(request.node.name)))[:15]

    def once(text, rest="", body=None, query="", **limits):
        steps.deploy(piped, name, text, **limits)
        return piped.request("POST" if body is not None else "GET", f"/f/{name}{rest}{query}", body, {"Inlay-Cost": "?1"})

    return once
