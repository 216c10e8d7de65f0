"""The AssemblyScript SDK: its examples answer what those in C and C++ do, in place, and its heap stays out of windows."""

import random
import re
import shutil
import struct
import subprocess

import pytest

from serving import INLAY, ROOT

PACKAGE = ROOT / "sdk" / "assemblyscript"
BUILT = ROOT / "build" / "sdk" / "assemblyscript"
EXAMPLES = ["noop", "echo", "wc", "sum", "upper", "grep"]
MiB = 1 << 20
NOT_HERE = 3  # Exit code of the build: what it needs is missing.
# Sizes of inputs: around vectors, blocks and the copy threshold, and beyond a window.
SIZES = [0, 1, 7, 8, 15, 16, 63, 64, 65, 255, 4095, 16_383, 16_384, 16_385, 65_537, 300_001, MiB, 5 * MiB + 3, 17 * MiB + 1, 64 * MiB]
ALPHABETS = [bytes(range(256)), b"abcdefgh IJKL\n\n\t", b"\0 \t\n\v\f\r!~\x7f\x80\xa0\xff\x20x", b"word another\n"]
QUESTIONS = [("noop", {}), ("echo", {}), ("wc", {}), ("sum", {}), ("upper", {}), ("grep", {"word": "ab"}), ("grep", {"word": ""})]
COST = {"Inlay-Cost": "?1"}
HEADERS = {"Content-Type": "text/x-own; a=b"}


@pytest.fixture(scope="session")
def built():
    """The directory of the built modules."""
    ended = subprocess.run([PACKAGE / "build", BUILT], capture_output=True, text=True)
    if ended.returncode == NOT_HERE:
        pytest.skip(ended.stderr.strip())
    assert ended.returncode == 0, ended.stderr
    return BUILT


@pytest.fixture
def pair(server, built):
    """Deploys the examples: as-NAME in AssemblyScript, NAME in C or C++."""
    for name in EXAMPLES:
        server.deploy_example(name)
        if f"as-{name}" not in server.deployed:
            server.deploy(f"as-{name}", (built / f"{name}.wasm").read_bytes())
            server.deployed.add(f"as-{name}")
    return server


@pytest.fixture
def guest(server, built):
    """guest(name): deploys one of the package's test guests and gives the function's name."""

    def deployed(name, **deployment):
        server.deploy(f"asg-{name}", (built / "test" / "guests" / f"{name}.wasm").read_bytes(), deployment)
        return f"asg-{name}"

    return deployed


def seen(answer):
    return answer.status, answer.headers.get("Content-Type"), answer.body


def same(server, name, query, body=None, headers=None):
    """Both answers, which must be the same but for what they cost."""
    ours, theirs = (server.invoke(prefix + name, query, body, {**COST, **(headers or {})}) for prefix in ("as-", ""))
    assert seen(ours) == seen(theirs), (name, query)
    return ours, theirs


