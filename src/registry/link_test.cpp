// The link: answers find their questions, and without a supervisor everything ends with "draining".
#include "registry/link.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "registry/fake_supervisor.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::registry {
namespace {

using Question = FakeSupervisor::Question;

std::string object_answer(uint64_t id, const std::string& key) {
    auto writer = answer(id);
    write(writer, store::example_object("data", key, "v"));
    return writer.number(0).take();
}

// Finds "data/one", knows nothing of "absent", and fails on everything else.
void answer_lookup(const os::Channel& channel, const Question& question) {
    auto file = os::create_memfd_of("link-test", "content").value();
    std::string key = question.call == Call::find_object ? question.second : question.name;
    if (key == "one") {
        auto writer = answer(question.id);
        if (question.call == Call::find_object)
            write(writer, store::example_object(question.name, key, "v")), writer.number(1);
        else
            write(writer, store::example_function(key, "v")), writer.number(kFunctionsMax - 1);
        (void)channel.send(writer.take(), {file.get()});
    } else if (key == "absent") {
        bool object = question.call == Call::find_object;
        (void)channel.send(answer(question.id, {object ? Errc::object_not_found : Errc::function_not_found, "absent"}), {});
    } else if (key == "no file") {
        (void)channel.send(object_answer(question.id, key), {});
    } else if (key == "cut") {
        (void)channel.send(object_answer(question.id, key).substr(0, 40), {file.get()});
    } else if (key == "late") {
        // The answers to questions that nobody waits for any more come first.
        (void)channel.send(object_answer(question.id + 1000, "wrong"), {file.get()});
        (void)channel.send(answer(question.id + 1001, {Errc::io_error, "wrong"}), {});
        (void)channel.send(object_answer(question.id, key), {file.get()});
    } else if (key != "silence") {
        (void)channel.send(answer(question.id, {Errc::io_error, "the disk is on fire"}), {});
    }
}

class LinkTest : public testing::Test {
  protected:
    // Makes one call; its end goes to `ends_`.
    void call(const std::string& fields = "", const std::vector<int>& fds = {}) {
        link_->call(Call::deploy, fields, fds, [this](Result<Answer> result) {
            ends_.push_back(result.ok() ? std::string(result->fields) : std::string(traits(result.error().code).name));
        });
    }
    // Answers the next call that came with these fields.
    void answer_next(const std::string& fields) {
        auto message = supervisor_.next_call();
        (void)supervisor_.control().send(answer(WireReader(message.bytes).number()).take() + fields, {});
    }

    FakeSupervisor supervisor_{answer_lookup};
    std::optional<SupervisorLink> link_{std::in_place, supervisor_.lookups_of_worker(), supervisor_.control_of_worker()};
    std::vector<std::string> ends_;
};

using Ends = std::vector<std::string>;

TEST_F(LinkTest, LookUpsFindWhatIsThere) {
    auto object = link_->find_object({"data", "one"});
    ASSERT_TRUE(object.ok() && object->has_value());
    EXPECT_EQ((*object)->record, store::example_object("data", "one", "v"));
    EXPECT_EQ(os::read_from_start((*object)->file.get(), 7).value(), "content");
    EXPECT_EQ((*object)->home, os::Pages::Home::memory);
    auto function = link_->find_function("one");
    ASSERT_TRUE(function.ok() && function->has_value());
    EXPECT_EQ((*function)->record, store::example_function("one", "v"));
    EXPECT_EQ((*function)->account, kFunctionsMax - 1);
    EXPECT_TRUE((*function)->compiled);
}

TEST_F(LinkTest, WhatIsAbsentIsNoError) {
    auto object = link_->find_object({"data", "absent"});
    ASSERT_TRUE(object.ok());
    EXPECT_FALSE(object->has_value());
    auto function = link_->find_function("absent");
    ASSERT_TRUE(function.ok());
    EXPECT_FALSE(function->has_value());
}

TEST_F(LinkTest, FailuresOfALookUpAreErrors) {
    auto failed = link_->find_object({"data", "other"});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error(), (Error{Errc::io_error, "the disk is on fire"}));
    EXPECT_EQ(link_->find_object({"data", "no file"}).error().code, Errc::internal);
    EXPECT_EQ(link_->find_object({"data", "cut"}).error().code, Errc::internal);
    EXPECT_TRUE(link_->find_object({"data", "one"}).ok()) << "it goes on";
    EXPECT_FALSE(link_->supervisor_is_gone());
}

