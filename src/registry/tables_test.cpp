// Tables: a name is asked for once, and again as soon as it has changed.
#include "registry/tables.hpp"

#include <gtest/gtest.h>

#include "engine/workshop.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "registry/compiled_file.hpp"
#include "registry/fake_supervisor.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::registry {
namespace {

using Question = FakeSupervisor::Question;

engine::Workshop& workshop() {
    static engine::Workshop made({});
    return made;
}

class TablesTest : public testing::Test {
  protected:
    TablesTest() {
        std::string code = workshop().compile(engine::guest("(i32.const 0)")).value();
        compiled_ = compiled_file_head(code) + code;
    }
    void answer_lookup(const os::Channel& channel, const Question& question) {
        bool object = question.call == Call::find_object;
        auto file = os::create_memfd_of("tables-test", object ? "content" : compiled_).value();
        auto writer = answer(question.id);
        // Each answer is a newer version.
        std::string version = std::to_string(++answers_);
        auto record = store::example_object(question.name, question.second, version);
        if (question.second == "linked") record.version = "linked", record.link_path = "/a/file";
        if (object)
            write(writer, record), writer.number(question.second == "hot");
        else
            write(writer, function_of(question.name, version)), writer.number(77);
        if ((object ? question.second : question.name) == "absent")
            (void)channel.send(answer(question.id, {object ? Errc::object_not_found : Errc::function_not_found, ""}), {});
        else
            (void)channel.send(writer.take(), {file.get()});
    }
    static store::FunctionRecord function_of(const std::string& name, const std::string& version) {
        auto record = store::example_function(name, version);
        record.isolated = name == "isolated";
        return record;
    }
    std::string object_version(const std::string& key) { return tables_->get_object({"data", key}).value()->record.version; }
    std::string function_version(const std::string& name) { return tables_->get_function(name).value()->record.version; }

    // Asked for in this order, which decides who gets which version.
    std::vector<std::string> versions() {
        std::vector<std::string> found{object_version("one")};
        found.push_back(object_version("two"));
        found.push_back(function_version("one"));
        return found;
    }

