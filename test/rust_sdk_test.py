"""The Rust SDK: its examples answer what those in C and C++ do, what they map is not copied, and its allocator leaves windows alone."""

import json
import os
import random
import re
import shutil
import struct
import subprocess

import pytest

from docs_test import block
from examples_test import texts
from guests import HEADER, Codes
from serving import ROOT

SDK = ROOT / "sdk" / "rust"
OUT = ROOT / "build" / "sdk" / "rust"
EXAMPLES = ["noop", "echo", "wc", "sum", "upper", "grep"]
NO_TOOLCHAIN = 3
WITH_COST = {"Inlay-Cost": "?1"}
MAP_THRESHOLD = 16 << 10
MIB = 1 << 20
# Sizes of inputs: around vectors, blocks and the copy threshold, and beyond a window.
SIZES = [0, 1, 7, 8, 15, 63, 64, 65, 100, 255, 4097, 16_383, 16_384, 33_333, 100_003, 999_999, 3 * MIB, 7_654_321, 20 * MIB, 64 * MIB]

README_MANIFEST = f"""
[package]
name = "long_lines"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[dependencies]
inlay = {{ path = "{SDK}/inlay" }}

[profile.release]
lto = true
codegen-units = 1
panic = "abort"
strip = true

[workspace]
"""


def build_at(*arguments):
    """Runs sdk/rust/build, and skips the test where it finds no toolchain."""
    built = subprocess.run([SDK / "build", *arguments], capture_output=True, text=True)
    if built.returncode == NO_TOOLCHAIN:
        pytest.skip(built.stderr.strip())
    assert built.returncode == 0, built.stderr


@pytest.fixture(scope="session")
def modules():
    """Builds the examples and the guest; gives the directory of their modules."""
    build_at(OUT)
    build_at(OUT, SDK / "guest")
    return OUT


@pytest.fixture(scope="module")
def deployed(shared_server, modules):
    for name in EXAMPLES:
        shared_server.deploy_example(name)
        shared_server.deploy(f"rust-{name}", (modules / f"{name}.wasm").read_bytes())
    shared_server.deploy("rust-guest", (modules / "guest.wasm").read_bytes())
    return shared_server


@pytest.fixture
def rust(deployed, server):
    return server


def told(answer):
    return answer.status, answer.body, answer.headers["Content-Type"]


def both(server, name, query=None, body=None, headers=None):
    """The answer of the example in Rust, after checking that it is that of the one in C or C++, for the same cost."""
    fields = {**WITH_COST, **(headers or {})}
    expected = server.invoke(name, query, body, fields)
    answer = server.invoke(f"rust-{name}", query, body, fields)
    assert told(answer) == told(expected), (name, query)
    if query and "object" in query:
        assert answer.cost["copied"] == expected.cost["copied"], (name, query)
    return answer


def all_examples(server, query, body=None):
    """Asks all examples about one input."""
    both(server, "noop")
    both(server, "echo", query, body, {"Content-Type": "text/x-own"})
    both(server, "wc", query, body)
    both(server, "sum", query, body)
    both(server, "upper", query, body)
    for word in ("a", "ab", "IJL", "L\t", ""):
        both(server, "grep", {**query, "word": word}, body)


@pytest.mark.parametrize("content", texts()[::3])
def test_examples_answer_as_those_in_c_do(rust, content):
    rust.put("rust/input", content)
    all_examples(rust, {"object": "rust/input"})
    all_examples(rust, {}, content)


