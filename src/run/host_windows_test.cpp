// Sources and windows: what a guest maps lies where it is told, costs what it should, and ends as abi/inlay.h says.
#include <gtest/gtest.h>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kName = 1024, kOut = 16;
constexpr uint32_t kBeyond = 65536;
const std::string kOne = text_at(kName, "data/one");
const std::string kOpenOne = then("open", {kName, 8, 32});
const std::string kMapOne = kOpenOne + then("map", {1, 0, 50'000, 0, kOut});
constexpr uint64_t kNoRoomFor = uint64_t{5} << 30;

// Responds with the `length` bytes at `offset` in the window whose range lies at kOut.
std::string respond_window(uint32_t offset, uint32_t length) {
    return "(i32.store (i32.const 64) " + in_window(kOut, offset) + ")(i32.store (i32.const 68) (i32.const " +
           std::to_string(length) + "))" + then("respond", {64, 1});
}

struct CodeCase {
    const char* claim;
    std::string call;
    int32_t code;
};

TEST(HostWindows, EveryErrorHasItsCode) {
    const CodeCase cases[] = {
        {"body: out beyond memory", call("body", {kBeyond - 15}), INLAY_E_POINTER},
        {"open: absent", call("open", {kName + 16, 8, kOut}), INLAY_E_ABSENT},
        {"open: no key", call("open", {kName, 4, kOut}), INLAY_E_NAME},
        {"open: empty", call("open", {kName, 0, kOut}), INLAY_E_NAME},
        {"open: name beyond memory", call("open", {kBeyond - 4, 8, kOut}), INLAY_E_POINTER},
        {"open: out beyond memory", call("open", {kName, 8, kBeyond - 15}), INLAY_E_POINTER},
        {"map: unknown flag", kOpenOne + call("map", {1, 0, 1, 4, kOut}), INLAY_E_ARGUMENT},
        {"map: out beyond memory", kOpenOne + call("map", {1, 0, 1, 0, kBeyond - 7}), INLAY_E_POINTER},
        {"map: no such source", call("map", {1, 0, 1, 0, kOut}), INLAY_E_ABSENT},
        {"map: offset beyond", kOpenOne + call("map", {1, 50'001, 0, 0, kOut}), INLAY_E_RANGE},
        {"map: length beyond", kOpenOne + call("map", {1, 1, 50'000, 0, kOut}), INLAY_E_RANGE},
        {"map: wrapping length", kOpenOne + call("map", {1, 1, -1, 0, kOut}), INLAY_E_RANGE},
        {"map: wrapping offset", kOpenOne + call("map", {1, -1, 1, 0, kOut}), INLAY_E_RANGE},
        {"map: beyond 4 GiB", then("open", {kName + 8, 8, 32}) + call("map", {1, 0, kNoRoomFor, 0, kOut}), INLAY_E_NO_ROOM},
        {"map: no address space is left",
         then("open", {kName + 8, 8, 32}) + then("map", {1, 0, uint64_t{3} << 30, 0, kOut}) +
             call("map", {1, 0, uint64_t{3} << 30, 0, kOut}),
         INLAY_E_NO_ROOM},
        {"map: ends early", then("open", {kName + 24, 8, 32}) + call("map", {1, 0, 1000, 0, kOut}), INLAY_E_IO},
        {"move: nothing there", call("move", {4096, 0, 1, kOut}), INLAY_E_ABSENT},
        {"move: out beyond memory", call("move", {4096, 0, 1, kBeyond - 7}), INLAY_E_POINTER},
        {"move: an output", then("output", {4096, kOut}) + call("move", {word_at(kOut), 0, 1, kOut}), INLAY_E_ABSENT},
        {"move: inside of a window", kMapOne + call("move", {in_window(kOut, 1), 0, 1, kOut}), INLAY_E_ABSENT},
        {"move: length beyond", kMapOne + call("move", {word_at(kOut), 1, 50'000, kOut}), INLAY_E_RANGE},
        {"move: wrapping", kMapOne + call("move", {word_at(kOut), -1, 1, kOut}), INLAY_E_RANGE},
        {"move: stays after RANGE", kMapOne + then("move", {word_at(kOut), 1, 50'000, kOut}) + call("unmap", {word_at(kOut)}), 0},
        {"move: no address space is left",
         then("open", {kName + 8, 8, 32}) + then("map", {1, 0, 1 << 20, 0, kOut}) + call("move", {word_at(kOut), 0, kNoRoomFor - 1, kOut}),
         INLAY_E_NO_ROOM},
        {"move: is gone after NO_ROOM",
         then("open", {kName + 8, 8, 32}) + then("map", {1, 0, 1 << 20, 0, kOut}) + then("move", {word_at(kOut), 0, kNoRoomFor - 1, kOut}) +
             call("unmap", {word_at(kOut)}),
         INLAY_E_ABSENT},
        {"move: to nothing", kMapOne + call("move", {word_at(kOut), 50'000, 0, kOut}), 0},
        {"move: to nothing is an unmap", kMapOne + then("move", {word_at(kOut), 0, 0, 64}) + call("unmap", {word_at(kOut)}), INLAY_E_ABSENT},
        {"prefetch: no such source", call("prefetch", {1, 0, 1}), INLAY_E_ABSENT},
        {"prefetch: beyond", kOpenOne + call("prefetch", {1, 1, 50'000}), INLAY_E_RANGE},
        {"prefetch: all", kOpenOne + call("prefetch", {1, 0, 50'000}), 0},
        {"prefetch: far more than is read", then("open", {kName + 8, 8, 32}) + call("prefetch", {1, 0, kNoRoomFor}), 0},
        {"prefetch: an empty body", call("prefetch", {0, 0, 0}), 0},
        {"output: nothing", call("output", {0, kOut}), INLAY_E_ARGUMENT},
        {"output: out beyond memory", call("output", {1, kBeyond - 7}), INLAY_E_POINTER},
        {"output: too much", call("output", {kOutputBytesMax + 1, kOut}), INLAY_E_LIMIT},
        {"output: far too much", call("output", {-1, kOut}), INLAY_E_LIMIT},
        {"output: too much together", then("output", {kOutputBytesMax, kOut}) + call("output", {1, kOut}), INLAY_E_LIMIT},
        {"output: no address space is left",
         then("open", {kName + 8, 8, 32}) + then("map", {1, 0, uint64_t{3} << 30, 0, kOut}) + call("output", {1 << 30, kOut}),
         INLAY_E_NO_ROOM},
        {"unmap: nothing there", call("unmap", {4096}), INLAY_E_ABSENT},
        {"unmap: inside of a window", then("output", {4096, kOut}) + call("unmap", {in_window(kOut, 1)}), INLAY_E_ABSENT},
        {"unmap: twice", then("output", {4096, kOut}) + then("unmap", {word_at(kOut)}) + call("unmap", {word_at(kOut)}),
         INLAY_E_ABSENT},
    };
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    trial.add_sparse_object("data/big", kNoRoomFor);
    trial.add_file("data/cut", os::create_memfd("trial-object", 10).value(), 1000);
    for (const auto& row : cases)
        EXPECT_EQ(trial.code(row.call, text_at(kName, "data/onedata/bigdata/nixdata/cut")), row.code) << row.claim;
}

TEST(HostWindows, AFailedLookUpIsAFailureAndNotAnAbsence) {
    Trial trial;
    trial.finder_error = {Errc::draining, "the supervisor is gone"};
    EXPECT_EQ(trial.code(call("open", {kName, 8, kOut}), kOne), INLAY_E_IO);
    trial.finder_error = {Errc::object_changed, "a linked file that is being written is as good as gone"};
    EXPECT_EQ(trial.code(call("open", {kName, 8, kOut}), kOne), INLAY_E_ABSENT);
}

TEST(HostWindows, SourcesAreBounded) {
    Trial trial;
    trial.add_object("data/one", "x");
    // Opens until it is refused; gives how many were opened, or the code if it is another one.
    std::string body = "(local $n i32) (local $code i32) (loop $l (local.set $code " + call("open", {kName, 8, 32}) +
                       ") (if (i32.eqz (local.get $code)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))))"
                       "(if (result i32) (i32.eq (local.get $code) (i32.const -6)) (then (local.get $n)) (else (local.get $code)))";
    EXPECT_EQ(trial.code(body, kOne), static_cast<int32_t>(kSourcesMax) - 1) << "the body is one of them";
}

TEST(HostWindows, TheBodyIsDescribedWhereverItLies) {
    Trial none, few, many;
    few.request.body = Body{"hello", {}, 5, 0};
    many.set_body(std::string(100'000, 'x'));
    std::string size = "(drop (call $body (i32.const 16)))(i32.load offset=8 (i32.const 16))";
    EXPECT_EQ(none.code(size), 0);
    EXPECT_EQ(few.code(size), 5);
    EXPECT_EQ(many.code(size), 100'000);
    EXPECT_EQ(few.code(call("body", {kOut})), 0);
    EXPECT_EQ(few.code(then("body", {kOut}) + "(i32.or (i32.load (i32.const 16)) (i32.load (i32.const 20)))"), 0) << "id, reserved";
}

TEST(HostWindows, AnObjectIsDescribed) {
    Trial trial;
    trial.add_sparse_object("data/one", kNoRoomFor);
    trial.add_object("data/two", "");
    EXPECT_EQ(trial.code(kOpenOne + word_at(32), kOne), 1);
    EXPECT_EQ(trial.code(kOpenOne + word_at(36), kOne), 0);
    EXPECT_EQ(trial.code(kOpenOne + word_at(44), kOne), 1) << "the upper half of 5 GiB";
    EXPECT_EQ(trial.code(kOpenOne + then("open", {2048, 8, 32}) + word_at(32), kOne + text_at(2048, "data/two")), 2);
}

TEST(HostWindows, AMappedPieceHoldsItsBytesAtTheAlignmentOfItsOffset) {
    std::string content(100'000, '.');
    for (size_t i = 0; i < content.size(); i++) content[i] = static_cast<char>('a' + i * 7 % 26);
    Trial trial;
    trial.add_object("data/one", content);
    // Below the threshold they are copied, from it on mapped.
    for (uint64_t offset : {0, 1, 4095, 4096, 70'001})
        for (uint64_t length : {uint64_t{1}, uint64_t{100}, uint64_t{kMapThresholdBytes - 1}, uint64_t{kMapThresholdBytes}, uint64_t{29'999}}) {
            std::string map = kOpenOne + then("map", {1, offset, length, 0, kOut});
            EXPECT_EQ(trial.response_of(map + respond_window(0, static_cast<uint32_t>(length)), kOne), content.substr(offset, length))
                << offset << ' ' << length;
            EXPECT_EQ(trial.code(map + word_at(kOut + 4), kOne), static_cast<int32_t>(length));
            EXPECT_EQ(trial.code(map + "(i32.and " + word_at(kOut) + " (i32.const 4095))", kOne), static_cast<int32_t>(offset % 4096))
                << offset << ' ' << length;
        }
}

TEST(HostWindows, ASmallBodyIsCopiedOnceItIsMapped) {
    Trial trial;
    trial.request.body = Body{"hello world", {}, 11, 0};
    auto outcome = trial.run(then("body", {32}) + call("map", {0, 6, 5, 0, kOut}));
    EXPECT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(outcome.cost.copied.small, 5u);
    EXPECT_EQ(outcome.cost.mapped_bytes, 0u);
    EXPECT_EQ(trial.response_of(then("map", {0, 6, 5, 0, kOut}) + respond_window(0, 5)), "world") << "no call of body is needed";
}

TEST(HostWindows, NothingOfTheNeighbourhoodShowsBesideACopiedPiece) {
    Trial trial;
    trial.add_object("data/one", "secret" "public" "secret");
    std::string page = trial.response_of(kOpenOne + then("map", {1, 6, 6, 0, kOut}) + respond_window(0, 100), kOne);
    EXPECT_EQ(page, "public" + std::string(94, '\0'));
}

TEST(HostWindows, AnEmptyPieceHasNoAddress) {
    Trial trial;
    trial.add_object("data/one", "x");
    std::string filled = "(i64.store (i32.const 16) (i64.const -1))";
    EXPECT_EQ(trial.code(kOpenOne + filled + then("map", {1, 1, 0, 0, kOut}) + "(i32.or (i32.load (i32.const 16)) (i32.load (i32.const 20)))", kOne), 0);
    EXPECT_EQ(trial.code(kOpenOne + call("map", {0, 0, 0, 0, kOut}), kOne), 0) << "of an empty body";
}

TEST(HostWindows, RandomAccessIsAnAllowedFlag) {
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    EXPECT_EQ(trial.code(kOpenOne + call("map", {1, 0, 50'000, INLAY_MAP_RANDOM, kOut}), kOne), 0);
    EXPECT_EQ(trial.code(kOpenOne + call("map", {1, 0, 5, INLAY_MAP_RANDOM, kOut}), kOne), 0);
}

TEST(HostWindows, AnOutputWindowIsZeroAndItsOwn) {
    Trial trial;
    EXPECT_EQ(trial.response_of(then("output", {5000, kOut}) + "(i32.store8 " + in_window(kOut, 4999) + " (i32.const 33))" +
                                respond_window(0, 5000)),
              std::string(4999, '\0') + "!");
    auto cost = trial.run(then("output", {5000, kOut}) + "(i32.const 0)").cost;
    EXPECT_EQ(cost.mapped_bytes, 5000u);
    EXPECT_EQ(cost.copied.total(), 0u);
}

TEST(HostWindows, WindowsAreBoundedAndDoNotCountAsTheGuestsOwnMemory) {
    Trial trial;
    trial.limits.memory_bytes = 64 * KiB;
    trial.add_object("data/one", std::string(100'000, 'x'));
    for (uint32_t length : {10, 20'000}) {
        std::string count = "(local $n i32) (local $code i32)" + kOpenOne + "(loop $l (local.set $code " + call("map", {1, 0, length, 0, kOut}) +
                            ") (if (i32.eqz (local.get $code)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))))"
                            "(if (result i32) (i32.eq (local.get $code) (i32.const -6)) (then (local.get $n)) (else (local.get $code)))";
        EXPECT_EQ(trial.code(count, kOne), static_cast<int32_t>(kWindowsMax)) << length;
    }
}

TEST(HostWindows, AnUnmappedWindowsMemoryIsUsedAgain) {
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    std::string map = then("map", {1, 0, 50'000, 0, kOut}), unmap = then("unmap", {word_at(kOut)});
    std::string size = "(memory.size)";
    int32_t once = trial.code(kOpenOne + map + size, kOne);
    EXPECT_EQ(trial.code(kOpenOne + map + unmap + map + unmap + map + size, kOne), once);
    EXPECT_GT(trial.code(kOpenOne + map + map + size, kOne), once);
}

}  // namespace
}  // namespace inlay::run
