"""Endurance, briefly: `tools/soak` finds nothing, and would find what it looks for."""

import os
import re
import signal
import subprocess
import threading

import pytest

from serving import ROOT, Server, eventually
from soak_client import Client
from soak_looks import Looks
from soak_model import Finding, Kills


def test_a_soak_finds_nothing(data, tell):
    """Two minutes of something else each time where there is time for it; else the same 15 seconds."""
    how_long = ["--minutes", "2"] if os.environ.get("CI") else ["--minutes", "0.25", "--seed", "1"]
    soaked = subprocess.run([ROOT / "tools/soak", *how_long, "--directory", data], capture_output=True, text=True)
    assert soaked.returncode == 0, soaked.stdout[-2000:] + soaked.stderr
    assert "soak: nothing found in" in soaked.stdout.splitlines()[-1]
    tell(soaked.stdout.splitlines()[-1])


def test_200_killed_workers_and_lanes_cost_only_what_they_had_accepted(data, tell):
    """As fast as they are replaced, under load: nothing acknowledged is lost, also over a restart."""
    soaked = subprocess.run([ROOT / "tools/soak", "--minutes", "4", "--kills", "200", "--directory", data], capture_output=True, text=True)
    assert soaked.returncode == 0, soaked.stdout[-2000:] + soaked.stderr
    last = soaked.stdout.splitlines()[-1]
    workers, lanes = map(int, re.search(r"(\d+) workers and (\d+) lanes killed", last).groups())
    assert workers + lanes >= 200 and workers > 50 and lanes > 20, last
    tell(last)


class Rest:
    """What a client needs of a soak in which nothing else happens."""

    def __init__(self, server):
        self.server, self.seed, self.stop = server, 1, threading.Event()
        self.worker_kills, self.lane_kills = Kills(), Kills()


@pytest.fixture
def rest(data):
    with Server(data, workers=2) as server:
        yield Rest(server)


def client_with_an_object(rest):
    client = Client(rest, 0)
    while client.keys[0].content is None:
        client.do_put()
    client.settle()
    return client


def test_a_soak_finds_an_object_that_is_not_what_was_stored(rest):
    client = client_with_an_object(rest)
    rest.server.put(client.keys[0].name, client.keys[0].content.text + b"!")
    with pytest.raises(Finding, match="wanted"):
        client.settle()


def test_a_soak_finds_an_object_that_is_gone(rest):
    client = client_with_an_object(rest)
    rest.server.delete(client.keys[0].name)
    with pytest.raises(Finding, match="wanted 200"):
        client.settle()


def test_a_soak_finds_an_object_that_is_back(rest):
    client = client_with_an_object(rest)
    client.keys[0].set(None)
    with pytest.raises(Finding, match="wanted 404"):
        client.settle()


@pytest.mark.parametrize("found", ["before", "after", "other"])
def test_a_soak_takes_either_content_after_a_write_without_an_answer_and_no_other(rest, found):
    client = client_with_an_object(rest)
    key = client.keys[0]
    after = key.content._replace(seed=7, size=100)
    key.maybe.append(after)
    client.retire(key)
    if found != "before":
        rest.server.put(key.name, after.text if found == "after" else b"other")
    if found == "other":
        with pytest.raises(Finding, match="none of"):
            client.settle()
    else:
        client.settle()


def test_a_soak_finds_a_worker_that_died_and_a_connection_that_broke_by_themselves(rest):
    looks, client = Looks(rest.server, rest.worker_kills), client_with_an_object(rest)
    looks.look()
    client.do_list()
    victims = rest.server.worker_pids()
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Finding, match="although no worker was killed"):
        client.do_list()
    assert eventually(lambda: len(set(rest.server.worker_pids()) - set(victims)) == 2)
    with pytest.raises(Finding, match="2 workers died, 0 were killed"):
        looks.look()


def test_a_soak_finds_descriptors_that_stay(rest, monkeypatch):
    monkeypatch.setattr("soak_looks.LANE_SECONDS", 1)
    looks = Looks(rest.server, rest.worker_kills)
    with rest.server.connections_by_worker()[rest.server.worker_pids()[0]].http.sock:
        with pytest.raises(Finding, match="'socket': 1"):
            looks.look()


def test_a_soak_finds_files_that_stay(rest, monkeypatch):
    monkeypatch.setattr("soak_looks.FILE_SECONDS", 1)
    looks = Looks(rest.server, rest.worker_kills)
    (rest.server.data / "objects" / "leftover").write_bytes(b"x")
    with pytest.raises(Finding, match="0 objects and 0 functions have \\[1, 0, 0\\]"):
        looks.look()
