"""mmap() of WASI programs by sdk/c/inlay_mmap.c: files and standard input in place, and a heap that stays out of them."""

import pathlib
import random
import re
import shutil
import struct
import subprocess

import pytest

from serving import INLAY, ROOT

LIBRARY = pathlib.Path("/usr/lib/wasm32-wasi/libc.a")
MIB = 1 << 20


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    clang = next(filter(None, map(shutil.which, ("clang-19", "clang-14", "clang"))), None)
    if not clang or not LIBRARY.exists():
        pytest.skip("there is no clang with wasi-libc: sdk/c/build --install")
    module = tmp_path_factory.mktemp("mapped") / "mapped.wasm"
    command = [clang, "--target=wasm32-wasi", "-O2", "-Wall", "-Wextra", "-Werror", "-D_WASI_EMULATED_MMAN", ROOT / "test/wasi/mapped/mapped.c",
               ROOT / "sdk/c/inlay_mmap.c", "-o", module]
    made = subprocess.run(command, capture_output=True, text=True)
    if "libclang_rt.builtins" in made.stderr or "wasm-ld" in made.stderr and "not found" in made.stderr:
        pytest.skip("clang has no linker or builtins for wasm32: sdk/c/build --install")
    assert made.returncode == 0, made.stderr
    return module


def sum_of(content):
    return sum(struct.unpack(f"<{len(content) // 8}Q", content[:len(content) // 8 * 8])) % (1 << 64)


def cost_of(said):
    return {name: int(number.replace(",", "")) for name, number in re.findall(r"(mapped|copied|private) ([\d,]+) bytes", said)}


@pytest.fixture(scope="module")
def content():
    return random.Random(7).randbytes(MIB) * 256


@pytest.mark.parametrize("size", [20_000, MIB + 5, 256 * MIB])
def test_a_file_and_standard_input_are_mapped_in_place(mapped, content, tmp_path, size):
    (tmp_path / "file").write_bytes(content[:size])
    for arguments in (["--dir", f"/d={tmp_path}:ro", "--", "/d/file"], ["--body-file", tmp_path / "file"]):
        run = subprocess.run([INLAY, "run", mapped, "--cost", *arguments], capture_output=True, text=True)
        assert run.stdout == f"{sum_of(content[:size])}\n", run.stdout + run.stderr
        cost = cost_of(run.stderr)
        # What is printed, and pieces below 16 KiB: two pages that were mapped apart.
        assert cost["mapped"] >= size and cost["copied"] <= len(run.stdout) + 3 * 8192, run.stderr


def test_on_a_server_an_object_is_mapped_in_place(mapped, content, server):
    server.put("mapped/file", content[:64 * MIB])
    name = "mmap-of-an-object"
    deployed = server.request("PUT", f"/v1/functions/{name}?dir=/d=mapped", body=mapped.read_bytes())
    assert deployed.status == 200, deployed.body
    for _ in range(2):
        answer = server.request("GET", f"/f/{name}?arg=/d/file", headers={"Inlay-Cost": "?1"})
        assert answer.body.decode() == f"{sum_of(content[:64 * MIB])}\n", answer.body.decode()
        copied = int(re.search(r"copied=(\d+)", answer.headers["Inlay-Cost"])[1])
        assert copied <= len(answer.body.decode()) + 3 * 8192
    server.request("DELETE", f"/v1/functions/{name}")
