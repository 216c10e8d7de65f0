// The guest of the fuzz target of streams: it makes the calls that its query says, and logs the code of each.
#pragma once

#include <cstdint>
#include <string>

#include "run/trial.hpp"

namespace inlay::fuzz::stream {

constexpr uint32_t kOwn = 128, kList = 256, kBases = 512, kResults = 544, kScript = 4096;
constexpr uint32_t kOutputBytes = 20'000, kObjectBytes = 50'000;

enum Base : uint32_t { own, piece, output, object, start_of_memory, end_of_memory, count_ };
enum Call : uint8_t { receive, send, send_two, send_any_list, respond, status, unmap, end };

inline std::string guest() {
    using run::call, run::text_at, run::then, run::word_at;
    std::string before = run::all_imports() + text_at(64, "data/one") + text_at(kOwn, "mine");
    auto on = [](Call which, const std::string& what) {
        return "(if (i32.eq (local.get $call) (i32.const " + std::to_string(which) + ")) (then " + what + "))";
    };
    // A list of ranges anywhere is looked at by range_list: here it is empty, too long, or over the end of memory.
    std::string list = "(select (local.get $address) (i32.sub (i32.load (i32.const 532)) (i32.const 4)) "
        "(i32.or (i32.eqz (local.get $length)) (i32.gt_u (local.get $length) (i32.const 1024))))";
    auto gives = [](const std::string& code) { return "(local.set $code " + code + ")"; };
    return engine::guest(
        "(local $at i32) (local $limit i32) (local $call i32) (local $address i32) (local $length i32) (local $code i32) "
        "(local $to i32) (local $result i32)" +
            then("open", {64, 8, 32}) + then("map", {1, 0, kObjectBytes, 0, 16}) + "(i32.store (i32.const 524) " + word_at(16) + ")" +
            then("output", {kOutputBytes, 16}) + "(i32.store (i32.const 520) " + word_at(16) + ")" +
            "(memory.fill " + word_at(16) + " (i32.const 111) (i32.const " + std::to_string(kOutputBytes) + "))" + R"(
            (i32.store (i32.const 512) (i32.const 128))
            (local.set $to (i32.const 544))
            (local.set $at (i32.const 4096))
            (local.set $limit (i32.add (i32.const 4096) (call $request (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 4096) (i32.const 1024))))
            (block $done (loop $next
              (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 5)) (local.get $limit)))
              (i32.store (i32.const 532) (i32.mul (memory.size) (i32.const 65536)))
              (local.set $call (i32.and (i32.load8_u (local.get $at)) (i32.const 7)))
              (local.set $address (i32.add (i32.load16_s offset=1 (local.get $at))
                (i32.load offset=512 (i32.and (i32.shr_u (i32.load8_u (local.get $at)) (i32.const 1)) (i32.const 28)))))
              (local.set $length (i32.load16_u offset=3 (local.get $at)))
              (i32.store (i32.const 256) (local.get $address)) (i32.store (i32.const 260) (local.get $length))
              (i32.store (i32.const 264) (i32.const 128)) (i32.store (i32.const 268) (i32.const 4)))" +
            on(receive, gives(call("receive", {16})) +
                            "(if (i32.eqz (local.get $code)) (then (i32.store (i32.const 516) " + word_at(16) + ")))") +
            on(send, gives(call("send", {kList, 1}))) + on(send_two, gives(call("send", {kList, 2}))) +
            on(send_any_list, gives(call("send", {list, "(local.get $length)"}))) +
            on(respond, gives(call("respond", {kList, 1}))) + on(status, gives(call("status", {"(local.get $length)"}))) +
            on(unmap, gives(call("unmap", {word_at(516)}))) + on(end, "(local.set $result (local.get $length)) (br $done)") + R"(
              (i32.store (local.get $to) (local.get $code))
              (i32.store offset=4 (local.get $to) (i32.load (i32.const 516)))
              (i32.store offset=8 (local.get $to) (i32.load (i32.const 532)))
              (local.set $to (i32.add (local.get $to) (i32.const 12)))
              (local.set $at (i32.add (local.get $at) (i32.const 5)))
              (br $next))))" +
            call("log", {1, kBases, "(i32.sub (local.get $to) (i32.const 512))"}) + "drop (local.get $result)",
        before);
}

}  // namespace inlay::fuzz::stream
