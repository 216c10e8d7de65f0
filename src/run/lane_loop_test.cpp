// A lane, seen from its worker's end of the channel.
//
// Its engine is the only one of its process: spawn_self() starts this test program as "lane FD", which a stand-in for
// `inlay lane` catches before any test runs.
#include "run/lane_loop.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/clock.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/process.hpp"
#include "registry/compiled_file.hpp"
#include "registry/messages.hpp"
#include "run/lane_messages.hpp"
#include "run/stream.hpp"
#include "run/trial.hpp"

namespace inlay::run {
namespace {

const NumberOf kNoPages = [](int) -> uint64_t { return 0; };
constexpr uint32_t kName = 1024, kOut = 16;
const std::string kNames = text_at(kName, "data/one");

const bool not_a_child = [] {
    std::ifstream file("/proc/self/cmdline");
    std::vector<std::string> arguments;
    for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
    if (arguments.size() == 3 && arguments[1] == "lane")
        ::_exit(serve_lane(os::Channel(os::Fd(std::stoi(arguments[2]))), [] { return Result<>(); }).ok() ? 0 : 1);
    return true;
}();

class LaneLoop : public testing::Test {
  protected:
    LaneLoop() { EXPECT_TRUE(not_a_child); }
    ~LaneLoop() override {
        if (pid_ > 0) os::send_signal(pid_, SIGKILL), (void)os::wait_for(pid_);
    }

