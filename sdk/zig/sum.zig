//! Sums the little-endian 64-bit words of its input modulo 2^64: the object named by `object`, or else the request body. It answers as
//! examples/sum.c does, but that it takes the whole input.
const std = @import("std");
const inlay = @import("inlay");

/// Words need not be aligned: they lie as they do in the input.
fn sumWords(bytes: []const u8) u64 {
    const words = std.mem.bytesAsSlice(u64, bytes[0 .. bytes.len - bytes.len % 8]);
    var sums: @Vector(8, u64) = @splat(0);
    var at: usize = 0;
    while (words.len - at >= 8) : (at += 8) {
        sums +%= words[at..][0..8].*;
    }
    var sum = @reduce(.Add, sums);
    for (words[at..]) |word| sum +%= word;
    return sum;
}

export fn inlay_handle() i32 {
    var source: inlay.inlay_source = undefined;
    var windows: inlay.inlay_windows = undefined;
    var view: inlay.inlay_view = undefined;
    var sum: u64 = 0;
    var code = inlay.inlay_input_source(&source);
    if (code >= 0) code = inlay.inlay_records_begin(&windows, &source, 0, std.math.maxInt(u64), 8);
    while (code >= 0) {
        code = inlay.inlay_windows_next(&windows, &view);
        if (code <= 0) break;
        sum +%= sumWords(view.data[0..view.size]);
    }
    if (code < 0) return inlay.inlay_fail_parameter(code, "object");
    return inlay.inlay_respond_u64(sum);
}
