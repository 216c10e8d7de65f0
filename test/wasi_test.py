"""WASI preview 1, function by function: a program from source for each, good and bad use; what it prints is what its source says."""

import os
import re
import shutil
import subprocess

import pytest

from serving import INLAY, ROOT

PROGRAMS = ROOT / "test" / "wasi"
TABLE = ROOT / "src" / "run" / "wasi.cpp"
NAMES = re.findall(r'one<&\w+>\("(\w+)"\)', TABLE.read_text())
CLANG = next(filter(None, map(shutil.which, ("clang-14", "clang-19", "clang"))), None)
LINKER = next(filter(None, map(shutil.which, ("wasm-ld-14", "wasm-ld-19", "wasm-ld"))), None)
BODY = b"body"
ARGUMENTS = ["zwei drei", "&=%+ü", ""]
VARIABLES = ["PLAIN=text", "ODD== ü%", "NOTHING="]

# What BAD_PATHS of wasi/paths.h prints, whatever is done with the path.
BAD_PATHS = [
    "empty: NOENT",
    "absolute: NOTCAPABLE",
    "leads out: NOTCAPABLE",
    "leads out in the middle: NOTCAPABLE",
    "leads out by itself: NOTCAPABLE",
    "holds a NUL: INVAL",
    "is no UTF-8: ILSEQ",
    "holds half of a surrogate: ILSEQ",
    "is too long: NAMETOOLONG",
    "lies beyond memory: FAULT",
    "is longer than memory: FAULT",
]
BEFORE = {"one": b"content", "sub/two": b"in a directory"}

# What a program has made of /data, where it has changed something: name -> content, None: it is gone.
AFTER = {
    "fd_allocate": {"one": b"content" + bytes(13)},
    "fd_close": {"fresh": b"too"},
    "fd_datasync": {"fresh": b"text"},
    "fd_fdstat_set_flags": {"one": b"Content!"},
    "fd_filestat_get": {"one": b"longer text"},
    "fd_filestat_set_size": {"one": b"c"},
    "fd_pwrite": {"one": b"coXYentXY"},
    "fd_readdir": {"one": None, "fresh": b""},
    "fd_renumber": {"fresh": b"text"},
    "fd_sync": {"fresh": b"text"},
    "fd_write": {"one": b"content and more!", "fresh": b"abcd\0\0e"},
    "path_create_directory": {"made/deeper/file": b"text"},
    "path_filestat_get": {"fresh": b"four"},
    "path_link": {"second": b"other", "copy": b"in a directory", "fresh": b"text"},
    "path_open": {"one": b"", "fresh": b"", "other": b"", "a/b/c": b""},
    "path_remove_directory": {"sub/two": None},
    "path_rename": {"one": None, "sub/two": b"content", "whole": b"first second"},
    "path_unlink_file": {"one": b"again"},
}


def expected(source):
    """The lines that a program's source says it prints, in their order."""
    claims = []
    for first, claim, bad in re.findall(r'\b(?:SHOW|NUMBER|TEXT)\((\w+|"[^"]*"), "([^"]*)"|\b(BAD_PATHS)\(', source):
        claims += BAD_PATHS if bad else [f"{claim}: {first.strip(chr(34))}"]
    return claims


def in_order_of_calls(text):
    """The source with its functions in the order in which _start runs them, each in the place of its call."""
    functions = dict(re.findall(r"^static void (\w+)\([^)]*\) \{\n(.*?)^\}", text, re.S | re.M))
    start = text[text.index("void _start(void) {") :]
    for name, body in functions.items():
        start = re.sub(rf"^ *{name}\(.*\);$", lambda _: body, start, flags=re.M)
    return start


def compile_program(name, made):
    """Builds a program of test/wasi into a directory, once; gives its module."""
    module = made / f"{name.replace('/', '-')}.wasm"
    if not module.exists():
        flags = ["--target=wasm32-unknown-unknown", "-std=c11", "-O2", "-nostdlibinc", "-ffreestanding", "-mbulk-memory", "-Wall", "-Wextra", "-Werror",
                 "-Wno-unused-function", "-Wno-unused-variable"]
        subprocess.run([CLANG, *flags, "-c", PROGRAMS / f"{name}.c", "-o", module.with_suffix(".o")], check=True)
        subprocess.run([LINKER, "--stack-first", "--export=_start", module.with_suffix(".o"), "-o", module], check=True)
    return module


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    if not CLANG or not LINKER:
        pytest.skip("no clang and wasm-ld that know wasm32: tools/setup installs them")
    made = tmp_path_factory.mktemp("wasi")
    return lambda name: compile_program(name, made)


def fill(directory):
    for name, content in BEFORE.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.symlink("/etc/passwd", directory / "link")
    return directory


def files_of(directory):
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file() and not path.is_symlink()}


def run(module, tmp_path, *arguments):
    """Runs a program with its two directories; gives what became of it."""
    data, fixed = fill(tmp_path / "data"), fill(tmp_path / "fixed")
    body = tmp_path / "body"
    body.write_bytes(BODY)
    variables = [word for one in VARIABLES for word in ("--env", one)]
    ran = subprocess.run([INLAY, "run", "--dir", f"/data={data}", "--dir", f"/fixed={fixed}:ro", *variables, "--body-file", body, module, "--", *arguments],
                         capture_output=True, timeout=60)
    assert files_of(fixed) == BEFORE, "what is read only has changed"
    return ran, files_of(data)


def test_each_function_has_a_program():
    assert len(NAMES) == len(set(NAMES)) == 46
    assert {path.stem for path in PROGRAMS.glob("*.c")} == set(NAMES)
    for name in NAMES:
        assert re.search(rf"\b{name}\(", (PROGRAMS / f"{name}.c").read_text()), name


@pytest.mark.parametrize("name", [name for name in NAMES if name != "proc_exit"])
def test_what_it_gives_is_what_its_program_says(built, tmp_path, name):
    ran, after = run(built(name), tmp_path, *ARGUMENTS)
    assert ran.returncode == 0, ran.stderr.decode()
    wanted = expected(in_order_of_calls((PROGRAMS / f"{name}.c").read_text()))
    assert ran.stdout.decode().splitlines() == wanted and wanted
    changes = AFTER.get(name, {})
    assert after == {path: content for path, content in {**BEFORE, **changes}.items() if content is not None}


@pytest.mark.parametrize("code", [0, 1, 255, 2**31, 2**32 - 1])
def test_an_exit_code_of_0_is_success_and_any_other_a_failure(built, tmp_path, code):
    ran, _ = run(built("proc_exit"), tmp_path, str(code))
    assert (ran.returncode == 0) == (code == 0), ran.stderr
    assert ran.stdout == b"before: SUCCESS\n", "it is shown in any case"
