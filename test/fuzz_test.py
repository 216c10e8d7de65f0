"""`tools/fuzz` runs every fuzzer there is over its corpus, and passes on what one finds: with scripts in the place of fuzzers."""

import os
import re
import subprocess

import pytest

from serving import ROOT

RUNS = """echo "#9 NEW cov: 5 ft: 7 corp: 1/1b" >&2; echo "#99 DONE cov: 12 ft: 34 corp: 2/9b" >&2
          echo "stat::number_of_executed_units: 1234" >&2"""
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in (ROOT / "fuzz").glob("fuzz_*.cpp"))


def fuzzed(directory, *arguments, **scripts):
    """What tools/fuzz does with these fuzzers; others run and find nothing."""
    for target in TARGETS:
        program = directory / f"fuzz_{target}"
        program.write_text(f'#!/bin/sh\necho "$@" > {directory}/{target}.ran\n{scripts.get(target, RUNS)}\n')
        program.chmod(0o755)
    environment = {**os.environ, "INLAY_FUZZ_BIN": str(directory)}
    ran = subprocess.run([ROOT / "tools/fuzz", *arguments], capture_output=True, text=True, env=environment, timeout=60)
    return ran.returncode, ran.stdout + ran.stderr


def test_every_target_runs_over_its_corpus_and_tells_what_it_did(tmp_path):
    code, told = fuzzed(tmp_path, "--seconds", "7")
    assert code == 0
    for target in TARGETS:
        assert f"{target}: 1234 executions in 7 s, 12 edges and 34 features covered\n" in told
        given = (tmp_path / f"{target}.ran").read_text().split()
        assert "-max_total_time=7" in given and given[-1] == str(ROOT / "fuzz" / "corpus" / target)
        assert any((ROOT / "fuzz" / "corpus" / target).iterdir())


@pytest.mark.parametrize("ends", ["echo 'SUMMARY: AddressSanitizer: 7 byte(s) leaked' >&2; exit 1", "kill -SEGV $$", "exit 0"])
def test_what_one_of_them_finds_is_shown_and_fails(tmp_path, ends):
    """A leak, a crash, a program that did not run any input."""
    code, told = fuzzed(tmp_path, query=ends)
    assert code == 1
    assert re.search(r"^query: FOUND", told, re.M) and told.count("FOUND") == 2, "in its line, and above its account"
    assert "7 byte(s) leaked" in told or "leaked" not in ends
    assert f"{TARGETS[0]}: 1234 executions" in told, "the others have run all the same"


def test_only_named_targets_run_and_a_wrong_name_is_refused(tmp_path):
    code, told = fuzzed(tmp_path, "query", "stream")
    assert code == 0 and told.count("executions") == 2
    assert {path.stem for path in tmp_path.glob("*.ran")} == {"query", "stream"}
    code, told = fuzzed(tmp_path, "absent")
    assert code == 2 and "no such target: absent" in told and "request_head" in told


def test_without_a_compiler_nothing_is_fuzzed_and_the_reason_is_told():
    python = os.path.dirname(os.path.realpath("/usr/bin/env"))
    environment = {"PATH": "/nowhere", "HOME": os.environ.get("HOME", "/")}
    ran = subprocess.run([f"{python}/python3", ROOT / "tools/fuzz"], capture_output=True, text=True, env=environment, timeout=60)
    assert ran.returncode == 3 and "nothing was fuzzed: clang++-14 is missing" in ran.stdout
