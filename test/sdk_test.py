"""What the SDKs offer beyond what the examples show, in guests of a few lines each."""

import struct
import subprocess

import pytest

from docs_test import CLANG, LINKER, ROOT

FLAGS = ["--target=wasm32-unknown-unknown", "-O2", "-nostdlibinc", "-ffreestanding", "-mbulk-memory", "-Wall", "-Wextra", "-Werror",
         "-std=c++20", "-fno-exceptions", "-fno-rtti", f"-I{ROOT}/abi", f"-I{ROOT}/sdk/c", f"-I{ROOT}/sdk/cpp"]  # fmt: skip


@pytest.fixture
def build(tmp_path):
    """build(body) -> a module whose INLAY_ANSWER is that body, with `source` open."""
    if not CLANG or not LINKER:
        pytest.skip("no clang-14 and wasm-ld-14: tools/setup installs them")

    def made(body, before=""):
        text, object_file, module = (tmp_path / f"guest.{suffix}" for suffix in ("cpp", "o", "wasm"))
        opened = "INLAY_TRY(inlay::Source source, inlay::Source::input());"
        text.write_text(f'#include "inlay_windows.hpp"\n{before}\nINLAY_ANSWER {{ {opened}\n{body} }}\n')
        subprocess.run([CLANG, *FLAGS, "-c", text, "-o", object_file], check=True)
        subprocess.run([LINKER, "--no-entry", "--stack-first", object_file, "-o", module], check=True)
        return module.read_bytes()

    return made


@pytest.fixture
def run(server, build):
    def ran(body, content, before="", query=""):
        server.deploy("sdk", build(body, before))
        return server.request("POST", f"/f/sdk?{query}", content)

    return ran


PAIR = "struct Pair { uint32_t key; uint32_t value; uint32_t third; };"


@pytest.mark.parametrize("count", [0, 1, 1000, 6_000_000])
@pytest.mark.parametrize("rest", [0, 5])
def test_records_come_one_after_the_other_and_a_part_of_one_does_not(run, count, rest):
    """Six million of 12 bytes are more than a window, whose border cuts one."""
    records = b"".join(struct.pack("<III", number, 3 * number % 1000, 7) for number in range(count))
    body = """uint64_t sum = 0; uint32_t next = 0;
              inlay::Records<Pair> records(source);
              for (const Pair* pair : records) { if (pair->key != next++ || pair->third != 7) return inlay::Answer(3); sum += pair->value; }
              if (records.error().code < 0) return records.error();
              return inlay::Answer(inlay_respond_u64(sum));"""
    answer = run(body, records + b"r" * rest, PAIR)
    assert int(answer.body) == sum(3 * number % 1000 for number in range(count))


def test_windows_that_are_left_early_are_unmapped(run):
    body = """{ inlay::Windows windows(source); for (inlay::Bytes bytes : windows) if (bytes.size() > 0) break; }
              { inlay::Lines lines(source); for (inlay::Text line : lines) if (line.size() > 0) break; }
              { inlay::Records<uint64_t> records(source); for (const uint64_t* record : records) if (*record != 0) break; }
              inlay_cost_counts cost; inlay_cost(&cost);
              return inlay::Answer(inlay_respond_u64(cost.windows));"""
    assert int(run(body, b"text\n" * 100_000).body) == 0


def test_a_piece_outside_of_the_source_is_an_error_of_each(run):
    for kind in ("Windows", "Lines", "Records<uint32_t>"):
        body = f"inlay::{kind} all(source, 11); for (auto one : all) (void)one; return all.error();"
        assert run(body, b"0123456789").status == 400, kind


def test_a_line_may_be_of_any_length_up_to_what_a_window_holds(run):
    lines = [b"x" * (40 << 20), b"", b"y" * ((62 << 20) - 1), b"z"]
    body = """uint64_t count = 0, bytes = 0; inlay::Lines lines(source);
              for (inlay::Text line : lines) { count++; bytes += line.size(); }
              if (lines.error().code < 0) return lines.error();
              return inlay::Answer(inlay_respond_u64(bytes * 10 + count));"""
    assert int(run(body, b"\n".join(lines)).body) == sum(map(len, lines)) * 10 + len(lines)
    assert run(body, b"\n".join([b"x", b"y" * (66 << 20), b"z"])).status == 413


def test_a_private_window_is_written_by_pointers(run):
    content = b"lower" * 10_000
    body = """INLAY_TRY(inlay::PrivateWindow own, source.map_private(5));
              for (uint8_t& byte : own.bytes()) byte = byte - 32;
              return inlay::respond("text/plain", static_cast<inlay::PrivateWindow&&>(own));"""
    assert run(body, content).body == content[5:].upper()
