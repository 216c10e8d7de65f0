"""The C and C++ SDKs: functions run natively in the stub host as they do in a server; windows are in place, and malloc keeps out of them."""

import array
import random
import re
import shutil
import subprocess

import pytest

from arrow_files import Chunk, write_columns
from docs_test import block
from guests import HEADER
from serving import ROOT

SDK = ROOT / "sdk" / "c"
INCLUDE = [f"-I{ROOT / path}" for path in ("abi", "sdk/c", "sdk/cpp", "sdk/c/native")]
NATIVE = ["-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *INCLUDE]
LANGUAGES = {".c": ("gcc", ["-std=c11"]), ".cpp": ("g++", ["-std=c++20", "-fno-exceptions", "-fno-rtti"])}
# Example -> its functions, in C and in C++.
WRITTEN = {name: (name, f"{name}_cpp") for name in ("noop", "echo", "wc", "sum")} | {name: (f"{name}_c", name) for name in ("upper", "grep")}
COST = {"Inlay-Cost": "?1"}
MIB = 1 << 20
NO_TOOLCHAIN = 3


def native(directory, *sources, compilers=None, flags=NATIVE):
    """Builds sources to one native program; gives its path."""
    objects = []
    for source in sources:
        compiler, options = (compilers or LANGUAGES)[source.suffix]
        if not shutil.which(compiler):
            pytest.skip(f"there is no {compiler}: apt install build-essential")
        objects.append(directory / f"{source.stem}.o")
        made = subprocess.run([compiler, *options, *flags, "-c", source, "-o", objects[-1]], capture_output=True, text=True)
        if "need SIMDe" in made.stderr:
            pytest.skip("there is no SIMDe: apt install libsimde-dev")
        assert made.returncode == 0, made.stderr
    program = directory / sources[0].stem
    subprocess.run(["g++", *flags, *objects, "-o", program], check=True)
    return program


@pytest.fixture(scope="session")
def runners(tmp_path_factory):
    """Example -> its native program, made when it is asked for."""
    directory, made = tmp_path_factory.mktemp("native"), {}

    def runner(name):
        if name not in made:
            source = next(path for path in (ROOT / "examples").glob(f"{name}.c*") if path.suffix in LANGUAGES)
            made[name] = native(directory, source, ROOT / "test" / "native" / "runner.c")
        return made[name]

    return runner


class Outcome:
    def __init__(self, printed):
        head, _, self.content = printed.partition(b"\n\n")
        lines = [line.split(" ", 1) for line in head.decode().splitlines()]
        self.numbers = {name: int(value) for name, value in lines if name not in ("field", "published")}
        self.type = next((value.split(": ")[1] for name, value in lines if name == "field" and value.startswith("Content-Type")), None)
        self.body = self.content[: self.numbers["body"]]
        self.published = self.content[self.numbers["body"] :]


@pytest.fixture
def both(server, runners, tmp_path):
    """both(name, query, content): the native outcome, after checking that the server answers the same, for the same cost."""

    def asked(name, query=None, content=b"", stored=False):
        server.deploy_example(name)
        (tmp_path / "content").write_bytes(content)
        arguments = [part for key, value in (query or {}).items() for part in ("param", key, str(value))]
        arguments += ["object", "native/input", tmp_path / "content"] if stored else ["body", tmp_path / "content"]
        arguments += ["param", "object", "native/input"] if stored else []
        arguments += ["header", "Content-Type", "text/x-own"]
        ended = subprocess.run([runners(name), *arguments], capture_output=True)
        assert ended.returncode == 0, ended.stderr.decode()[-3000:]
        outcome = Outcome(ended.stdout)
        if stored:
            server.put("native/input", content)
            query = {**(query or {}), "object": "native/input"}
        answer = server.invoke(name, query, None if stored else content, {"Content-Type": "text/x-own", **COST})
        told = (answer.status, answer.body, answer.headers.get("Content-Type"))
        assert (outcome.numbers["status"], outcome.body, outcome.type or "application/octet-stream") == told, (name, query)
        if stored:
            assert outcome.numbers["copied"] == answer.cost["copied"], (name, query)
        return outcome

    return asked


def drawn(size, seed):
    dice = random.Random(seed)
    table = bytes.maketrans(bytes(range(256)), bytes(dice.choices(b"abcdefgh IJKL \n\t\x80\xff~", k=256)))
    return dice.randbytes(size).translate(table)


@pytest.mark.parametrize("size", [0, 1, 15, 64, 4097, 16_384, 100_003, 3 * MIB + 1])
def test_examples_answer_natively_as_in_a_server(both, size):
    content = drawn(size, size)
    in_both = {"noop": [{}], "echo": [{}], "wc": [{}], "sum": [{}], "upper": [{}], "grep": [{"word": "ab"}, {"word": ""}, {"word": "needle"}]}
    asked = [(written, query) for name, queries in in_both.items() for written in WRITTEN[name] for query in queries]
    for name, query in (*asked, ("longest", {}), ("sample", {"n": 9, "seed": 4})):
        both(name, query, content)
        both(name, query, content, stored=True)


@pytest.mark.parametrize("name", ["colsum", "colsum_cpp"])
def test_colsum_answers_natively_as_in_a_server(both, name):
    dice = random.Random(6)
    chunks = [Chunk(array.array("d", [dice.uniform(-9, 9) for _ in range(rows)]), [dice.random() < 0.9 for _ in range(rows)])
              for rows in (9000, 0, 77)]  # fmt: skip
    content = write_columns({"x": ("float64", chunks), "y": ("float64", chunks)})
    for column in ("x", "y", "z"):
        both(name, {"column": column}, content, stored=True)
    both(name, {"column": "x"}, content[:-1])
    both(name, {}, content)


@pytest.mark.parametrize(
    "name, query",
    [("sum", {"offset": "x"}), ("sum", {"offset": 5}), ("sum", {"length": 5}), ("sum", {"offset": 1, "length": 2}), ("grep", {}),
     ("grep", {"word": "a\nb"}), ("grep", {"word": "x" * 1025}), ("upper", {"into": "bad"}), ("upper", {"into": "a/../b"}), ("wc", {"object": "a/absent"}),
     ("wc", {"object": "absent"}), ("colsum", {"column": "x" * 1025})],
)  # fmt: skip
def test_a_bad_question_is_answered_natively_as_in_a_server(both, name, query):
    for written in WRITTEN.get(name, (name,)):
        assert both(written, query, b"abc").numbers["status"] in (200, 400, 404)


@pytest.mark.parametrize("name", WRITTEN["upper"])
def test_what_is_published_natively_is_what_a_server_stores(both, server, name):
    outcome = both(name, {"into": "native/upper"}, b"letters " * 3000, stored=True)
    assert outcome.published == b"LETTERS " * 3000 == server.get("native/upper").body


@pytest.mark.parametrize("name", WRITTEN["wc"] + WRITTEN["upper"])
def test_streams_run_natively(runners, name, tmp_path):
    content = drawn(300_001, 3)
    (tmp_path / "content").write_bytes(content)
    ended = [subprocess.run([runners(name), "param", "stream", "1", *way], capture_output=True)
             for way in (["stream", tmp_path / "content", "70001"], ["body", tmp_path / "content"])]  # fmt: skip
    assert all(one.returncode == 0 for one in ended), ended
    outcomes = [Outcome(one.stdout) for one in ended]
    assert outcomes[0].body == outcomes[1].body and len(outcomes[0].body) > 10


# ---- the stub host ------------------------------------------------------------------------------------------------------------

COMPILERS = {"gcc": {".c": ("gcc", ["-std=c11"])}, "g++": {".c": ("g++", ["-x", "c++", "-std=c++20"])}}


@pytest.fixture(params=COMPILERS, scope="module")
def contract(request, tmp_path_factory):
    program = native(tmp_path_factory.mktemp("contract"), ROOT / "test" / "native" / "contract.c", compilers=COMPILERS[request.param])
    return lambda name: subprocess.run([program, name], capture_output=True, text=True)


@pytest.mark.parametrize("name", ["answers", "publish", "calls", "large", "private", "wrong", "behind"])
def test_the_stub_host_keeps_the_contract(contract, name):
    ended = contract(name)
    assert ended.returncode == 0, ended.stderr[-3000:]


def test_mistakes_end_where_they_are_made(contract):
    assert "SEGV" in contract("write").stderr and "writes_into_its_input" in contract("write").stderr
    assert "SEGV" in contract("unmapped").stderr and "reads_after_unmap" in contract("unmapped").stderr
    assert "use-after-poison" in contract("far").stderr and "reads_too_far" in contract("far").stderr


def test_the_stub_host_has_each_function_of_the_contract():
    declared = re.findall(r"INLAY_IMPORT\((\w+)\) int32_t inlay_\1\(([^)]*)\)", HEADER)
    text = (SDK / "inlay_testing_host.h").read_text() + (SDK / "inlay_testing_calls.h").read_text()
    defined = dict(re.findall(r"^int32_t inlay_(\w+)\(([^)]*)\) \{", text, re.M))
    assert len(declared) >= 24
    assert {name: parameters.count(",") for name, parameters in declared} == {name: text.count(",") for name, text in defined.items()}


@pytest.mark.parametrize("readme, suffix", [("sdk/c/README.md", ".c"), ("sdk/cpp/README.md", ".cpp")])
def test_the_readme_s_function_and_its_test_run(server, tmp_path, readme, suffix):
    """One test for both, which is in C: they are the same function."""
    (tmp_path / "bytes_test.c").write_text(block("sdk/c/README.md", "c", "int main"))
    source = tmp_path / f"bytes{suffix}"
    source.write_text(block(readme, suffix[1:], "Counts how often a byte"))
    program = native(tmp_path, tmp_path / "bytes_test.c", source)
    assert subprocess.run([program]).returncode == 0
    ended = subprocess.run([SDK / "build", tmp_path / "bytes.wasm", source], capture_output=True, text=True)
    if ended.returncode == NO_TOOLCHAIN:
        pytest.skip(ended.stderr.strip())
    server.deploy("c-readme", (tmp_path / "bytes.wasm").read_bytes())
    assert server.invoke("c-readme", {"byte": 97}, b"banana").body == b"3\n"
    assert server.invoke("c-readme", {"byte": "x"}, b"banana").body == b"byte=x: this value is not allowed\n"


def test_no_changed_file_leads_the_arrow_reader_outside(tmp_path, tell):
    from colsum_test import small_file

    program = native(tmp_path, ROOT / "test" / "native" / "arrow_mutations.c")
    (tmp_path / "file").write_bytes(small_file())
    ended = subprocess.run([program, tmp_path / "file", "x", "300000", "1"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert 1000 < int(ended.stdout) < 290_000, "some changes are seen, and some are not"
    tell(f"{ended.stdout.strip()} of 300,000 were read")


# ---- in place, and beside malloc ----------------------------------------------------------------------------------------------

PLACE = """
#include "inlay_sdk.h"
static uint64_t memory_bytes(void) { return (uint64_t)__builtin_wasm_memory_size(0) << 16; }
INLAY_FUNCTION {
    static uint64_t numbers[6];
    inlay_view view;
    inlay_cost_counts cost;
    numbers[0] = memory_bytes();
    int32_t code = inlay_input(&view);
    if (code < 0) return inlay_fail_parameter(code, "object");
    numbers[1] = memory_bytes();
    numbers[2] = (uint64_t)(uintptr_t)view.data;
    numbers[3] = view.size;
    for (uint32_t i = 0; i < view.size; i += 4096) numbers[4] += view.data[i];
    inlay_cost(&cost);
    numbers[5] = cost.copied;
    return inlay_respond_bytes("", numbers, sizeof numbers);
}
"""

PLACE_CPP = """
#include "inlay.hpp"
static uint64_t memory_bytes() { return uint64_t{__builtin_wasm_memory_size(0)} << 16; }
INLAY_ANSWER {
    static uint64_t numbers[6];
    inlay_cost_counts cost;
    numbers[0] = memory_bytes();
    INLAY_TRY(inlay::Window input, inlay::map_input());
    const inlay::Bytes bytes = input.bytes();
    numbers[1] = memory_bytes();
    numbers[2] = reinterpret_cast<uintptr_t>(bytes.data());
    numbers[3] = bytes.size();
    for (uint32_t i = 0; i < bytes.size(); i += 4096) numbers[4] += bytes[i];
    inlay_cost(&cost);
    numbers[5] = cost.copied;
    return inlay::Answer(inlay_respond_bytes("", numbers, sizeof numbers));
}
"""

# Windows of the body and blocks of malloc, by turns, the first window before or after the first block.
HEAP = """
#include <string.h>
{include}
#include <stdlib.h>
#include "inlay_sdk.h"
enum {{ WINDOWS = 40, BLOCKS = 400 }};
static inlay_view windows[WINDOWS];
static uint8_t* blocks[BLOCKS];
static uint32_t inside(const uint8_t* block, uint32_t size) {{
    for (int i = 0; i < WINDOWS; i++)
        if (windows[i].data && block < windows[i].data + windows[i].size && windows[i].data < block + size) return 1;
    return 0;
}}
INLAY_FUNCTION {{
    static int32_t numbers[3];
    inlay_source body;
    if (inlay_body(&body) < 0) return 1;
    for (int i = 0; i < BLOCKS; i++) {{
        uint32_t size = 100 + 977u * (uint32_t)i % 40000;
        if (i % 10 == 0 && inlay_map_view(&body, 0, INLAY_REST, 0, &windows[i / 10]) < 0) return 2;
        blocks[i] = malloc(size);
        if (!blocks[i]) return 3;
        numbers[0] += (int32_t)inside(blocks[i], size);
        if (!inside(blocks[i], size)) memset(blocks[i], i, size);
    }}
    for (int i = 0; i < BLOCKS; i++) numbers[1] += !inside(blocks[i], 1) && blocks[i][50] != (uint8_t)i;
    for (int i = 1; i < WINDOWS; i++) numbers[2] += memcmp(windows[i].data, windows[0].data, windows[0].size) != 0;
    return inlay_respond_bytes("", numbers, sizeof numbers);
}}
"""

# The same for windows that own what they map, and for `new`, which is malloc's.
HEAP_CPP = """
#include <string.h>
{include}
#include <stdlib.h>
#include "inlay.hpp"
void* operator new[](size_t size) {{ return malloc(size); }}
namespace {{
constexpr int kWindows = 40, kBlocks = 400;
inlay::Window windows[kWindows];
inlay::Span<uint8_t> blocks[kBlocks];
bool is_inside(inlay::Span<uint8_t> block) {{
    for (const inlay::Window& window : windows)
        if (!window.empty() && block.begin() < window.bytes().end() && window.bytes().begin() < block.end()) return true;
    return false;
}}
}}
INLAY_ANSWER {{
    static int32_t numbers[3];
    INLAY_TRY(inlay::Source body, inlay::Source::input());
    for (int i = 0; i < kBlocks; i++) {{
        const uint32_t size = 100 + 977u * static_cast<uint32_t>(i) % 40000;
        if (i % 10 == 0) {{
            INLAY_TRY(windows[i / 10], body.map());
        }}
        blocks[i] = inlay::Span<uint8_t>(new uint8_t[size], size);
        numbers[0] += is_inside(blocks[i]);
        if (!is_inside(blocks[i])) memset(blocks[i].data(), i, size);
    }}
    for (int i = 0; i < kBlocks; i++) numbers[1] += !is_inside(blocks[i]) && blocks[i][50] != static_cast<uint8_t>(i);
    for (const inlay::Window& window : windows)
        numbers[2] += memcmp(window.bytes().data(), windows[0].bytes().data(), windows[0].size()) != 0;
    return inlay::Answer(inlay_respond_bytes("", numbers, sizeof numbers));
}}
"""

PLACES = {".c": PLACE, ".cpp": PLACE_CPP}
HEAPS = {".c": HEAP, ".cpp": HEAP_CPP}


@pytest.fixture(params=LANGUAGES)
def language(request):
    """The suffix of a guest's source."""
    return request.param


@pytest.fixture
def guest(server, tmp_path, language):
    """guest(name, text, *options): builds a function by sdk/c/build, deploys it, and gives its name."""

    def made(name, text, *options):
        source = tmp_path / f"{name}{language}"
        source.write_text(text)
        ended = subprocess.run([SDK / "build", *options, tmp_path / "guest.wasm", source], capture_output=True, text=True)
        if ended.returncode == NO_TOOLCHAIN:
            pytest.skip(ended.stderr.strip())
        assert ended.returncode == 0, ended.stderr
        server.deploy(name, (tmp_path / "guest.wasm").read_bytes())
        return name

    return made


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("options", [[], ["--libc"]])
def test_256_mib_are_read_in_place(server, guest, language, stored, options):
    content = b"\1" + bytes(4095) + b"\2" + bytes(256 * MIB - 4097)
    if stored:
        server.put("native/huge", content)
    name = guest("c-place", PLACES[language], *options)
    answer = server.invoke(name, {"object": "native/huge"}, headers=COST) if stored else server.invoke(name, body=content, headers=COST)
    assert answer.status == 200, answer
    before, after, address, length, total, copied = array.array("Q", answer.body)
    assert (length, total) == (256 * MIB, 3)
    assert before <= address and address + length <= after, "the window lies behind what was there"
    assert after - before <= 256 * MIB + 4 * MIB, "memory has grown by the window and by nothing else"
    assert copied <= (0 if stored else 16 << 10) and answer.cost["copied"] == copied + len(answer.body)
    if stored:
        server.delete("native/huge")


def test_allocating_after_mapping_is_safe(server, guest, language, noise):
    body = noise(300_001, 2)
    name = guest("c-heap", HEAPS[language].format(include='#include "inlay_heap.h"'), "--libc")
    assert server.invoke(name, {}, body).numbers == [0, 0, 0]


def test_without_the_header_malloc_hands_out_windows(server, guest, language, noise):
    """What inlay_heap.h is for: malloc writes its own notes into the input, which is read-only."""
    answer = server.invoke(guest("c-heapless", HEAPS[language].format(include=""), "--libc"), {}, noise(300_001, 2))
    assert (answer.status, answer.problem) == (500, "input-is-read-only")


def test_the_build_says_what_is_missing(tmp_path):
    for name in ("bash", "dirname", "mktemp", "rm", "sed"):
        (tmp_path / name).symlink_to(shutil.which(name))
    (tmp_path / "a.c").write_text("")
    command = [shutil.which("bash"), SDK / "build", "a.wasm", "a.c"]
    ended = subprocess.run(command, env={"PATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == NO_TOOLCHAIN and "There is no clang" in ended.stderr and "--install" in ended.stderr
