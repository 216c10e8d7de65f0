"""Projects of tests: an inlay.toml beside a function in text form, whose build is a copy, so that no compiler is needed."""

import json
import os
import pathlib
import shutil
import subprocess

import guests
from serving import INLAY

NOWHERE = {**os.environ, "INLAY_SERVER": "ftp://nobody", "INLAY_TOKEN_FILE": "/absent"}
COPY = "mkdir -p build && cp function.wat build/function.wat"

# What each language's project needs beside `inlay`, by name of a program.
NEEDS = {"c": ["make", "clang-14", "wasm-ld-14"], "cpp": ["make", "clang-14", "wasm-ld-14"], "rust": ["cargo"], "go": ["go"], "ts": ["node", "npm"]}


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

    def describe(self, cases="", deploy="", command=COPY):
        text = f'name = "f"\nlang = "c"\n[build]\ncommand = {json.dumps(command)}\nmodule = "build/function.wat"\n'
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
