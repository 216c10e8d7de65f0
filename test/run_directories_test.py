"""`inlay run --dir`: what a WASI program finds and leaves in a directory of this machine."""

import json
import os
import subprocess

import pytest

from serving import INLAY
from wasi_test import CLANG, LINKER, compile_program, files_of

KEYS_MAX = 100_000  # kWasiKeysMax
FILES_MAX = 4096  # kRunFilesMax


@pytest.fixture(scope="session")
def steps(tmp_path_factory):
    """The module of wasi/served/steps.c."""
    if not CLANG or not LINKER:
        pytest.skip("no clang and wasm-ld that know wasm32: tools/setup installs them")
    return compile_program("served/steps", tmp_path_factory.mktemp("run"))


@pytest.fixture
def program(steps, tmp_path):
    (tmp_path / "data").mkdir()

    def run(*words, options=()):
        command = [INLAY, "run", "--dir", f"/data={tmp_path}/data", *options, steps, "--", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


def test_a_file_that_is_changed_keeps_its_mode_and_its_links(program, tmp_path):
    for name, mode in (("private", 0o600), ("program", 0o755)):
        (tmp_path / "data" / name).write_text("old")
        (tmp_path / "data" / name).chmod(mode)
    (tmp_path / "data" / "link").symlink_to("private")
    ran = program("add", "link", " and new", "put", "program", "fresh", "put", "made", "text")
    assert ran.returncode == 0, ran
    assert (tmp_path / "data" / "link").is_symlink() and files_of(tmp_path / "data") == {"private": b"old and new", "program": b"fresh", "made": b"text"}
    assert [(tmp_path / "data" / name).stat().st_mode & 0o777 for name in ("private", "program")] == [0o600, 0o755]


def test_nothing_is_written_where_a_link_leads_out_or_no_file_is(program, tmp_path):
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "data" / "out").symlink_to("../outside")
    os.mkfifo(tmp_path / "data" / "pipe")
    for name, words in (("out", "leads out"), ("pipe", "File exists")):
        ran = program("put", "other", "text", "put", name, "text")
        assert ran.returncode == 1 and words in ran.stderr, ran
    assert (tmp_path / "outside").read_text() == "mine" and (tmp_path / "data" / "pipe").is_fifo()
    assert files_of(tmp_path / "data") == {}, "all or nothing"


def test_only_the_directory_that_is_listed_is_looked_at(program, tmp_path):
    """However much lies below it."""
    (tmp_path / "data" / "many").mkdir()
    (tmp_path / "data" / "file").write_text("x")
    for number in range(KEYS_MAX + 1):
        os.close(os.open(tmp_path / "data" / "many" / str(number), os.O_CREAT | os.O_WRONLY))
    ran = program("list", ".")
    assert ran.returncode == 0 and ran.stdout == "./ ../ file many/ 4", ran
    ran = program("list", "many")
    assert ran.returncode != 0 and f"kWasiKeysMax = {KEYS_MAX}" in ran.stderr, ran


def test_it_may_write_many_files_and_read_them_again(program, tmp_path):
    ran = program("many", str(FILES_MAX + 9), "get", "m0000", "get", f"m{FILES_MAX - 1}")
    assert ran.returncode == 0 and ran.stdout == f"{FILES_MAX}texttext", ran
    assert len(files_of(tmp_path / "data")) == FILES_MAX and f"publishes = {FILES_MAX}" in ran.stderr


def test_limits_are_those_of_a_deploy(program, tmp_path):
    ran = program("many", "4", options=["--limit", "publishes=3", "--limit", "publishes=9"])
    assert ran.returncode == 0 and ran.stdout == "3" and "publishes = 3 (--limit publishes=N gives more)" in ran.stderr, ran
    assert len(files_of(tmp_path / "data")) == 3
    ran = program("sleep", "sleep", "sleep", options=["--limit", "cpu_ms=30", "--json"])
    assert ran.returncode == 1 and "30 ms without an answer" in json.loads(ran.stderr)["error"]["detail"], ran
    for limit, words in (("files=3", "this is no limit"), ("publishes=0", "give a value from 1 to 16"), ("publishes", "this is no limit")):
        ran = program("say", "x", options=["--limit", limit])
        assert ran.returncode == 2 and words in ran.stderr, ran
