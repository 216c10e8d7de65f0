"""tools/tidy: the repository passes it, and each of its rules fires on a small bad tree."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def load_tidy():
    loader = importlib.machinery.SourceFileLoader("tidy", str(ROOT / "tools/tidy"))
    loader.set_data = lambda *_: None  # Leaves no compiled file in tools/.
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    loader.exec_module(module)
    return module


tidy = load_tidy()

HEADER = "// One duty.\n#pragma once\n"


@pytest.fixture
def found(tmp_path):
    """Writes a tree and returns what tidy finds in it, as "path:line rule"."""

    def check(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [f"{finding.path}:{finding.line} {finding.rule}" for finding in tidy.check(tmp_path)]

    return check


def test_the_repository_is_tidy_and_checked_in_under_two_seconds():
    begun = time.monotonic()
    result = subprocess.run([ROOT / "tools/tidy"], capture_output=True, text=True)
    assert result.stdout == "" and result.returncode == 0, result.stdout
    assert time.monotonic() - begun < 2


def test_findings_are_printed_with_their_remedy_and_make_exit_code_one(tmp_path):
    (tmp_path / "src/base").mkdir(parents=True)
    (tmp_path / "src/base/util.hpp").write_text(HEADER)
    result = subprocess.run([ROOT / "tools/tidy", tmp_path], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout == 'src/base/util.hpp:1: file-name: "util" says nothing: name the duty\n'


def test_a_good_tree_has_no_findings(found):
    assert found({
        "src/os/fd.hpp": HEADER + '#include <fcntl.h>\n#include "base/errc.hpp"\n#include "os/memfd.hpp"\n',
        "src/run/a.cpp": '#include "store/catalog.hpp"\n#include "engine/engine.hpp"\n',
        "src/run/a_test.cpp": "#include <boost/beast.hpp>\n",
        "abi/inlay.h": '#include "any/thing.h"\n',
    }) == []


def test_includes_go_downwards_only(found):
    assert found({"src/os/a.hpp": HEADER + '#include "run/b.hpp"\n#include "base/c.hpp"\n'}) == ["src/os/a.hpp:3 layer"]


@pytest.mark.parametrize("one, other", [("store", "engine"), ("engine", "store")])
def test_store_and_engine_never_see_each_other(found, one, other):
    assert found({f"src/{one}/a.hpp": HEADER + f'#include "{other}/b.hpp"\n'}) == [f"src/{one}/a.hpp:3 layer"]


@pytest.mark.parametrize("header, home", [
    ("wasmtime.h", "engine"), ("wasmtime/store.h", "engine"), ("wasm.h", "engine"), ("sqlite3.h", "store"),
    ("boost/asio.hpp", "serve"), ("boost/asio.hpp", "control"), ("boost/asio.hpp", "app"),
    ("sys/mman.h", "os"), ("sys/socket.h", "os"), ("sys/syscall.h", "os"), ("fcntl.h", "os"),
])
def test_headers_of_others_stay_behind_their_fence(found, header, home):
    include = HEADER + f"#include <{header}>\n"
    assert found({f"src/{home}/a.hpp": include}) == []
    assert found({"src/run/b.hpp": include}) == ["src/run/b.hpp:3 fence"]


def test_tests_may_use_boost_but_no_raw_system_calls(found):
    text = "#include <boost/beast.hpp>\n#include <sys/mman.h>\n"
    assert found({"src/run/a_test.cpp": text}) == ["src/run/a_test.cpp:2 fence"]


def test_an_exception_to_a_fence_names_file_and_header(found, monkeypatch):
    monkeypatch.setitem(tidy.FENCE_EXCEPTIONS, ("src/run/a.hpp", "fcntl.h"), "for this test")
    text = HEADER + "#include <fcntl.h>\n#include <sys/mman.h>\n"
    assert found({"src/run/a.hpp": text}) == ["src/run/a.hpp:4 fence"]


def test_exceptions_that_lost_their_file_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(tidy, "UNTESTED", {"src/run/gone*": "for this test"})
    monkeypatch.setattr(tidy, "FENCE_EXCEPTIONS", {("src/run/gone.hpp", "fcntl.h"): "for this test"})
    monkeypatch.setattr(tidy, "NOT_ON_DISK", {"src/run/gone.cpp": "for this test"})
    assert [finding.rule for finding in tidy.stale_exceptions(tmp_path)] == ["stale-exception"] * 3


def test_files_end_at_400_lines(found):
    assert found({"src/run/a.hpp": HEADER + "\n" * 398}) == []
    assert found({"src/run/a.hpp": HEADER + "\n" * 399}) == ["src/run/a.hpp:401 file-size"]


def function_of(lines, head="int f(int a) const noexcept {"):
    return "\n".join([head, *["    a();"] * (lines - 2), "}"]) + "\n"


@pytest.mark.parametrize("head", [
    "int f(int a) const noexcept {",
    "Engine::Engine(int a) : a_(a) {",
    'auto text(const char* at = "{;") -> int {',
    "TEST(Suite, Claims) {",
])
def test_functions_end_at_70_lines(found, head):
    before = "namespace inlay {\nclass A {\n"
    assert found({"src/run/a.hpp": HEADER + before + function_of(70, head) + "};\n}\n"}) == []
    assert found({"src/run/a.hpp": HEADER + before + function_of(71, head) + "};\n}\n"}) == ["src/run/a.hpp:5 function-size"]


def test_long_classes_tables_and_texts_are_no_functions(found):
    table = "constexpr int kTable[] = {\n" + "    {1},\n" * 80 + "};\n"
    members = "class A {\n" + "    void f();\n" * 80 + "};\n"
    text = 'constexpr auto kText = R"(' + "void f() {\n" * 80 + ')";\n'
    separators = "constexpr int kCount = 1'000'000;\n"
    assert found({"src/run/a.hpp": HEADER + "namespace {\n" + separators + table + members + text + "}\n"}) == []


@pytest.mark.parametrize("word", ["manager", "helper", "util", "utils", "common", "misc"])
def test_names_of_files_and_directories_say_a_duty(found, word):
    assert found({f"src/run/pool_{word}.hpp": HEADER}) == [f"src/run/pool_{word}.hpp:1 file-name"]
    assert f"src/{word}/a.hpp:1 file-name" in found({f"src/{word}/a.hpp": HEADER})


def test_each_source_has_a_test_beside_it_or_a_reason(found, monkeypatch):
    assert found({"src/run/a.cpp": ""}) == ["src/run/a.cpp:1 test-beside"]
    assert found({"src/run/a_test.cpp": ""}) == []
    monkeypatch.setitem(tidy.UNTESTED, "src/run/joins*", "for this test")
    assert found({"src/run/joins_all.cpp": ""}) == []


@pytest.mark.parametrize("text", ["#pragma once\n// One duty.\n", "#pragma once\n", "/* One duty. */\n#pragma once\n", "// One duty.\nint a;\n"])
def test_headers_begin_with_a_sentence_and_then_pragma_once(found, text):
    assert {finding.split()[1] for finding in found({"src/run/a.hpp": text})} == {"header-start"}


def test_nothing_is_left_to_do(found):
    for mark in tidy.BANNED_MARKS:
        assert found({"docs/a.md": f"first\nsecond {mark}: more\n"}) == ["docs/a.md:2 mark"]


def test_no_path_of_one_machine(found):
    for path in tidy.MACHINE_PATHS:
        assert found({"tools/a": f"cd {path}main\n"}) == ["tools/a:1 machine-path"]
    assert found({"tools/a": "src/frame" + tidy.MACHINE_PATHS[0] + "\n"}) == []


@pytest.mark.parametrize("call", ["std::memcpy(a, b, c);", "memmove(a, b, c);", "std::copy(a, b, c);", "std::copy_n(a, b, c);"])
def test_each_copy_on_the_data_path_is_confessed(found, call):
    for layer in ("run", "serve", "engine", "store"):
        path = f"src/{layer}/a.hpp"
        assert found({path: HEADER + call + "\n"}) == [f"{path}:3 copy"]
        assert found({path: HEADER + call + "  // COPY: small.\n"}) == []
        assert found({path: HEADER + "// COPY: small.\n" + call + "\n"}) == []
    assert found({"src/os/a.hpp": HEADER + call + "\n"}) == []


def test_comments_about_memcpy_are_no_copies(found):
    assert found({"src/run/a.hpp": HEADER + "// Cheaper than memcpy(a, b, c) here.\n"}) == []


@pytest.mark.parametrize("call", ["::fsync(fd);", "::renameat(a, b, c, d);", "::pwrite(fd, at, 1, 0);", "::openat(d, n, O_WRONLY | O_CREAT);",
                                  "std::filesystem::remove_all(path);", "std::ofstream(path) << 1;"])
def test_what_changes_the_disk_passes_its_door(found, call):
    assert found({"src/store/a.hpp": HEADER + call + "\n"}) == ["src/store/a.hpp:3 door"]
    assert found({"src/store/a.hpp": HEADER + "pass_disk_door(change, [&] { return " + call + " });\n"}) == []
    assert found({"src/store/a.hpp": "// For tests: one.\n#pragma once\n" + call + "\n"}) == []
    assert found({"src/app/a.hpp": HEADER + call + "\n", "src/os/socket.cpp": call + "\n", "src/os/socket_test.cpp": ""}) == []


def test_calls_of_our_own_names_pass_the_door_below(found):
    assert found({"src/store/a.hpp": HEADER + "os::unlink(directory, name);  // As ::unlink(name).\nunix.xSync(file);\n"}) == []


def test_each_limit_is_documented_where_there_is_a_document(found):
    table = HEADER + "inline constexpr size_t kOne = 1;\ninline constexpr uint64_t kTwo = 2;\n"
    assert found({"src/base/limits.hpp": table}) == []
    assert found({"docs/limits.md": "| kOne | 1 |\n"}) == ["src/base/limits.hpp:4 limits"]
