// The supervisor's end of a worker: messages come in, answers go out in their turn, and nothing after its end.
#include "control/worker_life.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/process.hpp"

namespace inlay::control {
namespace {

class WorkerLifeTest : public testing::Test {
  protected:
    WorkerLifeTest() {
        life_->listen([this](const auto& life, os::Message& message) { lookup(life, message); },
                      [this](const auto&, os::Message& message) { calls_.emplace_back(message.bytes); });
    }
    ~WorkerLifeTest() override {
        life_->end();
        run();
    }
    void run() {
        loop_.restart();
        loop_.run_for(std::chrono::milliseconds(50));
    }
    void lookup(const std::shared_ptr<WorkerLife>& life, os::Message& message) {
        lookups_.emplace_back(message.bytes);
        if (message.bytes == "end") return life->end();
        std::vector<int> fds;
        for (const auto& fd : message.fds) fds.push_back(fd.get());
        life->answer_lookup("answer to " + std::string(message.bytes), fds);
    }
    // The next message of the worker's end; "(none)" when there is none.
    static std::string next(const os::Channel& channel, std::vector<os::Fd>* fds = nullptr) {
        os::Message message;
        if (!channel.wait_readable(0).value()) return "(none)";
        auto received = channel.receive(message).value();
        if (fds) *fds = std::move(message.fds);
        return received == os::Transfer::done ? std::string(message.bytes) : "(closed)";
    }

    using Pair = std::pair<os::Channel, os::Channel>;
    boost::asio::io_context loop_;
    Pair lookup_pair_ = os::Channel::create_pair().value(), control_pair_ = os::Channel::create_pair().value();
    os::Channel &lookups_end_ = lookup_pair_.second, &control_end_ = control_pair_.second;
    std::shared_ptr<WorkerLife> life_ = std::make_shared<WorkerLife>(loop_, std::move(lookup_pair_.first), std::move(control_pair_.first));
    std::vector<std::string> lookups_, calls_;
};

using Texts = std::vector<std::string>;

TEST_F(WorkerLifeTest, MessagesOfBothChannelsArrive) {
    ASSERT_TRUE(lookups_end_.send("a", {}).ok() && lookups_end_.send("b", {}).ok() && control_end_.send("c", {}).ok());
    run();
    EXPECT_EQ(lookups_, (Texts{"a", "b"}));
    EXPECT_EQ(calls_, Texts{"c"});
    ASSERT_TRUE(control_end_.send("d", {}).ok());
    run();
    EXPECT_EQ(calls_, (Texts{"c", "d"})) << "and those that come later";
}

TEST_F(WorkerLifeTest, LookUpsAreAnsweredAtOnceWithTheirDescriptors) {
    auto file = os::create_memfd_of("worker-life-test", "x").value();
    ASSERT_TRUE(lookups_end_.send("a", {file.get()}).ok());
    run();
    std::vector<os::Fd> fds;
    EXPECT_EQ(next(lookups_end_, &fds), "answer to a");
    ASSERT_EQ(fds.size(), 1u);
    EXPECT_EQ(os::read_from_start(fds[0].get(), 1).value(), "x");
}

TEST_F(WorkerLifeTest, CallsAreAnsweredInOrderAlsoWhenTheWorkerIsSlow) {
    std::string large(100'000, 'x');
    auto file = os::create_memfd_of("worker-life-test", "last").value();
    for (int i = 0; i < 50; i++) life_->answer_call(std::to_string(i) + large);
    life_->answer_call("with a file", std::move(file));
    for (int i = 0; i < 50; i++) {
        auto text = next(control_end_);
        if (text == "(none)") run(), text = next(control_end_);
        ASSERT_EQ(text.substr(0, text.find('x')), std::to_string(i));
    }
    run();
    std::vector<os::Fd> fds;
    EXPECT_EQ(next(control_end_, &fds), "with a file");
    ASSERT_EQ(fds.size(), 1u);
    EXPECT_EQ(os::read_from_start(fds[0].get(), 4).value(), "last");
}

TEST_F(WorkerLifeTest, AWorkerThatDoesNotTakeItsLookUpsAnswersKeepsNobody) {
    for (int i = 0; i < 100; i++) life_->answer_lookup(std::string(100'000, 'x'), {});
    ASSERT_TRUE(control_end_.send("c", {}).ok());
    run();
    EXPECT_EQ(calls_, Texts{"c"});
}

TEST_F(WorkerLifeTest, AWorkerThatNeverStopsSendingWaitsForItsTurn) {
    for (unsigned i = 0; i < kMessagesAtOnce + 5; i++) ASSERT_TRUE(lookups_end_.send("a", {}).ok());
    loop_.run_one();
    EXPECT_EQ(lookups_.size(), kMessagesAtOnce);
    run();
    EXPECT_EQ(lookups_.size(), kMessagesAtOnce + 5);
}

TEST_F(WorkerLifeTest, AWorkerThatNeverTakesItsAnswersIsEnded) {
    pid_t worker = ::fork();
    if (worker == 0) ::alarm(20), ::pause(), ::_exit(0);
    life_->pid = worker;
    const std::string kilobyte(1000, 'x');
    for (size_t i = 0; i < kControlCallsMax; i++) life_->answer_call(kilobyte);
    EXPECT_EQ(::kill(worker, 0), 0) << "so many may wait";
    for (size_t i = 0; i < kControlCallsMax; i++) life_->answer_call(kilobyte);  // The channel itself holds fewer.
    EXPECT_EQ(os::wait_for(worker)->text(), "signal 9 (Killed)");
}

TEST_F(WorkerLifeTest, AfterItsEndNothingComesAndNothingGoes) {
    ASSERT_TRUE(lookups_end_.send("end", {}).ok() && lookups_end_.send("later", {}).ok());
    run();
    EXPECT_EQ(lookups_, Texts{"end"}) << "ended in the middle of a batch";
    ASSERT_TRUE(control_end_.send("c", {}).ok());
    life_->answer_call("x");
    life_->answer_lookup("x", {});
    run();
    EXPECT_EQ(calls_, Texts{});
    EXPECT_EQ(next(control_end_), "(none)");
    EXPECT_EQ(next(lookups_end_), "(none)");
}

TEST_F(WorkerLifeTest, AWorkerThatIsGoneIsNoTrouble) {
    { os::Channel gone(std::move(lookups_end_)), also_gone(std::move(control_end_)); }
    run();
    life_->answer_lookup("x", {});
    life_->answer_call("x");
    run();
    EXPECT_EQ(lookups_, Texts{});
}

TEST_F(WorkerLifeTest, AMessageThatIsWaitedForDoesNotOutliveTheLife) {
    std::weak_ptr<WorkerLife> watched = life_;
    life_->end();
    run();
    life_ = std::make_shared<WorkerLife>(loop_, os::Channel::create_pair().value().first, os::Channel::create_pair().value().first);
    EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace inlay::control
