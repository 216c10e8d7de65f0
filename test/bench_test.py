"""The bench's own tools: what they say of a peer that is missing, of a server that halts, of a file's pages, and how they draw."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from harness import page_cache, processes  # noqa: E402: after the path.
from harness.figure import Figure, table  # noqa: E402
from harness.plot import Line, svg  # noqa: E402
from peers.installed import Missing, installed  # noqa: E402
from peers.turns import compare  # noqa: E402

HALT_SECONDS = 0.5


def test_a_missing_peer_keeps_its_line_and_its_bar():
    figures = compare("no-op", "requests/s", 2, lambda: 30.0, {"here": lambda: 10.0}, {"here": 2.5, "gone": 4.5}, {"gone": "no npm"})
    here, gone = (line for line in table(figures).splitlines()[2:])
    assert "3.00 [3.00-3.00] | ≥ 2.50 | yes" in here
    assert "gone: **missing**, no npm |  | ≥ 4.50 | unknown" in gone
    assert figures[1].as_json()["met"] is None


def test_a_missed_bar_stays_visible():
    assert "| ≥ 4.00 | **no** |" in table([Figure("no-op", [30.0], [10.0], "requests/s", 4.0, False, "peer")])
    assert "| ≤ 2.00 ms | **no** |" in table([Figure("p99", [3.0], None, "ms", 2.0, True)])


def test_a_peer_is_fetched_once_and_a_failed_fetch_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Missing, match="peer 1 came without bin"):
        installed("peer", "1", "bin", lambda directory: (directory / "other").touch())
    fetched = []

    def fetch(directory):
        fetched.append(directory)
        (directory / "bin").touch()

    assert installed("peer", "1", "bin", fetch) == installed("peer", "1", "bin", fetch)
    assert len(fetched) == 1
    assert os.listdir(tmp_path / "inlay/peers") == ["peer-1"]


def test_a_dropped_file_is_cold_and_a_read_page_is_counted(disk):
    file = disk / "cold"
    file.write_bytes(os.urandom(1 << 20))
    assert page_cache.cached_bytes(file) == 1 << 20
    page_cache.drop(file)
    assert page_cache.cached_bytes(file) == 0
    with file.open("rb", buffering=0) as opened:
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        opened.read(1)
    assert 0 < page_cache.cached_bytes(file) <= 64 << 10


def test_a_plot_is_svg_with_a_line_and_a_name_for_each():
    drawn = svg("Title <1>", "size", "time", [Line("ours", [(4096, 50.0), (1 << 30, 60.0)]), Line("theirs", [(4096, 55.0), (1 << 30, 9e5)])])
    tree = xml.etree.ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    points = [line.get("points").split() for line in tree.iter(f"{space}polyline")]
    assert [len(line) for line in points] == [2, 2]
    ours, theirs = (float(line[1].split(",")[1]) for line in points)
    assert ours > theirs  # The slower one ends higher, and down is positive.
    texts = {text.text for text in tree.iter(f"{space}text")}
    assert {"ours", "theirs", "4 KiB", "1 GiB", "1 s", "Title <1>"} <= texts


def test_processor_time_is_that_of_the_whole_family_also_of_those_that_ended():
    busy = f"{sys.executable} -c 'import time\nwhile time.process_time() < 0.3: pass'"
    with subprocess.Popen(["sh", "-c", f"{busy}; echo; sh -c 'sleep 60; true'"], stdout=subprocess.PIPE, start_new_session=True) as parent:
        try:
            assert parent.stdout.readline() == b"\n"
            until = time.monotonic() + 10
            while len(processes.family(parent.pid)) < 3 and time.monotonic() < until:
                time.sleep(0.01)
            assert len(processes.family(parent.pid)) == 3  # The shell, its shell, which sleeps.
            assert processes.cpu_seconds(processes.family(parent.pid)) >= 0.25
        finally:
            os.killpg(parent.pid, 9)


# ---- the load client ----


@pytest.fixture(scope="module")
def http_load(tmp_path_factory):
    compiler = shutil.which("g++")
    if not compiler:
        pytest.skip("no g++: tools/setup installs it")
    program = tmp_path_factory.mktemp("bench") / "http_load"
    subprocess.run([compiler, "-std=c++20", "-O1", ROOT / "bench/native/http_load.cpp", "-o", program], check=True)
    return program


@pytest.fixture
def halting_server():
    """Answers each request at once, but does nothing for a while after its 100th."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = listener.accept()
        answered = 0
        while received := client.recv(1 << 16):
            for _ in range(received.count(b"\r\n\r\n")):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                answered += 1
                if answered == 100:
                    time.sleep(HALT_SECONDS)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_a_server_that_halts_is_charged_for_what_was_due_meanwhile(http_load, halting_server):
    """200 requests/s for 2 s, 100 of them due while the server halts: one in four waits, half of those more than half as long."""
    run = subprocess.run([http_load, "--port", str(halting_server), "--rate", "200", "--seconds", "2", "--target", "/"],
                         capture_output=True, text=True, timeout=60, check=True)
    counted = json.loads(run.stdout)
    assert counted["requests"] == 400 and counted["failed"] == 0
    assert counted["p50_us"] < HALT_SECONDS / 5 * 1e6
    assert counted["p99_us"] > HALT_SECONDS * 0.9 * 1e6