def drawn(size, seed):
    """Text of random words and lines, in which words of "needle" are rare."""
    dice = random.Random(seed)
    line = bytes.maketrans(bytes(range(256)), bytes(dice.choices(b"abcdefgh IJKL \n\t\x80\xff~", k=256)))
    content = bytearray(dice.randbytes(size).translate(line))
    for _ in range(min(500, size // 100)):
        at = dice.randrange(size - 6)
        content[at : at + 6] = b"needle"
    return bytes(content)


@pytest.mark.parametrize("size", SIZES)
def test_examples_answer_as_those_in_c_do_on_random_text(rust, size):
    rust.put("rust/text", drawn(size, size))
    query = {"object": "rust/text"}
    for name in ("echo", "wc", "sum", "upper"):
        both(rust, name, query)
    both(rust, "grep", {**query, "word": "needle"})
    if size > 50:
        both(rust, "sum", {**query, "offset": 3, "length": size - 50})


@pytest.mark.parametrize("size", [MAP_THRESHOLD, 1_000_001, 64 * MIB])
def test_what_is_seen_or_left_through_windows_is_not_copied(rust, size):
    rust.put("rust/view", drawn(size, 1) + b"\n")
    query = {"object": "rust/view"}
    assert both(rust, "echo", query).cost["copied"] == 0
    assert both(rust, "upper", query).cost["copied"] == 0
    assert both(rust, "upper", {**query, "into": "rust/into"}).cost["copied"] == len(f'{{"object":"rust/into","bytes":{size + 1}}}\n')
    assert both(rust, "grep", {**query, "word": "needle"}).cost["copied"] == 0
    for name in ("wc", "sum"):
        answer = both(rust, name, query)
        assert answer.cost["copied"] - len(answer.body) in range(MAP_THRESHOLD), "the last window may be small"


@pytest.mark.parametrize("name", EXAMPLES)
def test_modules_are_small(modules, name, tell):
    sizes = [(modules / f"{name}.wasm").stat().st_size]
    tell(f"{sizes[0]} bytes")
    assert sizes[0] <= 8 << 10


@pytest.mark.parametrize(
    "name, query",
    [("wc", "object=rust/absent"), ("sum", "object=absent/absent"), ("upper", "object=absent"), ("sum", "offset=x"), ("sum", "offset=5"),
     ("sum", "length=5"), ("sum", "offset=1&length=3"), ("sum", "offset=18446744073709551616"), ("grep", ""), ("grep", "word=a%0ab"),
     ("upper", "into=bad"), ("upper", "into=a/../b"), ("echo", "object=%00/x"), ("grep", "word=" + "x" * 1025), ("wc", "object=a/" + "k" * 3000)],
)  # fmt: skip
def test_a_bad_question_is_answered_as_in_c(rust, name, query):
    expected = rust.request("POST", f"/f/{name}?{query}", b"abc")
    assert told(rust.request("POST", f"/f/rust-{name}?{query}", b"abc")) == told(expected)
    assert expected.status in (400, 404)


@pytest.mark.parametrize("name", ["wc", "upper"])
def test_streams_are_answered_as_in_c(rust, name):
    content = drawn(5 * MIB, 3)
    chunks = [content[at : at + 70_001] for at in range(0, len(content), 70_001)]
    assert told(rust.request("POST", f"/f/rust-{name}?stream=1", iter(chunks))) == told(rust.request("POST", f"/f/{name}", content))


def ask(server, way, body=b"", status=200):
    answer = server.invoke("rust-guest", {"way": way}, body, WITH_COST)
    assert answer.status == status, answer
    return answer


def numbers(answer):
    return list(map(int, answer.body.split()))


def test_256_mib_are_read_in_place(rust):
    size = 256 * MIB
    answer = ask(rust, "place", b"\1" + bytes(size - 1))
    address, length, touched, before, after, heap_before, heap_after, copied = numbers(answer)
    assert (length, touched) == (size, 1)
    assert before <= address and address + length <= after, "the window lies behind what was there"
    assert after - before < size + 8 * MIB, "memory has grown by the window and by nothing else"
    assert 0 < heap_after == heap_before, "the heap has not grown"
    assert copied <= MAP_THRESHOLD, "what came with the head"
    assert answer.cost["copied"] == copied + len(answer.body)


def test_a_stored_object_of_256_mib_is_read_in_place(rust):
    size = 256 * MIB
    rust.put("rust/large", bytes(size))
    answer = rust.invoke("rust-guest", {"way": "place", "object": "rust/large"}, headers=WITH_COST)
    _, length, _, _, _, heap_before, heap_after, copied = numbers(answer)
    assert (length, copied, heap_after) == (size, 0, heap_before)
    assert answer.cost["copied"] == len(answer.body)
    rust.delete("rust/large")


def test_memory_that_the_host_grew_is_never_allocated(rust):
    first, last, overlaps, is_whole, spoilt = numbers(ask(rust, "heap", random.Random(5).randbytes(MIB)))
    assert first == 0, "the first window came before the first allocation"
    assert last > 10 * MIB
    assert (overlaps, is_whole, spoilt) == (0, 1, 0)


def test_lines_are_whole_over_borders_of_windows(rust):
    dice = random.Random(8)
    lines = [b"x" * dice.choice((0, 3, 500, dice.randint(1, 400_000))) for _ in range(1400)]
    lines[700] = b"y" * (40 * MIB)
    content = b"\n".join([*lines, b"end"])
    assert len(content) > 100 * MIB
    assert numbers(ask(rust, "lines", content)) == [len(lines) + 1, len(content) - len(lines), 0]
    assert ask(rust, "lines", b"x" * (66 * MIB), 413).body == b"the request body: this is more than the function may use\n"


@pytest.mark.parametrize("count", [0, 1, 1000, 6_000_000])
def test_records_come_one_after_the_other_and_a_part_of_one_does_not(rust, count):
    content = b"".join(struct.pack("<III", number, 3 * number % 1000, 7) for number in range(count))
    assert numbers(ask(rust, "records", content + b"rest.")) == [count, sum(3 * number % 1000 for number in range(count))]


def test_functions_are_called_and_spawned(rust):
    content = drawn(MIB, 4)
    half = len(content) // 2
    expected = b"".join(rust.invoke("wc", body=piece).body for piece in (content[:half], content[half:], content))
    assert ask(rust, "calls", content).body == expected


@pytest.mark.parametrize("size", [1000, MIB])
def test_what_is_handed_over_lies_as_in_its_givers_pages(rust, size):
    content = drawn(size, 5)
    assert ask(rust, "handed", content).body == content[14:]


def test_parts_logs_clocks_and_random_bytes(rust):
    answer = ask(rust, "parts", status=201)
    assert (answer.headers["X-Own"], answer.body) == ("rust-guest", b"")
    logs = rust.request("GET", "/v1/functions/rust-guest/logs").body.decode()
    assert "a line" in logs and "10 bytes" in logs


def test_a_code_and_a_panic_fail_the_invocation(rust):
    assert ask(rust, "code", status=500).problem == "function-failed"
    assert ask(rust, "panic", status=500).problem == "function-trapped"
    logs = rust.request("GET", "/v1/functions/rust-guest/logs").body.decode()
    assert re.search(r"panic at [^ ]*lib\.rs:\d+: on purpose", logs), logs
    assert ask(rust, "other", status=400).body == b"way: which one?\n"


def test_the_raw_layer_mirrors_the_header():
    text = (SDK / "inlay" / "src" / "raw.rs").read_text()
    constants = {name: int(value) for name, value in re.findall(r"pub const (\w+): [iu]32 = (-?\d+);", text)}
    header = {f"E_{name}": value for name, value in vars(Codes).items() if not name.startswith("_")}
    for prefix in ("PART", "MAP", "ENDING", "LOG", "CLOCK"):
        header |= {name: int(value) for name, value in re.findall(rf"INLAY_({prefix}_\w+) = (\d+)", HEADER)}
    header["ABI_VERSION"] = int(re.search(r"INLAY_ABI_VERSION (\d+)", HEADER)[1])
    assert constants == header
    imports = text[text.index('extern "C"') : text.index("#[cfg(not(target_arch")]
    declared = {name: re.sub(r"move_window", "move", name) for name in re.findall(r"pub fn (\w+)\(", imports)}
    assert sorted(declared.values()) == sorted(re.findall(r"INLAY_IMPORT\((\w+)\) int32_t", HEADER))
    for name, in_header in declared.items():
        ours = re.search(rf"pub fn {name}\(([^)]*)\)", imports)[1].strip(" \n,").split(",")
        theirs = re.search(rf"INLAY_IMPORT\({in_header}\)[^(]*\(([^)]*)\)", HEADER)[1].split(",")
        assert len(ours) == len(theirs), name


def native_tests(manifest, *options):
    """What `cargo test` prints, which must pass."""
    cargo = shutil.which("cargo")
    if not cargo or subprocess.run([cargo, "--version"], capture_output=True).returncode != 0:
        pytest.skip("no cargo")
    environment = {**os.environ, "CARGO_TARGET_DIR": str(OUT / "native")}
    ran = subprocess.run([cargo, "test", *options, "--manifest-path", manifest], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_native_tests_pass():
    printed = native_tests(SDK / "Cargo.toml", "--offline")
    assert sum(map(int, re.findall(r"test result: ok\. (\d+) passed", printed))) >= 40, printed
    assert len(re.findall(r"compile fail \.\.\. ok", printed)) == 2, printed


def test_views_are_cast_by_bytemuck_and_zerocopy_in_place(server):
    assert "3 passed" in native_tests(SDK / "casts" / "Cargo.toml", "--locked")
    build_at(OUT, SDK / "casts")
    server.deploy("rust-casts", (OUT / "casts.wasm").read_bytes())
    points = struct.pack("<20000d", *range(20_000))
    scaled = struct.pack("<20000d", *range(0, 60_000, 3))
    for at in (0, 8, 4096, 4104):
        server.put("rust/points", bytes(at) + struct.pack("<4sIQ", b"PNTS", 1, 10_000) + points)
        answer = server.invoke("rust-casts", {"object": "rust/points", "at": at, "by": 3}, headers=WITH_COST)
        assert answer.body == scaled and answer.cost["copied"] == 0, at
    refused = server.invoke("rust-casts", {"object": "rust/points", "at": 4104 - 16})
    assert (refused.status, refused.body) == (400, b"this is no file of points\n")
    server.put("rust/points", bytes(3) + struct.pack("<4sIQ", b"PNTS", 1, 10_000) + points)
    refused = server.invoke("rust-casts", {"object": "rust/points", "at": 3})
    assert (refused.status, refused.body) == (400, b"the points are not aligned to 8 bytes\n")


def test_the_function_of_the_readme_does_what_it_says(server, modules):
    crate = OUT / "readme"
    (crate / "src").mkdir(parents=True, exist_ok=True)
    (crate / "Cargo.toml").write_text(README_MANIFEST)
    (crate / "src/lib.rs").write_text(block("sdk/rust/README.md", "rust", "#[inlay::function]"))
    assert "1 passed" in native_tests(crate / "Cargo.toml", "--offline")
    build_at(OUT, crate)
    server.deploy("long_lines", (OUT / "long_lines.wasm").read_bytes())
    assert server.invoke("long_lines", {"min": 4}, b"one\nfour\nfive\n").body == b"2\n"
    assert server.invoke("long_lines", {"min": "x"}, b"one").body == b"min=x: this value is not allowed\n"


def test_a_registry_s_crate_behind_a_crate_beside_it_is_found(server, modules):
    crate = OUT / "behind"
    for directory, manifest, source in (
        (crate / "inner", '[package]\nname = "inner"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nbytemuck = "1.25"\n',
         "#![no_std]\npub fn bytes_of(number: &u32) -> &[u8] { bytemuck::bytes_of(number) }\n"),
        (crate, README_MANIFEST.replace('"long_lines"', '"behind"').replace("[dependencies]", '[dependencies]\ninner = { path = "inner" }'),
         "#![no_std]\n#[inlay::function]\nfn behind(request: &inlay::Request) -> inlay::Answer {\n    request.response().bytes(inner::bytes_of(&7))\n}\n"),
    ):  # fmt: skip
        (directory / "src").mkdir(parents=True, exist_ok=True)
        (directory / "Cargo.toml").write_text(manifest)
        (directory / "src/lib.rs").write_text(source)
    build_at(OUT, crate)
    server.deploy("behind", (OUT / "behind.wasm").read_bytes())
    assert server.invoke("behind").body == b"\7\0\0\0"


def test_building_leaves_the_source_tree_as_it_is(modules):
    made = [path for path in SDK.rglob("*") if path.suffix in (".wasm", ".o") or path.name == "target"]
    assert not made


@pytest.fixture
def bare_path(tmp_path):
    """A directory as PATH, in which there is what the script needs, and no Rust."""
    path = tmp_path / "bin"
    path.mkdir()
    for tool in ("bash", "dirname", "mkdir", "sort", "tail", "cp"):
        (path / tool).symlink_to(shutil.which(tool))
    return path


def build_with(path, out):
    environment = {"PATH": str(path), "INLAY_RUST_SRC": str(path)}
    return subprocess.run([shutil.which("bash"), SDK / "build", out], capture_output=True, text=True, env=environment)


def test_a_machine_without_a_toolchain_is_told_what_to_install(tmp_path, bare_path):
    ended = build_with(bare_path, tmp_path / "out")
    assert ended.returncode == NO_TOOLCHAIN, ended
    assert "rustup target add" in ended.stderr and "--install" in ended.stderr


def test_a_target_of_rustup_is_taken_where_there_is_one(tmp_path, bare_path):
    """With stand-ins for rustc and cargo, which say what they were asked for."""
    target = "wasm32-unknown-unknown"
    (tmp_path / "sysroot/lib/rustlib" / target / "lib").mkdir(parents=True)
    scripts = {
        "rustc": f'echo "{tmp_path}/sysroot"',
        "cargo": f'made=$CARGO_TARGET_DIR/{target}/release; mkdir -p "$made"; echo "$@" > "$made/asked.wasm"',
    }
    for name, script in scripts.items():
        (bare_path / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
        (bare_path / name).chmod(0o755)
    ended = build_with(bare_path, tmp_path / "out")
    assert ended.returncode == 0, ended
    asked = (tmp_path / "out" / "asked.wasm").read_text()
    assert f"--target {target}" in asked and "build-std" not in asked
