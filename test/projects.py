"""Projects of tests: an inlay.toml beside a function in text form, whose build is a copy, so that no compiler is needed."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import guests
from serving import INLAY

NOWHERE = {**os.environ, "INLAY_SERVER": "ftp://nobody", "INLAY_TOKEN_FILE": "/absent"}
COPY = "mkdir -p build && cp function.wat build/function.wat"

# What each language's project needs beside `inlay`, by name of a program.
NEEDS = {"c": ["make", "clang-14", "wasm-ld-14"], "cpp": ["make", "clang-14", "wasm-ld-14"], "rust": ["cargo"], "go": ["go"], "ts": ["node", "npm"]}

# What `inlay new` makes in each language: its source, and there a line that ends the invocation where there is a body, in place of another one.
SOURCES = {"c": "function.c", "cpp": "function.cpp", "rust": "src/lib.rs", "go": "function.go", "ts": "function.ts"}
TRAPS = {
    "c": ("uint64_t lines = 0;", "uint64_t lines = 0; __builtin_trap();"),
    "cpp": ("uint64_t lines = 0;", "uint64_t lines = 0; if (source.size() > 0) __builtin_trap();"),
    "rust": ("let mut lines = 0;", 'let mut lines = 0; if source.size() > 0 { panic!("no") }'),
    "go": ("lines := 0", "lines := []int{0}[source.Size()]"),
    "ts": ("let lines: u64 = 0;", "let lines: u64 = 0; if (source.size > 0) unreachable();"),
}


def with_trap(lang, text):
    """The source with that line, and how its place is told."""
    before, behind = TRAPS[lang]
    line = text[: text.index(before)].count("\n") + 1
    return text.replace(before, behind), re.compile(rf"\b{re.escape(SOURCES[lang])}:{line}\b")


def failed_early(dev):
    """Whether the first build of this `inlay dev` has failed; waits for its end."""
    with dev.news:
        dev.news.wait_for(lambda: dev.all("deployed") or dev.all("failed") or dev.all("end"), timeout=120)
    return not dev.all("deployed")


def skip_without_packages(lang, directory):
    """A registry that cannot be reached is no fault of ours."""
    if lang == "ts" and not (directory / "node_modules/assemblyscript").is_dir():
        pytest.skip("npm cannot install assemblyscript here")


def inlay(*arguments, cwd=None, timeout=180):
    return subprocess.run([INLAY, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=NOWHERE, timeout=timeout)


def missing(lang):
    """What is not here that a project of this language is built with; None: all of it is."""
    absent = [name for name in NEEDS[lang] if not shutil.which(name)]
    if absent:
        return f"there is no {absent[0]}"
    if lang == "rust" and not shutil.which("wasm-ld-22"):
        targets = subprocess.run(["rustc", "--print", "target-libdir", "--target", "wasm32-unknown-unknown"], capture_output=True, text=True)
        if targets.returncode != 0 or not pathlib.Path(targets.stdout.strip()).is_dir():
            return "there is no Rust for wasm32-unknown-unknown: sdk/rust/build --install"
    return None


class Project:
    """A project called f in `directory`; `function` are the fields of its module."""

    def __init__(self, directory, function=guests.ECHO, cases="", deploy="", command=COPY):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.write(function)
        self.describe(cases, deploy, command)

    def write(self, function):
        (self.directory / "function.wat").write_bytes(guests.module(function))

    def describe(self, cases="", deploy="", command=COPY, module="build/function.wat"):
        text = f'name = "f"\nlang = "c"\n[build]\ncommand = {json.dumps(command)}\nmodule = "{module}"\n'
        (self.directory / "inlay.toml").write_text(text + (f"[deploy]\n{deploy}\n" if deploy else "") + cases)

    def test(self, *arguments):
        return inlay("test", self.directory, *arguments)

    def judged(self, *arguments):
        """What `inlay test --json` says, by the case's name, after checking that its exit code agrees."""
        ended = self.test("--json", *arguments)
        document = json.loads(ended.stdout)
        assert ended.returncode == (1 if document["failed"] else 0), ended
        assert document["failed"] + document["passed"] == len(document["cases"])
        return {one["name"]: one for one in document["cases"]}


def case(name, **members):
    """[[case]] of inlay.toml."""

    def value(of):
        if isinstance(of, dict):
            return "{ " + ", ".join(f"{json.dumps(key)} = {value(one)}" for key, one in of.items()) + " }"
        return json.dumps(of)

    return f"[[case]]\nname = {json.dumps(name)}\n" + "".join(f"{key} = {value(of)}\n" for key, of in members.items())