TEST_F(LinkTest, AnswersToOtherQuestionsAreSkipped) {
    auto object = link_->find_object({"data", "late"});
    ASSERT_TRUE(object.ok() && object->has_value());
    EXPECT_EQ((*object)->record.name.key, "late");
}

TEST_F(LinkTest, ALookUpWithoutAnAnswerEndsInTime) {
    auto silence = link_->find_object({"data", "silence"});
    ASSERT_FALSE(silence.ok());
    EXPECT_EQ(silence.error().code, Errc::overloaded);
    EXPECT_TRUE(link_->find_object({"data", "one"}).value().has_value());
}

TEST_F(LinkTest, CallsAreAnsweredInAnyOrder) {
    call("first"), call("second");
    auto first = supervisor_.next_call(), second = supervisor_.next_call();
    auto id_of = [](const os::Message& message) { return WireReader(message.bytes).number(); };
    EXPECT_TRUE(second.bytes.ends_with("second"));
    (void)supervisor_.control().send(answer(id_of(second)).take() + "to second", {});
    (void)supervisor_.control().send(answer(id_of(first), {Errc::no_space, "full"}), {});
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(ends_, (Ends{"to second", "no-space"}));
}

TEST_F(LinkTest, DescriptorsCrossWithACallAndItsAnswer) {
    auto file = os::create_memfd_of("link-test", "module").value();
    std::string seen;
    link_->call(Call::deploy, "", {file.get()}, [&](Result<Answer> result) {
        seen = os::read_from_start(result.value().fds.at(0).get(), 100).value();
    });
    auto message = supervisor_.next_call();
    ASSERT_EQ(message.fds.size(), 1u);
    (void)supervisor_.control().send(answer(WireReader(message.bytes).number()).take(), {message.fds[0].get()});
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(seen, "module");
}

TEST_F(LinkTest, ACallbackMayCallAgain) {
    link_->call(Call::deploy, "", {}, [this](Result<Answer>) { call("again"); });
    answer_next("");
    EXPECT_TRUE(link_->on_readable());
    answer_next("answered");
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(ends_, Ends{"answered"});
}

TEST_F(LinkTest, AnswersToNobodyAreSkippedAndDamagedOnesAreErrors) {
    call();
    auto message = supervisor_.next_call();
    uint64_t id = WireReader(message.bytes).number();
    (void)supervisor_.control().send("odd", {});
    (void)supervisor_.control().send(answer(id + 100).take(), {});
    (void)supervisor_.control().send(WireWriter().number(id).take(), {});
    (void)supervisor_.control().send(answer(id).take(), {});
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(ends_, Ends{"internal"});
}

TEST_F(LinkTest, ChangesAreAnnounced) {
    int announced = 0;
    (void)supervisor_.control().send(answer(kChangesId).take(), {});
    EXPECT_TRUE(link_->on_readable()) << "nobody listens yet";
    link_->listen_for_changes([&] { announced++; });
    (void)supervisor_.control().send(answer(kChangesId).take(), {});
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(announced, 1);
}

TEST_F(LinkTest, BrokenLinksAreAnnouncedByVersion) {
    std::vector<std::string> broken;
    link_->listen_for_broken_links([&](std::string_view version) { broken.emplace_back(version); });
    (void)supervisor_.control().send(answer(kLinkBrokenId).take(), {});
    (void)supervisor_.control().send(answer(kLinkBrokenId).bytes("v").take(), {});
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(broken, std::vector<std::string>{"v"});
}

TEST_F(LinkTest, TellsWithoutAnAnswer) {
    EXPECT_TRUE(link_->tell(Call::append_log, "lines"));
    auto message = supervisor_.next_call();
    WireReader reader(message.bytes);
    EXPECT_EQ(reader.number(), 0u);
    EXPECT_EQ(reader.number(), static_cast<uint64_t>(Call::append_log));
    EXPECT_FALSE(link_->tell(Call::append_log, std::string(kMessageBytesMax, 'x'))) << "too large";
}

