"""The Go SDK: its examples answer what those in C and C++ do, what they map is not copied, and Go's heap leaves windows alone."""

import json
import os
import random
import re
import shutil
import struct
import subprocess

import pytest

import arrow_files
from guests import HEADER, Codes
from serving import ROOT

SDK = ROOT / "sdk" / "go"
OUT = ROOT / "build" / "sdk" / "go"
EXAMPLES = ["noop", "echo", "wc", "sum", "upper", "grep", "colsum"]
NO_TOOLCHAIN = 3
WITH_COST = {"Inlay-Cost": "?1"}
MAP_THRESHOLD = 16 << 10
MIB = 1 << 20
# Around vectors, blocks and the copy threshold, and beyond a window.
SIZES = [0, 1, 7, 8, 15, 63, 64, 65, 255, 256, 257, 4095, 16_383, 16_384, 16_385, 65_537, MIB, 5 * MIB + 3, 17 * MIB + 1, 64 * MIB]
ALPHABETS = [bytes(range(256)), b"abcdefgh IJKL\n\n\t", b"\0 \t\n\v\f\r!~\x7f\x80\xa0\xff\x20x", b"needle another\n"]


def build_at(*arguments):
    """Runs sdk/go/build, and skips the test where it finds no toolchain."""
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


@pytest.fixture
def go(server, modules):
    """The shared server with the functions in C (NAME), in Go (go-NAME), and the guest."""
    for name in EXAMPLES:
        server.deploy_example(name)
    for name in [*EXAMPLES, "guest"]:
        if f"go-{name}" not in server.deployed:
            server.deploy(f"go-{name}", (modules / f"{name}.wasm").read_bytes())
            server.deployed.add(f"go-{name}")
    return server


def told(answer):
    return answer.status, answer.headers.get("Content-Type"), answer.body


def both(server, name, query, body=None, headers=None):
    """The answer in Go, which must be that in C."""
    expected = server.invoke(name, query, body, headers)
    answer = server.invoke(f"go-{name}", query, body, {**WITH_COST, **(headers or {})})
    assert told(answer) == told(expected), (name, query)
    return answer


