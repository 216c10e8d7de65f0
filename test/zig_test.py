"""Zig over the C headers: the example answers what the one in C does, in place, and Zig's allocator leaves windows alone."""

import shutil
import subprocess

import pytest

from serving import ROOT

SDK = ROOT / "sdk" / "zig"
OUT = ROOT / "build" / "sdk" / "zig"
COST = {"Inlay-Cost": "?1"}
MIB = 1 << 20
NO_TOOLCHAIN = 3

HEAP = """
const std = @import("std");
const inlay = @import("inlay");
var windows: [40]inlay.inlay_view = undefined;
var blocks: [400][]u8 = undefined;
fn isInside(block: []u8, count: usize) bool {
    for (windows[0..count]) |window| {
        const begin = @intFromPtr(window.data);
        if (@intFromPtr(block.ptr) < begin + window.size and begin < @intFromPtr(block.ptr) + block.len) return true;
    }
    return false;
}
export fn inlay_handle() i32 {
    var body: inlay.inlay_source = undefined;
    var inside: u64 = 0;
    if (inlay.inlay_body(&body) < 0) return 1;
    for (&blocks, 0..) |*block, i| {
        if (i % 10 == 0 and inlay.inlay_map_view(&body, 0, body.size, 0, &windows[i / 10]) < 0) return 2;
        block.* = std.heap.wasm_allocator.alloc(u8, 100 + 977 * i % 40000) catch return 3;
        if (isInside(block.*, i / 10 + 1)) inside += 1 else @memset(block.*, @truncate(i));
    }
    for (blocks, 0..) |block, i| inside += @intFromBool(block[50] != @as(u8, @truncate(i)));
    return inlay.inlay_respond_u64(inside);
}
"""

PLACE = """
const inlay = @import("inlay");
export fn inlay_handle() i32 {
    var input: inlay.inlay_source = undefined;
    var window: inlay.inlay_view = undefined;
    if (inlay.inlay_input_source(&input) < 0) return 1;
    const before = @wasmMemorySize(0);
    if (inlay.inlay_map_view(&input, 0, input.size, 0, &window) < 0) return 2;
    var touched: u64 = 0;
    var at: usize = 0;
    while (at < window.size) : (at += 4096) touched += window.data[at];
    if (touched != 1 or window.size != input.size or @intFromPtr(window.data) < before * 65536) return 3;
    return inlay.inlay_respond_u64((@wasmMemorySize(0) - before) * 65536);
}
"""


def build(out, *sources):
    ended = subprocess.run([SDK / "build", out, *sources], capture_output=True, text=True)
    if ended.returncode == NO_TOOLCHAIN:
        pytest.skip(ended.stderr.strip())
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def deployed(shared_server):
    build(OUT, SDK / "sum.zig")
    shared_server.deploy("zig-sum", (OUT / "sum.wasm").read_bytes())
    shared_server.deploy_example("sum")
    return shared_server


@pytest.mark.parametrize("size", [0, 7, 8, 63, 64, 65, 16_383, 16_384, 100_003, 3 * MIB + 5, 70 * MIB])
def test_sum_answers_what_that_in_c_does(deployed, server, noise, size):
    server.put("zig/input", noise(size, size))
    answers = [server.invoke(name, {"object": "zig/input"}, headers=COST) for name in ("sum", "zig-sum")]
    assert answers[0].body == answers[1].body and answers[0].cost["copied"] == answers[1].cost["copied"]
    assert server.invoke("zig-sum", body=noise(size, size)).body == answers[0].body
    told = server.invoke("zig-sum", {"object": "zig/absent"})
    assert (told.status, told.body) == (404, b"object=zig/absent: there is no such object\n")


def test_256_mib_are_read_in_place(deployed, server, noise):
    server.put("zig/huge", noise(MIB, 1) * 256)
    answers = [server.invoke(name, {"object": "zig/huge"}, headers=COST) for name in ("sum", "zig-sum")]
    assert answers[0].body == answers[1].body and answers[1].cost["copied"] == len(answers[1].body)
    assert answers[1].cost["mapped"] >= 256 * MIB
    server.delete("zig/huge")


def test_memory_grows_by_the_window_and_by_nothing_else(deployed, server, tmp_path):
    (tmp_path / "place.zig").write_text(PLACE)
    build(tmp_path, tmp_path / "place.zig")
    server.deploy("zig-place", (tmp_path / "place.wasm").read_bytes())
    server.put("zig/sparse", b"\1" + bytes(256 * MIB - 1))
    answer = server.invoke("zig-place", {"object": "zig/sparse"}, headers=COST)
    assert 256 * MIB <= int(answer.body) < (256 + 8) * MIB, answer
    assert answer.cost["copied"] == len(answer.body)
    server.delete("zig/sparse")


def test_allocating_after_mapping_is_safe(deployed, server, noise, tmp_path):
    (tmp_path / "heap.zig").write_text(HEAP)
    build(tmp_path, tmp_path / "heap.zig")
    server.deploy("zig-heap", (tmp_path / "heap.wasm").read_bytes())
    assert server.invoke("zig-heap", body=noise(300_001, 2)).body == b"0\n"


def test_a_build_without_zig_says_how_to_get_it(tmp_path):
    for name in ("bash", "dirname", "mkdir", "cat"):
        (tmp_path / name).symlink_to(shutil.which(name))
    ended = subprocess.run([shutil.which("bash"), SDK / "build", tmp_path, "a.zig"], capture_output=True, text=True,
                           env={"PATH": str(tmp_path), "HOME": str(tmp_path)})  # fmt: skip
    assert ended.returncode == NO_TOOLCHAIN and "--install" in ended.stderr