    // Starts a lane for a guest and loads it, without checks.
    void begin(const std::string& body, const std::string& before = "") {
        auto compiler = engine::Engine::create_for_compiler(host_functions(), engine::Checks::none).value();
        std::string code = engine::compile(*compiler, engine::bytes_of(engine::guest(body, all_imports() + before)), kMemoryBytesDefault).value();
        load(registry::compiled_file_head(code) + code);
    }
    void load(const std::string& compiled) {
        os::ChildPlan plan;
        plan.arguments = {"lane", std::to_string(pair_.second.fd())};
        plan.inherited = {pair_.second.fd()};
        pid_ = os::spawn_self(plan).value();
        pair_.second.release();
        store::FunctionRecord record;
        record.name = "trial";
        record.limits.memory_bytes = kMemoryBytesDefault;
        record.limits.timeout_ms = 1000;
        auto message = lane_message(LaneMessage::load);
        registry::write(message, record);
        auto file = os::create_memfd_of("lane-test", compiled).value();
        send(std::move(message.number(static_cast<uint64_t>(engine::Checks::none))), {file.get()});
    }
    void send(WireWriter message, const std::vector<int>& fds = {}) { ASSERT_EQ(pair_.first.send(message.take(), fds).value(), os::Transfer::done); }
    void run(uint64_t within_ms = 10'000) {
        Terms terms{.id = 1, .deadline_ns = monotonic_ns() + within_ms * 1'000'000};
        auto message = lane_message(LaneMessage::run);
        write(message, terms);
        write(message.number(0), Request{}, kNoPages);
        send(std::move(message));
    }
    void run_stream(std::string_view bytes) {
        auto file = os::create_memfd_of("lane-test", std::string(bytes) + std::string(kStreamRingBytes - bytes.size(), '\0')).value();
        int fd = file.get();
        given_ = {std::make_shared<const os::Pages>(std::move(file), kStreamRingBytes, os::Pages::Home::memory)};
        Terms terms{.id = 1, .deadline_ns = monotonic_ns() + 1'000'000'000};
        auto message = lane_message(LaneMessage::run);
        write(message, terms);
        struct Ring final : Stream {  // Only that there is one is told.
            const std::shared_ptr<const os::Pages>& ring() const override { return pages; }
            std::optional<Result<RingPiece>> receive() override { return std::nullopt; }
            std::optional<Result<>> send(const Response&) override { return std::nullopt; }
            std::shared_ptr<const os::Pages> pages;
        } ring;
        Request request;
        request.stream = &ring;
        write(message.number(1).number(kStreamRingBytes), request, kNoPages);
        send(std::move(message), {fd});
    }
    void tell(uint64_t offset, uint64_t length) {
        send(std::move(lane_message(LaneMessage::piece).number(0).number(offset).number(length)));
    }
    // The next message behind `ready`, of which only the kind is read; nullopt: the lane has ended.
    std::optional<LaneMessage> next() {
        auto kind = next_of_all();
        return kind == LaneMessage::ready ? next_of_all() : kind;
    }
    std::optional<LaneMessage> next_of_all() {
        if (pair_.first.receive(message_).value() != os::Transfer::done) return std::nullopt;
        reader_.emplace(message_.bytes);
        return static_cast<LaneMessage>(reader_->number());
    }
    // The outcome, which is the next message, or what its parts make together.
    Outcome outcome() {
        std::string bytes;
        for (;;) {
            auto kind = next();
            INLAY_CHECK(kind == LaneMessage::outcome || kind == LaneMessage::outcome_part);
            bytes += reader_->bytes();
            if (kind == LaneMessage::outcome) break;
        }
        WireReader reader(bytes);
        Outcome outcome;
        mapped_.resize(reader.number());
        for (auto& one : mapped_) one.first = reader.number(), one.second = reader.number();
        read(reader, outcome, [this](uint64_t number) { return number <= given_.size() ? given_[number - 1] : nullptr; });
        INLAY_CHECK(reader.finished());
        return outcome;
    }
    void give(os::Fd file, uint64_t size) {
        int fd = file.get();
        given_.push_back(std::make_shared<const os::Pages>(std::move(file), size, os::Pages::Home::memory));
        send(std::move(lane_message(LaneMessage::answer).number(0).number(size)), {fd});
    }

    std::pair<os::Channel, os::Channel> pair_ = os::Channel::create_pair().value();
    pid_t pid_ = 0;
    os::Message message_;
    std::optional<WireReader> reader_;
    std::vector<std::pair<uint64_t, uint64_t>> mapped_;  // Of the latest outcome: an object's number, bytes.
    std::vector<std::shared_ptr<const os::Pages>> given_;
};

TEST_F(LaneLoop, SaysOnceThatItIsReadyBeforeItRunsAnything) {
    begin("(i32.const 0)");
    EXPECT_EQ(next_of_all(), LaneMessage::ready);
    for (int i = 0; i < 2; i++) {
        run();
        EXPECT_EQ(next_of_all(), LaneMessage::outcome);
    }
}

TEST_F(LaneLoop, RunsOneInvocationAfterTheOtherEachFresh) {
    begin("(i32.load (i32.const 4096)) (i32.store (i32.const 4096) (i32.const 1))");
    for (int i = 0; i < 3; i++) {
        run();
        EXPECT_TRUE(std::holds_alternative<Completed>(outcome().how));
    }
    pair_.first.release();
    EXPECT_EQ(os::wait_for(std::exchange(pid_, 0))->text(), "exit code 0") << "it ends with its worker";
}

TEST_F(LaneLoop, AsksForObjectsAndAnswersWithTheirRange) {
    begin(then("open", {kName, 8, 32}) + then("map", {1, 4096, 20'000, 0, kOut}) + call("respond", {kOut, 1}), kNames);
    run();
    ASSERT_EQ(next(), LaneMessage::open);
    EXPECT_EQ(reader_->bytes(), "data");
    EXPECT_EQ(reader_->bytes(), "one");
    auto object = os::create_memfd_of("lane-test", std::string(50'000, 'o')).value();
    int object_fd = object.get();
    give(std::move(object), 50'000);
    auto ended = outcome();
    auto& content = std::get<Completed>(ended.how).response.content;
    ASSERT_EQ(content.size(), 1u);
    EXPECT_EQ(content[0].pages->fd(), object_fd);
    EXPECT_EQ(content[0].offset, 4096u);
    EXPECT_EQ(content[0].length, 20'000u);
    EXPECT_EQ(ended.cost.mapped_bytes, 20'000u);
    EXPECT_EQ(mapped_, (std::vector<std::pair<uint64_t, uint64_t>>{{1, 20'000}})) << "what keeps its pages worth it";
    EXPECT_EQ(ended.cost.copied.total(), 0u);
}

TEST_F(LaneLoop, TellsTheGuestThatAnObjectIsAbsent) {
    begin(call("open", {kName, 8, 32}), kNames);
    run();
    ASSERT_EQ(next(), LaneMessage::open);
    send(std::move(lane_message(LaneMessage::answer).number(1).number(static_cast<uint64_t>(Errc::object_not_found)).bytes("absent")));
    EXPECT_EQ(std::get<Failed>(outcome().how).code, INLAY_E_ABSENT);
}

TEST_F(LaneLoop, WritesItsOutputIntoPagesThatTheWorkerGave) {
    begin(then("output", {5000, kOut}) + "(memory.fill " + word_at(kOut) + " (i32.const 120) (i32.const 5000))" + call("respond", {kOut, 1}));
    run();
    ASSERT_EQ(next(), LaneMessage::output);
    EXPECT_EQ(reader_->number(), 8192u);
    auto pages = os::create_memfd("lane-test", 8192).value();
    auto written = os::duplicate(pages.get());
    give(std::move(pages), 8192);
    auto ended = outcome();
    EXPECT_EQ(content_of(std::get<Completed>(ended.how).response), std::string(5000, 'x'));
    EXPECT_FALSE(os::write_all_at(written.get(), "y", 0).ok()) << "sealed";
}

TEST_F(LaneLoop, SendsLogLinesAsTheyCome) {
    begin(then("log", {INLAY_LOG_WARN, kName, 8}) + "unreachable", kNames);
    run();
    ASSERT_EQ(next(), LaneMessage::log);
    EXPECT_EQ(reader_->number(), static_cast<uint64_t>(INLAY_LOG_WARN));
    EXPECT_EQ(reader_->bytes(), "data/one");
    auto ended = outcome();
    EXPECT_EQ(std::get<Trapped>(ended.how).error.code, Errc::function_trapped);
    EXPECT_EQ(ended.log.lines.size(), 1u) << "the engine's account of the trap";
}

TEST_F(LaneLoop, SendsALongOutcomeInParts) {
    constexpr uint32_t kRanges = 100;
    std::string fill;
    for (uint32_t i = 0; i < kRanges; i++) fill += "(i32.store (i32.const " + std::to_string(8196 + 8 * i) + ") (i32.const 4000))";
    begin(fill + call("respond", {8192, kRanges}));
    run();
    auto ended = outcome();
    EXPECT_EQ(std::get<Completed>(ended.how).response.content_bytes(), 4000u * kRanges);
    EXPECT_EQ(ended.cost.copied.heap, 4000u * kRanges);
}

TEST_F(LaneLoop, EndsByItsOwnAlarmWhenNobodyElseIsLeft) {
    begin("(loop $l (br $l)) (i32.const 0)");
    run(1);
    uint64_t begin_ns = monotonic_ns();
    EXPECT_EQ(os::wait_for(std::exchange(pid_, 0))->text(), "signal 14 (Alarm clock)");
    EXPECT_LT(monotonic_ns() - begin_ns, 6'000'000'000u);
}

TEST_F(LaneLoop, AStreamsPiecesComeUnaskedAndItsPartsGoInTheNumbersOfWhatItHas) {
    begin("(loop $again " + then("receive", {kOut}) + "(if (i32.load (i32.const 20)) (then " + then("send", {kOut, 1}) + "(br $again)))) " +
          call("receive", {kOut}));
    run_stream("first, second");
    tell(0, 5);
    tell(7, 6);
    for (auto [offset, length] : {std::pair(0u, 5u), std::pair(7u, 6u)}) {
        ASSERT_EQ(next(), LaneMessage::receive);
        ASSERT_EQ(next(), LaneMessage::send);
        Response part;
        ASSERT_TRUE(read(*reader_, part, [this](uint64_t number) { return number == 1 ? given_[0] : nullptr; }));
        ASSERT_EQ(part.content.size(), 1u);
        EXPECT_EQ(part.content[0].offset, offset);
        EXPECT_EQ(part.content[0].length, length);
        if (offset > 0) tell(0, 0);  // Comes before the answer: the lane keeps it.
        send(std::move(lane_message(LaneMessage::answer).number(0)));
    }
    ASSERT_EQ(next(), LaneMessage::receive) << "once for the end, however often the guest asks";
    auto ended = outcome();
    EXPECT_TRUE(std::holds_alternative<Completed>(ended.how));
    EXPECT_EQ(ended.cost.mapped_bytes, 11u);
    EXPECT_EQ(ended.cost.copied.total(), 0u);
    tell(0, 1);
    run();
    EXPECT_TRUE(std::holds_alternative<Completed>(outcome().how)) << "a piece that nobody asked for is in nobody's way";
}

TEST_F(LaneLoop, AStreamThatBrokeGivesItsGuestIoForEver) {
    begin("(i32.mul " + call("receive", {kOut}) + call("receive", {kOut}) + ")");
    run_stream("");
    ASSERT_EQ(next(), LaneMessage::receive);
    send(std::move(lane_message(LaneMessage::piece).number(1).number(static_cast<uint64_t>(Errc::bad_request)).bytes("gone")));
    EXPECT_EQ(std::get<Failed>(outcome().how).code, INLAY_E_IO * INLAY_E_IO);
}

TEST_F(LaneLoop, TheAlarmBeginsAgainWithEachPieceAndRestsWhileTheGuestWaits) {
    begin(then("receive", {kOut}) + "(loop $l (br $l)) (i32.const 0)");
    run_stream("x");
    ASSERT_EQ(next(), LaneMessage::receive);
    ::usleep(3'500'000);  // Past the deadline of the run and its grace.
    uint64_t begin_ns = monotonic_ns();
    tell(0, 1);
    EXPECT_EQ(os::wait_for(std::exchange(pid_, 0))->text(), "signal 14 (Alarm clock)");
    EXPECT_GT(monotonic_ns() - begin_ns, 2'500'000'000u);
}

TEST_F(LaneLoop, DamagedMessagesAndCodeEndIt) {
    load("no compiled code");
    EXPECT_EQ(next(), std::nullopt);
    EXPECT_EQ(os::wait_for(std::exchange(pid_, 0))->text(), "exit code 1");
}

TEST_F(LaneLoop, AnotherMessageThanARunEndsIt) {
    begin("(i32.const 0)");
    send(lane_message(LaneMessage::answer));
    EXPECT_EQ(next(), std::nullopt);
    EXPECT_EQ(os::wait_for(std::exchange(pid_, 0))->text(), "exit code 1");
}

}  // namespace
}  // namespace inlay::run