def drawn(size, seed):
    dice = random.Random(seed)
    piece = bytes(dice.choices(dice.choice(ALPHABETS), k=min(size, 700_001)))
    return (piece * (size // max(len(piece), 1) + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_examples_answer_what_those_in_c_do(go, size):
    content = drawn(size, size)
    go.put("go/input", content)
    own_type = {"Content-Type": "text/x-own; a=b"}
    questions = [("noop", {}), ("echo", {}), ("wc", {}), ("sum", {}), ("upper", {}), ("grep", {"word": "ab"}), ("grep", {"word": ""})]
    for name, query in questions:
        both(go, name, {**query, "object": "go/input"}, headers=own_type)
        if size <= 5 * MIB:
            both(go, name, query, content, own_type)
            both(go, name, query, content)
    if size > 50:
        both(go, "sum", {"object": "go/input", "offset": 3, "length": size - 50})


@pytest.mark.parametrize("size", [MAP_THRESHOLD, 1_000_001, 64 * MIB])
def test_what_is_seen_or_left_through_windows_is_not_copied(go, size):
    go.put("go/view", drawn(size, 1) + b"\n")
    query = {"object": "go/view"}
    assert both(go, "echo", query).cost["copied"] == 0
    assert both(go, "upper", query).cost["copied"] == 0
    assert both(go, "upper", {**query, "into": "go/into"}).cost["copied"] == len(f'{{"object":"go/into","bytes":{size + 1}}}\n')
    assert both(go, "grep", {**query, "word": "needle"}).cost["copied"] == 0
    for name in ("wc", "sum"):
        answer = both(go, name, query)
        assert answer.cost["copied"] - len(answer.body) in range(MAP_THRESHOLD), "the last window may be small"


def test_grep_gathers_thousands_of_runs(go):
    content = b"\n".join(b"needle %d" % number if number % 3 else b"hay" * (number % 10) for number in range(20_000))
    both(go, "grep", {"word": "needle"}, content)


@pytest.mark.parametrize(
    "name, query",
    [("wc", "object=go/absent"), ("sum", "object=absent/absent"), ("upper", "object=absent"), ("sum", "offset=x"), ("sum", "offset=5"),
     ("sum", "length=5"), ("sum", "offset=1&length=3"), ("sum", "offset=18446744073709551616"), ("sum", "offset=" + "0" * 40), ("grep", ""),
     ("grep", "word=a%0ab"), ("upper", "into=bad"), ("upper", "into=a/../b"), ("upper", "into=%ff%fe/x"), ("echo", "object=%00/x"),
     ("grep", "word=" + "x" * 1025), ("wc", "object=a/" + "k" * 3000), ("colsum", ""), ("colsum", "column=" + "x" * 1025),
     ("colsum", "column=a&object=go/absent")],
)  # fmt: skip
def test_a_bad_question_is_answered_as_in_c(go, name, query):
    expected = go.request("POST", f"/f/{name}?{query}", b"abc")
    assert told(go.request("POST", f"/f/go-{name}?{query}", b"abc")) == told(expected)
    assert expected.status in (400, 404)


@pytest.mark.parametrize("name", ["wc", "upper"])
def test_streams_are_answered_as_in_c(go, name):
    content = drawn(5 * MIB, 3)
    chunks = [content[at : at + 70_001] for at in range(0, len(content), 70_001)]
    assert told(go.request("POST", f"/f/go-{name}?stream=1", iter(chunks))) == told(go.request("POST", f"/f/{name}", content))


# ---- colsum ------------------------------------------------------------------------------------------------------------------


def chunk(kind, rows, dice, has_nulls):
    code = arrow_files.CODES[kind]
    size = struct.calcsize(code)
    values = arrow_files.array.array(code)
    if kind.startswith("float"):
        values.extend(dice.uniform(-1e6, 1e6) for _ in range(rows))
    else:
        values.frombytes(dice.randbytes(rows * size))
    return arrow_files.Chunk(values, [dice.random() < 0.7 for _ in range(rows)] if has_nulls else None)


@pytest.mark.parametrize("seed", range(20))
def test_columns_are_summed_as_in_c(go, seed):
    dice = random.Random(seed)
    batches = [dice.choice((0, 1, 7, 8, 31, 32, 33, 1000, 40_000)) for _ in range(dice.randint(1, 4))]
    columns = {kind: (kind, [chunk(kind, rows, dice, dice.random() < 0.5) for rows in batches]) for kind in arrow_files.CODES}
    content = arrow_files.write_columns(columns, legacy=seed % 3 == 0, version=arrow_files.V4 if seed % 4 == 0 else arrow_files.V5)
    for kind, (_, chunks) in columns.items():
        answer = both(go, "colsum", {"column": kind}, content)
        assert answer.body.decode() == arrow_files.answer(kind, chunks), kind


@pytest.mark.parametrize("kind", arrow_files.FILLERS)
def test_columns_behind_others_of_all_kinds_are_found(go, kind):
    dice = random.Random(kind)
    rows = 100
    field, other = arrow_files.filler(kind, rows, dice)
    wanted = chunk("int32", rows, dice, True)
    content = arrow_files.write([field, arrow_files.plain_field("wanted", "int32")], [[other, wanted.array()]])
    assert both(go, "colsum", {"column": "wanted"}, content).body.decode() == arrow_files.answer("int32", [wanted])
    assert both(go, "colsum", {"column": field.name}, content).status == 422


def test_damaged_files_are_refused_as_in_c(go):
    dice = random.Random(3)
    columns = {kind: (kind, [chunk(kind, 20, dice, True)]) for kind in ("int16", "float64")}
    content = arrow_files.write_columns(columns)
    for _ in range(150):
        spoilt = bytearray(content)
        at = dice.randrange(len(content))
        piece = dice.choice((b"\0", b"\xff", b"\x7f", b"\xff\xff\xff\xff", b"\0\0\0\x80", dice.randbytes(3)))
        spoilt[at : at + len(piece)] = piece
        both(go, "colsum", {"column": "float64"}, bytes(spoilt))
    for cut in range(0, len(content), 50):
        assert both(go, "colsum", {"column": "float64"}, content[:cut]).status == 422


def test_a_large_column_is_summed_in_place(go):
    values = arrow_files.array.array("q", range(8 * MIB))
    go.put("go/columns", arrow_files.write_columns({"a": ("int64", [arrow_files.Chunk(values)])}))
    answer = both(go, "colsum", {"object": "go/columns", "column": "a"})
    assert answer.body == b"%d\n" % sum(values) and answer.cost["copied"] == len(answer.body)


# ---- memory ------------------------------------------------------------------------------------------------------------------


def ask(server, way, body=b"", status=200, **query):
    answer = server.invoke("go-guest", {"way": way, **query}, body, WITH_COST)
    assert answer.status == status, answer
    return answer


def numbers(answer):
    return list(map(int, answer.body.split()))


def test_256_mib_are_read_in_place_and_the_heap_takes_nothing(go):
    size = 256 * MIB
    go.put("go/large", b"\1" + bytes(size - 1))
    answer = go.invoke("go-guest", {"way": "place", "object": "go/large"}, headers=WITH_COST)
    address, length, touched, before, after, heap_before, heap_after, copied = numbers(answer)
    assert (length, touched, copied) == (size, 1, 0)
    assert before <= address and address + length <= after, "the window lies behind what was there"
    assert after - before < size + 8 * MIB, "memory has grown by the window and by nothing else"
    assert 0 < heap_after == heap_before, "the heap has not grown"
    assert answer.cost["copied"] == len(answer.body)
    go.delete("go/large")


def test_allocating_after_mapping_256_mib_is_safe(go, tell):
    go.put("go/filled", b"\xa5" * (256 * MIB))
    answer = go.invoke("go-guest", {"way": "first", "mib": 48, "object": "go/filled"}, headers=WITH_COST)
    assert answer.status == 200, answer
    allocated, inside, dirty, spoilt, changed = numbers(answer)
    assert allocated == 48 * MIB
    assert (inside, dirty, spoilt, changed) == (0, 0, 0, 0)
    tell(f"{answer.cost}")
    go.delete("go/filled")


def test_allocating_and_mapping_in_turns_is_safe(go):
    kept, overlaps, is_whole, spoilt, heap = numbers(ask(go, "heap", random.Random(5).randbytes(MIB)))
    assert kept > 50 * MIB and heap > kept
    assert (overlaps, is_whole, spoilt) == (0, 1, 0)


def test_goroutines_allocate_beside_windows(go):
    assert numbers(ask(go, "beside", random.Random(6).randbytes(MIB))) == [8]


def test_without_the_counter_measure_windows_are_taken_for_heap(go, tmp_path):
    """What the SDK's internal package is for: the same guest without it."""
    shutil.copytree(SDK, tmp_path / "go")
    [source] = (tmp_path / "go").glob("internal/needs-*/brk.go")
    text = source.read_text()
    assert "now != before" in text
    source.write_text(text.replace("now != before", "now < before"))
    build_at(tmp_path / "out", tmp_path / "go" / "guest")
    go.deploy("go-unsettled", (tmp_path / "out" / "guest.wasm").read_bytes())
    go.put("go/filled", b"\xa5" * (64 * MIB))
    answer = go.invoke("go-unsettled", {"way": "first", "mib": 48, "object": "go/filled"})
    assert answer.status != 200 or numbers(answer)[1:] != [0, 0, 0, 0]
    go.delete("go/filled")


def test_a_build_without_the_linker_s_flag_says_which_one_is_missing(modules, tmp_path):
    environment = {**os.environ, "GOOS": "wasip1", "GOARCH": "wasm"}
    command = ["go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", tmp_path / "noop.wasm", "./examples/noop"]
    ended = subprocess.run(command, cwd=SDK, capture_output=True, text=True, env=environment)
    assert ended.returncode != 0 and "needs-ldflags-checklinkname-0: invalid reference to runtime.bloc" in ended.stderr


def test_writing_into_a_view_is_a_trap(go):
    assert ask(go, "write", b"\0" * MIB, 500).problem == "input-is-read-only"


# ---- around ------------------------------------------------------------------------------------------------------------------


def test_lines_are_whole_over_borders_of_windows(go):
    dice = random.Random(8)
    lines = [b"x" * dice.choice((0, 3, 500, dice.randint(1, 400_000))) for _ in range(1400)]
    lines[700] = b"y" * (40 * MIB)
    content = b"\n".join([*lines, b"end"])
    assert len(content) > 100 * MIB
    assert numbers(ask(go, "lines", content)) == [len(lines) + 1, len(content) - len(lines), 0]
    assert ask(go, "lines", b"x" * (66 * MIB), 413).body == b"the request body: this is more than the function may use\n"


@pytest.mark.parametrize("count", [0, 1, 1000, 6_000_000])
def test_records_come_one_after_the_other_and_a_part_of_one_does_not(go, count):
    content = b"".join(struct.pack("<III", number, 3 * number % 1000, 7) for number in range(count))
    assert numbers(ask(go, "records", content + b"rest.")) == [count, sum(3 * number % 1000 for number in range(count))]


def test_functions_are_called_and_spawned(go):
    content = drawn(MIB, 4)
    half = len(content) // 2
    expected = b"".join(go.invoke("wc", body=piece).body for piece in (content[:half], content[half:], content))
    assert ask(go, "calls", content).body == expected


def logs(server):
    return server.request("GET", "/v1/functions/go-guest/logs").body.decode()


def test_parts_logs_clocks_and_random_bytes(go):
    answer = ask(go, "parts", status=201)
    assert (answer.headers["X-Own"], answer.body) == ("go-guest", b"")
    assert "a line" in logs(go) and "8 bytes" in logs(go)


def test_codes_errors_and_panics_fail_the_invocation_and_the_log_says_why(go):
    assert ask(go, "code", status=500).problem == "function-failed"
    assert ask(go, "error", status=500).problem == "function-failed"
    assert ask(go, "panic", status=500).problem.startswith("function-")
    assert "it went wrong on purpose" in logs(go)
    assert "panic: on purpose" in logs(go) and "guest.go:" in logs(go)
    assert ask(go, "other", status=400).body == b"way: which one?\n"


def test_the_contract_is_that_of_the_header():
    """Constants with their values, functions with as many parameters."""
    text = (SDK / "internal" / "abi" / "abi.go").read_text()
    constants = {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).upper(): int(value) for name, value in re.findall(r"\b(\w+) += (-?\d+)$", text, re.M)}
    header = {f"E{name}": value for name, value in vars(Codes).items() if not name.startswith("_")}
    for prefix in ("PART", "MAP", "ENDING", "LOG", "CLOCK"):
        header |= {name: int(value) for name, value in re.findall(rf"INLAY_({prefix}_\w+) = (\d+)", HEADER)}
    assert constants == {**header, "VERSION": int(re.search(r"INLAY_ABI_VERSION (\d+)", HEADER)[1])}
    imports = (SDK / "internal" / "abi" / "imports_wasip1.go").read_text()
    declared = re.findall(r"go:wasmimport inlay (\w+)\n(?://go:noescape\n)?func \w+\((.*?)\) int32", imports)
    functions = re.findall(r"^INLAY_IMPORT\((\w+)\) int32_t inlay_\1\((.*?)\);", HEADER, re.M | re.S)
    assert sorted(name for name, _ in declared) == sorted(name for name, _ in functions)
    theirs = {name: len(parameters.split(",")) for name, parameters in functions}
    for name, parameters in declared:
        types = re.sub(r"(?:^|(?<=, ))\w+, (?=\w+ string)", lambda shared: shared[0].replace(",", " string,"), parameters).split(",")
        assert len(types) + sum(one.endswith(" string") for one in types) == theirs[name], name


# ---- the toolchain -----------------------------------------------------------------------------------------------------------


def go_test(directory, *arguments):
    """What `go test` prints, which must pass."""
    if not shutil.which("go"):
        pytest.skip("no go")
    ran = subprocess.run(["go", "test", "-json", *arguments], cwd=directory, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_native_tests_pass():
    passed = [event for event in go_test(SDK, "./...") if event["Action"] == "pass" and "Test" in event]
    assert len(passed) >= 40, passed


def test_sources_are_formatted_and_vetted(modules):
    assert subprocess.run(["gofmt", "-l", SDK], capture_output=True, text=True).stdout == ""
    for target in ({}, {"GOOS": "wasip1", "GOARCH": "wasm"}):
        ran = subprocess.run(["go", "vet", "./..."], cwd=SDK, capture_output=True, text=True, env={**os.environ, **target})
        assert ran.returncode == 0, ran.stderr


def test_the_function_of_the_readme_does_what_it_says(server, modules, tmp_path):
    """As a user begins: a module of its own, in an empty directory."""
    project = tmp_path / "long_lines"
    project.mkdir()
    for name, text in re.findall(r"`([\w.]+)`:\n\n```\w*\n(.*?)```", (SDK / "README.md").read_text(), re.S):
        (project / name).write_text(text.replace("../sdk/go", str(SDK)))
    assert go_test(project, ".")
    build_at(tmp_path / "out", project)
    server.deploy("go-long_lines", (tmp_path / "out" / "long_lines.wasm").read_bytes())
    assert server.invoke("go-long_lines", {"min": 4}, b"one\nfour\nfive\n").body == b"2\n"
    assert server.invoke("go-long_lines", {"min": "x"}, b"one").body == b"min=x: this value is not allowed\n"


def test_building_leaves_the_source_tree_as_it_is(modules):
    assert not [path for path in SDK.rglob("*") if path.suffix == ".wasm"]


@pytest.fixture
def bare_path(tmp_path):
    """A directory as PATH, in which there is what the script needs, and no Go."""
    path = tmp_path / "bin"
    path.mkdir()
    for tool in ("bash", "dirname", "mkdir"):
        (path / tool).symlink_to(shutil.which(tool))
    return path


@pytest.mark.parametrize("version", [None, "go1.23.12", "go1.9"])
def test_a_machine_without_a_toolchain_is_told_what_is_missing(tmp_path, bare_path, version):
    if version:
        (bare_path / "go").write_text(f"#!{shutil.which('bash')}\necho {version}\n")
        (bare_path / "go").chmod(0o755)
    command = [shutil.which("bash"), SDK / "build", tmp_path / "out"]
    ended = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(bare_path)})
    assert ended.returncode == NO_TOOLCHAIN, ended
    assert "There is no Go from 1.24 on" in ended.stderr and (version or "golang") in ended.stderr