    std::string compiled_;
    int answers_ = 0;
    SharedMemory memory_ = SharedMemory::open(SharedMemory::create_file().value().get()).value();
    FakeSupervisor supervisor_{[this](const os::Channel& channel, const Question& question) { answer_lookup(channel, question); }};
    std::optional<SupervisorLink> link_{std::in_place, supervisor_.lookups_of_worker(), supervisor_.control_of_worker()};
    std::optional<Tables> tables_{std::in_place, *link_, workshop().worker(), memory_.state(), memory_.worker_counters(0)};
};

using Versions = std::vector<std::string>;

TEST_F(TablesTest, ANameIsAskedForOnce) {
    EXPECT_EQ(object_version("one"), "1");
    EXPECT_EQ(object_version("one"), "1");
    EXPECT_EQ(function_version("one"), "2");
    EXPECT_EQ(function_version("one"), "2");
    EXPECT_EQ(supervisor_.asked, 2);
    EXPECT_EQ(memory_.worker_counters(0).get(Counter::lookups_total), 2u);
    EXPECT_EQ(tables_->get_object({"data", "one"}).value(), tables_->get_object({"data", "one"}).value()) << "the same open file";
}

TEST_F(TablesTest, AnObjectLiesWhereTheSupervisorSays) {
    EXPECT_EQ(tables_->get_object({"data", "one"}).value()->pages.home(), os::Pages::Home::disk);
    EXPECT_EQ(tables_->get_object({"data", "hot"}).value()->pages.home(), os::Pages::Home::memory);
}

TEST_F(TablesTest, AChangedNameIsAskedForAgainAndNoOtherIs) {
    EXPECT_EQ(versions(), (Versions{"1", "2", "3"}));
    publish_change(memory_.state(), hash_of_object("data", "one"));
    EXPECT_EQ(versions(), (Versions{"4", "2", "3"}));
    publish_change(memory_.state(), hash_of_function("one"));
    EXPECT_EQ(versions(), (Versions{"4", "2", "5"}));
}

TEST_F(TablesTest, WhenTheRingWentRoundEverythingIsAskedForAgain) {
    EXPECT_EQ(versions(), (Versions{"1", "2", "3"}));
    for (size_t i = 0; i < kChangeRingEntries; i++) publish_change(memory_.state(), 1);
    EXPECT_EQ(versions(), (Versions{"4", "5", "6"}));
}

TEST_F(TablesTest, AnOldVersionLivesAsLongAsSomebodyHoldsIt) {
    auto held = tables_->get_object({"data", "one"}).value();
    publish_change(memory_.state(), hash_of_object("data", "one"));
    EXPECT_EQ(object_version("one"), "2");
    EXPECT_EQ(held->record.version, "1");
    EXPECT_EQ(os::read_from_start(held->pages.fd(), 7).value(), "content");
}

TEST_F(TablesTest, CatchingUpLetsGoOfWhatHasChanged) {
    std::weak_ptr<const Object> watched = tables_->get_object({"data", "one"}).value();
    EXPECT_FALSE(watched.expired());
    publish_change(memory_.state(), hash_of_object("data", "one"));
    tables_->catch_up();
    EXPECT_TRUE(watched.expired());
}

TEST_F(TablesTest, WhatIsMappedAgainAndAgainTheSupervisorIsToldOf) {
    auto object = tables_->get_object({"data", "one"}).value();
    object->pages.use().mapped_bytes = kPromoteMappings * kPromoteBytesMin - 1;
    object_version("one");
    EXPECT_FALSE(supervisor_.control().wait_readable(0).value()) << "not often enough";
    object->pages.use().mapped_bytes++;
    object_version("one");
    auto message = supervisor_.next_call();
    WireReader told(message.bytes);
    EXPECT_EQ(told.number(), 0u) << "no answer is wanted";
    EXPECT_EQ(static_cast<Call>(told.number()), Call::note_use);
    EXPECT_EQ(told.bytes(), "data");
    EXPECT_EQ(told.bytes(), "one");
    EXPECT_EQ(told.bytes(), "1");
    EXPECT_TRUE(told.finished());
    object->pages.use().mapped_bytes = UINT64_MAX;
    object_version("one");
    EXPECT_FALSE(supervisor_.control().wait_readable(0).value()) << "it knows, for a while";
    object->pages.use().told_ms -= kUseToldMs;
    object_version("one");
    EXPECT_FALSE(supervisor_.next_call().bytes.empty());
    EXPECT_EQ(object->pages.use().mapped_bytes, 0u);
}

// The version that the supervisor is told to be let go of; empty: it is told nothing.
std::string let_go_in(const os::Message& message) {
    WireReader reader(message.bytes);
    reader.number();
    bool is_it = static_cast<Call>(reader.number()) == Call::let_go;
    std::string version(reader.bytes());
    return is_it && reader.finished() ? version : "";
}

TEST_F(TablesTest, TheEndOfALinkedObjectIsToldOf) {
    auto held = tables_->get_object({"data", "linked"}).value();
    EXPECT_TRUE(held->pages.foreign());
    publish_change(memory_.state(), hash_of_object("data", "linked"));
    EXPECT_EQ(tables_->get_object({"data", "linked"}).value(), held) << "the same version is the same open file";
    EXPECT_EQ(let_go_in(supervisor_.next_call()), "linked") << "the second answer of two";
    publish_change(memory_.state(), hash_of_object("data", "linked"));
    tables_->catch_up();
    held = nullptr;
    EXPECT_EQ(let_go_in(supervisor_.next_call()), "linked");
}

TEST_F(TablesTest, ABrokenLinkIsLetGoOfAtOnceAndNotGivenAgain) {
    auto held = tables_->get_object({"data", "linked"}).value();
    EXPECT_FALSE(held->pages.lost());
    tables_->lose_link("another");
    EXPECT_EQ(let_go_in(supervisor_.next_call()), "another") << "perhaps an answer about it was missed";
    tables_->lose_link("linked");
    EXPECT_TRUE(held->pages.lost());
    EXPECT_EQ(let_go_in(supervisor_.next_call()), "linked");
    EXPECT_EQ(tables_->get_object({"data", "linked"}).error().code, Errc::object_changed) << "until its name is gone";
    publish_change(memory_.state(), hash_of_object("data", "linked"));
    tables_->catch_up();
    held = nullptr;
    (void)link_->tell(Call::append_log, "");
    EXPECT_EQ(let_go_in(supervisor_.next_call()), "") << "not twice";
}

TEST_F(TablesTest, AbsenceIsNotRemembered) {
    for (int asked : {1, 2}) {
        auto object = tables_->get_object({"data", "absent"});
        ASSERT_FALSE(object.ok());
        EXPECT_EQ(object.error().code, Errc::object_not_found);
        EXPECT_EQ(supervisor_.asked, asked);
    }
    EXPECT_EQ(tables_->get_function("absent").error().code, Errc::function_not_found);
}

TEST_F(TablesTest, ABadNameIsNotAskedFor) {
    EXPECT_EQ(tables_->get_function("no/name").error().code, Errc::bad_name);
    EXPECT_EQ(supervisor_.asked, 0);
}

TEST_F(TablesTest, CodeThatCannotBeLoadedIsRefusedAndToldOf) {
    std::string whole = compiled_, changed = whole;
    changed[whole.size() / 2] = static_cast<char>(changed[whole.size() / 2] ^ 1);
    std::string not_code = compiled_file_head("not code") + "not code";
    for (const auto& damaged : {changed, whole.substr(0, whole.size() / 2), std::string("x"), not_code, std::string()}) {
        compiled_ = damaged;
        auto function = tables_->get_function("one");
        ASSERT_FALSE(function.ok());
        EXPECT_EQ(function.error().code, Errc::overloaded) << damaged.size() << " bytes: " << function.error().detail;
        auto message = supervisor_.next_call();
        WireReader reader(message.bytes);
        EXPECT_EQ(reader.number(), 0u);
        EXPECT_EQ(reader.number(), static_cast<uint64_t>(Call::refuse_compiled)) << damaged.size() << " bytes";
        EXPECT_EQ(reader.bytes(), "one");
    }
    compiled_ = whole;
    EXPECT_TRUE(tables_->get_function("one").ok());
}

TEST_F(TablesTest, AFunctionHasTheAccountThatTheSupervisorGaveIt) { EXPECT_EQ(tables_->get_function("one").value()->account, 77u); }

TEST_F(TablesTest, TheCodeOfAnIsolatedFunctionIsNotLookedAt) {
    compiled_ = compiled_file_head("code", BodyWay::streams) + "what no engine would load";
    auto function = tables_->get_function("isolated");
    ASSERT_TRUE(function.ok());
    EXPECT_EQ((*function)->program, nullptr);
    EXPECT_TRUE((*function)->streams);
    EXPECT_TRUE((*function)->compiled);
    compiled_ = "x";
    publish_change(memory_.state(), hash_of_function("isolated"));
    EXPECT_EQ(tables_->get_function("isolated").error().code, Errc::overloaded);
    auto message = supervisor_.next_call();
    WireReader reader(message.bytes);
    EXPECT_EQ(reader.number(), 0u);
    EXPECT_EQ(reader.number(), static_cast<uint64_t>(Call::refuse_compiled)) << "it is made again";
}

TEST_F(TablesTest, WithoutASupervisorWhatIsKnownStillServes) {
    auto known = object_version("one");
    auto linked = tables_->get_object({"data", "linked"}).value();
    { os::Channel gone(supervisor_.control().release()); }
    EXPECT_FALSE(link_->on_readable());
    EXPECT_EQ(object_version("one"), known);
    EXPECT_EQ(tables_->get_object({"data", "two"}).error().code, Errc::draining);
    EXPECT_FALSE(linked->pages.lost());
    tables_->lose_all_links();
    EXPECT_TRUE(linked->pages.lost()) << "nobody guards its file";
    EXPECT_EQ(tables_->get_function("two").error().code, Errc::draining);
}

TEST_F(TablesTest, RemembersABoundedNumberOfObjects) {
    for (size_t i = 0; i <= kObjectsCachedMax; i++) object_version(std::to_string(i));
    EXPECT_EQ(supervisor_.asked, static_cast<int>(kObjectsCachedMax) + 1);
    object_version(std::to_string(kObjectsCachedMax));
    EXPECT_EQ(supervisor_.asked, static_cast<int>(kObjectsCachedMax) + 1);
    object_version("0");
    EXPECT_EQ(supervisor_.asked, static_cast<int>(kObjectsCachedMax) + 2) << "the one not used for longest was let go";
}

}  // namespace
}  // namespace inlay::registry