TEST_F(LinkTest, ACallThatIsTooLargeIsRefusedAlone) {
    call(std::string(kMessageBytesMax - 15, 'x'));
    EXPECT_EQ(ends_, Ends{"body-too-large"});
    call(std::string(kMessageBytesMax - 16, 'x'));
    answer_next("fits");
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(ends_.back(), "fits");
}

TEST_F(LinkTest, OpenCallsAreBounded) {
    for (size_t i = 0; i < kControlCallsMax; i++) call();
    EXPECT_EQ(ends_, Ends{});
    EXPECT_TRUE(link_->wants_to_write()) << "the channel does not hold so many";
    EXPECT_FALSE(link_->tell(Call::append_log, "")) << "and drops what nobody waits for";
    call();
    EXPECT_EQ(ends_, Ends{"overloaded"});
    for (size_t i = 0; i < kControlCallsMax; i++) {
        link_->on_writable();
        answer_next("");
        EXPECT_TRUE(link_->on_readable());
    }
    EXPECT_FALSE(link_->wants_to_write());
    EXPECT_EQ(ends_.size(), kControlCallsMax + 1);
    call();
    answer_next("room again");
    EXPECT_TRUE(link_->on_readable());
    EXPECT_EQ(ends_.back(), "room again");
}

TEST_F(LinkTest, CallsThatWaitKeepTheirDescriptors) {
    auto file = os::create_memfd_of("link-test", "kept").value();
    size_t before = 0;
    while (!link_->wants_to_write()) call(std::string(50'000, 'x')), before++;
    call("", {file.get()});
    file.close();
    for (size_t i = 0; i < before; i++) {
        answer_next("");
        link_->on_writable();
    }
    auto message = supervisor_.next_call();
    ASSERT_EQ(message.fds.size(), 1u);
    EXPECT_EQ(os::read_from_start(message.fds[0].get(), 10).value(), "kept");
}

// A worker that is out of descriptors for a moment is not a worker without a supervisor.
TEST_F(LinkTest, ACallThatFindsNoDescriptorsFailsAlone) {
    auto file = os::create_memfd_of("link-test", "x").value();
    while (!link_->wants_to_write()) call(std::string(50'000, 'x'));
    ends_.clear();
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlimit none{3, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    call("", {file.get()});
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < 50 && link_->wants_to_write(); i++) {
        (void)supervisor_.next_call();
        link_->on_writable();
    }
    EXPECT_FALSE(link_->supervisor_is_gone());
    EXPECT_EQ(ends_, Ends{"overloaded"});
}

TEST_F(LinkTest, WithoutASupervisorOpenCallsAndLaterOnesFail) {
    call(), call();
    { os::Channel gone(supervisor_.control().release()); }
    EXPECT_FALSE(link_->on_readable());
    EXPECT_TRUE(link_->supervisor_is_gone());
    EXPECT_EQ(ends_, (Ends{"draining", "draining"}));
    call();
    EXPECT_EQ(ends_.size(), 3u);
    EXPECT_EQ(ends_.back(), "draining");
    EXPECT_EQ(link_->find_object({"data", "one"}).error().code, Errc::draining);
    EXPECT_EQ(link_->find_function("one").error().code, Errc::draining);
    EXPECT_FALSE(link_->tell(Call::append_log, ""));
    EXPECT_FALSE(link_->on_readable());
}

TEST_F(LinkTest, ACallToAGoneSupervisorFailsAtOnce) {
    { os::Channel gone(supervisor_.control().release()); }
    call();
    EXPECT_EQ(ends_, Ends{"draining"});
}

TEST(Link, ALookUpOfAGoneSupervisorIsDraining) {
    auto lookups = os::Channel::create_pair().value(), control = os::Channel::create_pair().value();
    SupervisorLink link(lookups.second.release(), control.second.release());
    { os::Channel gone(std::move(lookups.first)); }
    EXPECT_EQ(link.find_object({"data", "one"}).error().code, Errc::draining);
}

}  // namespace
}  // namespace inlay::registry