def content_of(size, seed):
    dice = random.Random(seed)
    piece = bytes(dice.choices(dice.choice(ALPHABETS), k=min(size, 700_001)))
    return (piece * (size // max(len(piece), 1) + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_examples_answer_what_those_in_c_do(pair, size):
    content = content_of(size, size)
    pair.put("as/input", content)
    for name, query in QUESTIONS:
        same(pair, name, {**query, "object": "as/input"}, headers=HEADERS)
        if size <= 5 * MiB:
            same(pair, name, query, content, HEADERS)
            same(pair, name, query, content)


def test_bad_questions_get_the_same_words(pair):
    for name, query in (
        ("wc", "object=as/absent"), ("sum", "object=absent/absent"), ("upper", "object=absent"), ("sum", "offset=x"), ("sum", "offset=5"),
        ("sum", "length=5"), ("sum", "offset=18446744073709551616"), ("sum", "offset=" + "0" * 40), ("grep", ""), ("grep", "word=a%0ab"),
        ("grep", "word=" + "x" * 1025), ("upper", "into=bad"), ("upper", "into=a/../b"), ("upper", "into=%ff%fe/x"), ("echo", "object=%00/x"),
        ("echo", "object=a/" + "n" * 3000),
    ):  # fmt: skip
        answers = [pair.request("POST", f"/f/{prefix}{name}?{query}", b"abc") for prefix in ("as-", "")]
        assert seen(answers[0]) == seen(answers[1]), (name, query)
        assert 400 <= answers[0].status < 500, (name, query)


def test_sum_takes_a_piece(pair, noise):
    pair.put("as/piece", noise(200_000, 5))
    for offset, length in ((0, 200_000), (3, 16_384), (199_999, 1), (200_000, 0), (4096, 65_536), (16_383, 50_001)):
        same(pair, "sum", {"object": "as/piece", "offset": offset, "length": length})


def test_upper_publishes_what_it_wrote(pair):
    content = content_of(MiB, 3)
    pair.put("as/lower", content)
    ours, theirs = same(pair, "upper", {"object": "as/lower", "into": "as/upper \u00e9"})
    assert pair.get("as/upper \u00e9").body == content.upper()
    assert ours.cost["copied"] == theirs.cost["copied"] == len(ours.body)


def test_streams_answer_the_same(pair):
    content = content_of(3 * MiB + 7, 4)
    for name in ("wc", "upper"):
        same(pair, name, {"stream": 1}, content)


def test_grep_finds_thousands_of_runs(pair):
    content = b"\n".join(b"needle %d" % number if number % 3 else b"hay" * (number % 10) for number in range(20_000))
    same(pair, "grep", {"word": "needle"}, content)


@pytest.mark.parametrize("size", [16_384, MiB, 64 * MiB])
def test_views_are_not_copied(pair, noise, size):
    pair.put("as/large", noise(size, size))
    assert same(pair, "echo", {"object": "as/large"})[0].cost["copied"] == 0
    assert same(pair, "upper", {"object": "as/large"})[0].cost["copied"] == 0
    for name in ("wc", "sum"):
        ours, theirs = same(pair, name, {"object": "as/large"})
        assert ours.cost["copied"] == theirs.cost["copied"] == len(ours.body)
    assert same(pair, "grep", {"object": "as/large", "word": ""})[0].cost["copied"] <= 1


def test_256_mib_are_read_in_place_and_the_heap_takes_nothing(server, guest, noise, tell):
    content = noise(MiB, 1) * 256
    server.put("as/huge", content)
    answer = server.invoke(guest("window"), {"object": "as/huge"}, headers=COST)
    words = sum(struct.unpack(f"<{MiB // 8}Q", content[:MiB])) * 256 % (1 << 64)
    assert answer.status == 204 and int(answer.headers["X-Sum"]) == words, answer
    assert answer.headers["X-Heap-Grown"] == answer.headers["X-Copied"] == "0" and answer.cost["copied"] == 0
    assert answer.cost["mapped"] >= 256 * MiB
    tell(f"256 MiB: {answer.cost}")
    server.delete("as/huge")


@pytest.mark.parametrize("warm", [0, 1])
@pytest.mark.parametrize("mib", [1, 300])
def test_allocating_after_mapping_is_safe(server, guest, noise, mib, warm, tell):
    answer = server.invoke(guest("heap"), {"mib": mib, "warm": warm}, noise(5 * MiB, 7))
    allocations, inside, damaged, input_changed, output_changed, grown_kib, pages, windows = answer.numbers
    assert (inside, damaged, input_changed, output_changed) == (0, 0, 0, 0)
    assert allocations > 50 * mib and windows >= (40 if mib > 1 else 2)
    tell(f"{allocations} allocations beside {windows} windows, heap {grown_kib} KiB, memory {pages * 64} KiB")


def test_other_runtimes_write_into_windows(server, guest, noise):
    """What the package's runtime is for: the same guest with the compiler's own."""
    for runtime in ("stub", "minimal", "incremental"):
        answer = server.invoke(guest(f"heap_{runtime}"), {"mib": 8}, noise(5 * MiB, 7))
        assert answer.status != 200 or answer.numbers[1:5] != [0, 0, 0, 0], runtime


def test_a_function_grows_beside_a_large_window(server, guest, noise):
    """The heap does not double with the windows: 40 MiB of allocations fit in 96 MiB of own memory beside a window of 200 MiB."""
    server.put("as/beside", noise(MiB, 2) * 200)
    answer = server.invoke(guest("pieces", memory_bytes=96 * MiB), {"object": "as/beside", "hold": 40})
    assert answer.status == 200, answer
    server.delete("as/beside")


def test_views_and_typed_arrays_show_the_bytes_where_they_lie(server, guest):
    assert server.invoke(guest("views"), body=bytes(range(256)) * 256).body == b""


def test_functions_call_functions(pair, guest):
    pair.deploy("callee", (BUILT / "upper.wasm").read_bytes())
    assert pair.invoke(guest("calls"), body=b"abcdef").body == b"ABCDEFABC"


def test_a_trap_tells_why(server, guest):
    name = guest("around")
    assert server.invoke(name, {"trap": "index"}, b"abc").problem == "function-trapped"
    assert "View: the index is outside (" in server.request("GET", f"/v1/functions/{name}/logs").body.decode()


def traps():
    """Of lines.ts: (?trap=, where it is said to be). Each stands in a line with its name; a helper is inlined, another one is not."""
    for file, how, function in (
        ("lines.ts", "here", "lines/inlay_handle"), ("lines.ts", "index", "lines/inlay_handle"), ("lines.ts", "throw", "lines/inlay_handle"),
        ("lines.ts", "memory", "lines/inlay_handle"), ("lines/second.ts", "division", "lines/inlay_handle"),
        ("lines/second.ts", "deep", "lines/second/deep"),
    ):  # fmt: skip
        text = (PACKAGE / "test" / "guests" / file).read_text()
        line = text[: text.index(f"// {how}\n")].count("\n") + 1
        yield how, f" in test/guests/{function} ({file.split('/')[-1]}:{line})"


@pytest.mark.parametrize("warm", [0, 1])
def test_a_trap_in_a_lane_tells_its_line(server, guest, warm):
    name = guest("lines", **{"class": "heavy", "warm": warm})
    for how, place in traps():
        answer = server.invoke(name, {"trap": how}, b"abc")
        assert answer.problem == "function-trapped" and place in answer.json["detail"], answer


def test_a_trap_under_inlay_run_tells_its_line(built):
    command = [INLAY, "run", built / "test" / "guests" / "lines.wasm", "--body-file", "-", "--query"]
    for how, place in traps():
        ended = subprocess.run([*command, f"trap={how}"], input="abc", capture_output=True, text=True)
        assert ended.returncode == 1 and place in ended.stderr, ended


def test_node_runs_the_package_s_own_tests(built):
    ended = subprocess.run(["node", "--test", "--test-reporter=tap"], cwd=built, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert int(re.search(r"^# pass (\d+)$", ended.stdout, re.M)[1]) > 30


def test_the_readme_s_example_compiles_in_a_project_of_its_own(pair, built, tmp_path):
    """As a user begins: a project that extends the package's options."""
    blocks = dict(re.findall(r"`([\w./]+)`:\n+```\w+\n(.*?)```", (PACKAGE / "README.md").read_text(), re.S))
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "inlay").symlink_to(built)
    (tmp_path / "node_modules" / "assemblyscript").symlink_to(built / "node_modules" / "assemblyscript")
    for name, text in blocks.items():
        (tmp_path / name).write_text(text)
    compiler = tmp_path / "node_modules" / "assemblyscript" / "bin" / "asc.js"
    made = subprocess.run(["node", compiler, "bytes.ts", "--outFile", "bytes.wasm"], cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    pair.deploy("as-readme", (tmp_path / "bytes.wasm").read_bytes())
    assert pair.invoke("as-readme", {"byte": 97}, b"banana").body == b"3\n"
    tested = subprocess.run(["node", "bytes.test.js"], cwd=tmp_path, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    # Without the package's options there is an error that names them.
    (tmp_path / "asconfig.json").unlink()
    bare = subprocess.run(["node", compiler, "bytes.ts", "--outFile", "bare.wasm"], cwd=tmp_path, capture_output=True, text=True)
    assert bare.returncode != 0 and "build with inlay's runtime" in bare.stderr, bare.stderr


def test_the_contract_is_that_of_the_header(built):
    """Constants with their values, functions with as many parameters."""
    header, ours = (ROOT / "abi" / "inlay.h").read_text(), (PACKAGE / "assembly" / "abi.ts").read_text()
    constants = re.findall(r"^    INLAY_(\w+) = (-?\d+)", header, re.M) + re.findall(r"[{ ]INLAY_((?:LOG|CLOCK)_\w+) = (\d+)", header)
    constants += re.findall(r"INLAY_(ABI_VERSION) (\d+)", header)
    assert sorted(constants) == sorted(re.findall(r"^export const (\w+): [iu]32 = (-?\d+);", ours, re.M))
    functions = re.findall(r"^INLAY_IMPORT\((\w+)\) int32_t inlay_\1\((.*?)\);", header, re.M | re.S)
    declared = re.findall(r'@external\("inlay", "(\w+)"\)\s+export declare function \1\((.*?)\): i32;', ours)
    assert [(name, parameters.count(",")) for name, parameters in functions] == [(name, text.count(",")) for name, text in declared]


def test_a_build_without_node_says_so(tmp_path):
    ended = subprocess.run([shutil.which("bash"), PACKAGE / "build", tmp_path], capture_output=True, text=True, env={"PATH": str(tmp_path)})
    assert ended.returncode == NOT_HERE and "there is no node" in ended.stderr


def test_nothing_is_built_into_the_source(built):
    assert not [path for path in PACKAGE.rglob("*") if path.suffix == ".wasm" or path.name == "node_modules"]
