"""`inlay doctor` says what the machine gives and what would be gained; `inlay stat` shows an object's pages."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pytest

from cli_test import Cli
from serving import INLAY


def doctor(*arguments):
    ended = subprocess.run([INLAY, "doctor", *map(str, arguments), "--json"], capture_output=True, timeout=60)
    return ended.returncode, json.loads(ended.stdout)


def test_each_finding_says_what_is_in_force_and_what_to_do_about_it(data):
    code, document = doctor("--data", data)
    assert code == 0 and document["changed"] == []
    names = [one["name"] for one in document["findings"]]
    for name in ("kernel", "memory", "descriptors", "mappings", "filesystem", "unnamed files", "direct writes", "huge pages: objects", "huge pages: promotion", "leases"):
        assert name in names
    for one in document["findings"]:
        assert one["verdict"] in ("good", "could be better") and one["in_force"], one
        assert one["verdict"] == "good" or one["gain"] and (one["remedy"] or one["fix"]), one
    assert not list(data.iterdir()), "nothing is left behind"


def test_without_a_data_directory_only_the_machine_is_examined():
    code, document = doctor()
    assert code == 0 and "filesystem" not in [one["name"] for one in document["findings"]]


def test_what_is_wrong_makes_exit_code_1(tmp_path):
    code, document = doctor("--data", tmp_path / "absent")
    assert code == 1 and [one["name"] for one in document["findings"] if one["verdict"] == "wrong"] == ["data directory"]


def test_the_text_says_the_same():
    text = subprocess.run([INLAY, "doctor"], capture_output=True, timeout=60, check=True).stdout.decode()
    _, document = doctor()
    for one in document["findings"]:
        assert f"{one['name']}: " in text
        assert not one["fix"] or f"echo {one['fix']['value']} > {one['fix']['path']}" in text


def test_settings_are_changed_by_root_only():
    if os.geteuid() != 0:
        pytest.skip("only root can run it as somebody else")
    place = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        os.chmod(place, 0o755)
        shutil.copy(INLAY, place / "inlay")
        ended = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", place / "inlay", "doctor", "--fix"], capture_output=True, timeout=60)
        assert ended.returncode == 2 and b"Run it as root" in ended.stderr, ended
    finally:
        shutil.rmtree(place)


def test_stat_shows_what_of_an_object_is_in_memory(server, noise):
    cli = Cli(server.url)
    size = 8 << 20
    server.put("doctor/object", noise(size))
    server.get("doctor/object")  # What was stored past the page cache is in it now.
    described = cli.json("stat", "doctor/object")
    assert described["bytes"] == size and described["linked"] is None
    assert described["pages"]["hot"] is False
    assert described["pages"]["in_memory_bytes"] == size and 0 <= described["pages"]["huge_bytes"] <= size
    descriptor = os.open(server.object_file(described["version"]), os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    text = cli.done("stat", "doctor/object").decode()
    assert re.search(r"^file: +the server's own$", text, re.M) and re.search(r"^in memory: +[\d,]+ bytes, [\d,]+ of them in huge pages$", text, re.M)


def test_the_pages_of_an_object_that_is_not_there_are_not_shown(server):
    assert server.request("GET", "/o/doctor/absent?pages=1").problem == "object-not-found"


def test_the_bench_sets_each_figure_beside_native_code_and_leaves_nothing(data):
    begun = time.monotonic()
    code, document = doctor("--bench", "--data", data)
    assert code == 0 and time.monotonic() - begun < 55
    figures = document["bench"]
    assert len(figures) == 5 and {one["unit"] for one in figures} == {"requests/s", "us", "ms"}
    for one in figures:
        assert one["missing"] or one["ours"] > 0 and one["native"] > 0 and one["ratio"] > 0, one
        print(one)
    assert not list(data.iterdir()), "nothing is left behind"


def test_the_bench_says_where_it_cannot_be_made(tmp_path):
    ended = subprocess.run([INLAY, "doctor", "--bench", "--data", tmp_path / "absent"], capture_output=True, timeout=60)
    assert ended.returncode == 1 and b"no directory can be made" in ended.stderr
