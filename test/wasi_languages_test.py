"""Plain WASI programs in C with its libc, Go and Rust, each from its ordinary toolchain: the same program, run alone and on a server."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from docs_test import block
from serving import INLAY, ROOT, Server, eventually
from wasi_test import NAMES, PROGRAMS, files_of

OUT = ROOT / "build" / "sdk" / "wasi"
RUST_TARGET = "wasm32-wasip1"
RUST_SOURCES = pathlib.Path(os.environ.get("INLAY_RUST_SRC", "/usr/src"))
RUST_ON_DEBIAN = "rustc-web cargo-web libstd-rust-web-dev rust-web-src lld-22 wasi-libc"
BODY = b"x" * 100_000
FILES = {"one": b"content", "old": b"old", "sub/two": b"two"}
TOLD = """argument: first
argument: second one
{exit}OWN: of the deploy
input: 100000 bytes
one: content
file: old, 3 bytes
file: one, 7 bytes
directory: sub
made: written
old: gone true
outside: refused true
"""


def run_tool(command, **more):
    built = subprocess.run(command, capture_output=True, text=True, **more)
    assert built.returncode == 0, built.stderr


def build_c(module):
    clang = next((found for version in (19, 22) if (found := shutil.which(f"clang-{version}")) and shutil.which(f"wasm-ld-{version}")), None)
    if not clang or not pathlib.Path("/usr/include/wasm32-wasi/stdio.h").exists():
        pytest.skip("no clang with a libc for WASI: apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32")
    # Linked without -O: then clang runs no wasm-opt that it finds.
    run_tool([clang, "--target=wasm32-wasi", "-O2", "-c", PROGRAMS / "libc" / "report.c", "-o", module.with_suffix(".o")])
    run_tool([clang, "--target=wasm32-wasi", module.with_suffix(".o"), "-o", module])


def build_go(module):
    if not shutil.which("go"):
        pytest.skip("no Go: install golang-go from 1.21 on, or as go.dev says")
    environment = {**os.environ, "GOOS": "wasip1", "GOARCH": "wasm", "CGO_ENABLED": "0"}
    run_tool(["go", "build", "-trimpath", "-ldflags=-s -w", "-o", module, "."], cwd=PROGRAMS / "go", env=environment)


def build_rust(module):
    command = ["build", "--release", "--offline", "--target", RUST_TARGET, "--manifest-path", PROGRAMS / "rust" / "Cargo.toml"]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(OUT / "target")}
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True).stdout.strip() if shutil.which("rustc") else ""
    libraries = sorted(RUST_SOURCES.glob("rustc-*/library/vendor"))
    if sysroot and pathlib.Path(sysroot, "lib/rustlib", RUST_TARGET, "lib").is_dir():
        run_tool(["cargo", *command], env=environment)
    elif libraries and os.access("/usr/bin/cargo", os.X_OK) and shutil.which("wasm-ld-22") and pathlib.Path("/usr/lib/wasm32-wasi/crt1-command.o").exists():
        # Debian has the library's sources only, and its own libc for WASI.
        flags = ["-Clinker=wasm-ld-22", "-Clink-self-contained=no", "-Ctarget-feature=-crt-static", "-Lnative=/usr/lib/wasm32-wasi",
                 "-Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o", "-Clink-arg=-lc"]
        environment |= {"RUSTC_BOOTSTRAP": "1", "RUSTC": "/usr/bin/rustc", "RUSTFLAGS": " ".join(flags)}
        run_tool(["/usr/bin/cargo", *command, "-Zbuild-std=std,panic_abort", "--config", 'source.crates-io.replace-with="debian"',
                  "--config", f'source.debian.directory="{libraries[-1]}"'], env=environment)
    else:
        pytest.skip(f"no Rust for {RUST_TARGET}: rustup target add {RUST_TARGET}, or on Debian apt install {RUST_ON_DEBIAN}")
    shutil.copy(OUT / "target" / RUST_TARGET / "release" / "report.wasm", module)


BUILDS = {"c": build_c, "go": build_go, "rust": build_rust}


@pytest.fixture(scope="session", params=BUILDS)
def module(request):
    OUT.mkdir(parents=True, exist_ok=True)
    made = OUT / f"report_{request.param}.wasm"
    BUILDS[request.param](made)
    return made


def test_it_runs_alone_over_a_directory(module, tmp_path):
    for name, content in FILES.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(content)
    command = [INLAY, "run", "--dir", f"/data={tmp_path}/data", "--env", "OWN=of the deploy", "--body-file", "-", module, "--", "first", "second one"]
    ran = subprocess.run(command, input=BODY, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stdout.decode() == TOLD.format(exit="") and b"to the log" in ran.stderr
    assert files_of(tmp_path / "data") == {"one": b"content", "sub/two": b"two", "made/whole": b"written"}
    shutil.rmtree(tmp_path / "data" / "made")
    (tmp_path / "data" / "old").write_bytes(b"old")
    ran = subprocess.run([*command, "exit=3"], input=BODY, capture_output=True, timeout=60)
    assert ran.returncode != 0 and "returned 3" in ran.stderr.decode()
    assert files_of(tmp_path / "data") == FILES, "a failure changes nothing"


@pytest.fixture
def deployed(server, module):
    name = module.stem.replace("_", "-")
    for key in server.request("GET", f"/o/{name}").json.get("objects", []):
        server.delete(f"{name}/{key['key']}")
    for key, content in FILES.items():
        server.put(f"{name}/{key}", content)
    server.deploy(name, module.read_bytes(), {"dir": f"/data={name}:w", "env": "OWN=of the deploy"})
    return name


def test_it_is_a_function_of_a_server(server, deployed):
    answer = server.invoke(deployed, [("arg", "first"), ("arg", "second one")], BODY)
    assert answer.status == 200 and answer.body.decode() == TOLD.format(exit="")
    assert server.get(f"{deployed}/made/whole").body == b"written" and server.get(f"{deployed}/old").status == 404
    assert eventually(lambda: b"to the log" in server.request("GET", f"/v1/functions/{deployed}/logs").body)


def test_an_exit_code_of_its_own_fails_it_and_changes_nothing(server, deployed):
    answer = server.invoke(deployed, [("arg", "first"), ("arg", "exit=3")], BODY)
    assert answer.status == 500 and "returned 3" in answer.detail
    assert server.get(f"{deployed}/made/whole").status == 404 and server.get(f"{deployed}/old").body == b"old"


# ---- docs/wasi.md ----


@pytest.fixture
def page():
    return (ROOT / "docs" / "wasi.md").read_text()


def test_the_page_names_each_function_once(page):
    assert sorted(re.findall(r"^\| `((?:args|clock|environ|fd|path|poll|proc|random|sched|sock)_\w+)` \|", page, re.M)) == sorted(NAMES)


def test_the_page_names_each_limit_with_its_value(page):
    limits = (ROOT / "src" / "base" / "limits.hpp").read_text()
    for name, value in re.findall(r"(kWasi\w+Max|kCgi\w+Max) = ([^;]+);", limits):
        told = re.search(rf"^\| `{name}` \| ([^|]+) \|", page, re.M)
        assert told and told[1].replace(",", "").replace(" ", "") == value.replace("'", "").replace("*", "").replace(" ", ""), name


def test_the_program_of_the_page_runs_as_it_stands(data, tmp_path):
    if not shutil.which("clang-19") or not pathlib.Path("/usr/include/wasm32-wasi/stdio.h").exists():
        pytest.skip("no clang-19 with a libc for WASI: apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32")
    (tmp_path / "lines.c").write_text(block("docs/wasi.md", "c", "opendir"))
    with Server(data) as server:  # Its bucket holds what the page puts there.
        run_page(server, tmp_path)


def run_page(server, tmp_path):
    environment = {**os.environ, "INLAY_SERVER": server.url, "PATH": f"{pathlib.Path(INLAY).parent}:{os.environ['PATH']}"}
    script = block("docs/wasi.md", "sh", "lines.c")
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == ["     2 a", "     1 b", "3"] and done.stdout.endswith("     2 a\n     1 b\n3\n"), done.stdout
