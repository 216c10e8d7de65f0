// Links: a lease lasts until the last reader has let go.
#include "control/links.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/scratch.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::control {
namespace {

constexpr pid_t kReader = 1000, kOther = 1001;

class LinksTest : public testing::Test {
  protected:
    LinksTest() {
        ::signal(os::kLeaseSignal, SIG_IGN);
        make_file("file");
    }
    void make_file(const std::string& name) { std::ofstream(scratch_ / name) << "content"; }
    os::Fd open(const std::string& name) { return os::open_file(scratch_ / name).value(); }
    store::ObjectRecord link(const std::string& version, const std::string& file = "file") {
        auto admitted = links_.admit(open(file).get());
        EXPECT_TRUE(admitted.ok()) << admitted.error().detail;
        store::ObjectRecord record{{"bucket", "key"}, version, admitted->size()};
        record.link_path = admitted->path();
        record.link_stamp = admitted->stamp();
        links_.add(record, std::move(*admitted));
        return record;
    }
    bool can_write() { return os::can_write_now(scratch_ / "file"); }
    std::string why_not(const Links& links, const std::string& file) {
        auto refused = links.admit(open(file).get());
        return refused.ok() ? "" : refused.error().detail;
    }

    store::ScratchDirectory scratch_;
    Links links_{{os::real_path(scratch_ / ".").value()}};
};

TEST_F(LinksTest, OnlyFilesBelowARootAreTaken) {
    EXPECT_EQ(why_not(links_, "file"), "");
    EXPECT_NE(why_not(Links({}), "file").find("--link-root"), std::string::npos);
    EXPECT_NE(why_not(Links({"/nowhere"}), "file").find("/nowhere"), std::string::npos);
}

TEST_F(LinksTest, ALinkThatNobodyReadsEndsWithItsName) {
    link("1");
    EXPECT_FALSE(can_write());
    links_.retire("1");
    EXPECT_TRUE(can_write());
    EXPECT_EQ(links_.size(), 0u);
}

TEST_F(LinksTest, ALeaseLastsUntilTheLastReaderHasLetGo) {
    link("1");
    for (pid_t reader : {kReader, kReader, kOther}) ASSERT_TRUE(links_.open("1", reader).ok());
    links_.retire("1");
    links_.let_go("1", kReader);
    links_.forget_reader(kOther);
    EXPECT_FALSE(can_write());
    links_.let_go("1", 4711);
    links_.let_go("absent", kReader);
    EXPECT_FALSE(can_write()) << "those are no readers";
    links_.let_go("1", kReader);
    EXPECT_TRUE(can_write());
}

TEST_F(LinksTest, ABrokenOneIsToldOfOnceAndGivenToNobody) {
    link("1");
    ASSERT_TRUE(links_.open("1", kReader).ok());
    auto broken = links_.link_behind(open("file").get());
    ASSERT_TRUE(broken);
    EXPECT_FALSE(*broken);
    EXPECT_TRUE(links_.take_broken().empty());
    EXPECT_FALSE(can_write());
    EXPECT_EQ(links_.open("1", kOther).error().code, Errc::object_changed);
    auto told = links_.take_broken();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].version, "1");
    EXPECT_EQ(told[0].readers, std::vector<pid_t>{kReader});
    EXPECT_TRUE(*broken);
    EXPECT_TRUE(links_.take_broken().empty());
    EXPECT_EQ(links_.readers_of("1"), std::vector<pid_t>{kReader});
    links_.let_go("1", kReader);
    EXPECT_FALSE(can_write()) << "its name still stands";
    links_.retire("1");
    EXPECT_TRUE(can_write());
}

TEST_F(LinksTest, OfABrokenOneAReaderLetsGoWhole) {
    link("1");
    for (int answer : {1, 2}) ASSERT_TRUE(links_.open("1", kReader).ok()) << answer << ": one of them did not arrive";
    EXPECT_FALSE(can_write());
    EXPECT_EQ(links_.take_broken().size(), 1u);
    links_.retire("1");
    links_.let_go("1", kReader);
    EXPECT_TRUE(can_write());
}

TEST_F(LinksTest, ARemovedFileIsAsGoodAsAWrittenOne) {
    link("1");
    ASSERT_TRUE(os::unlink(os::open_directory(scratch_ / ".").value().get(), "file").ok());
    EXPECT_EQ(links_.open("1", kReader).error().code, Errc::object_changed);
    EXPECT_EQ(links_.take_broken().size(), 1u);
}

// As if its lease had been lost on the way: overwritten in its place, and made to look as it did before.
TEST_F(LinksTest, AFileWhoseTimeOfModificationWasSetBackIsGivenToNobodyNowAndOverARestart) {
    auto record = link("1");
    Links next({os::real_path(scratch_ / ".").value()});
    auto path = scratch_ / "file";
    auto modified = std::filesystem::last_write_time(path);
    for (int i = 0; i < 1000 && os::stamp_at(record.link_path).value() == record.link_stamp; i++) {  // The kernel's clock is coarse.
        std::filesystem::last_write_time(path, modified);
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    ASSERT_EQ(std::filesystem::last_write_time(path), modified);
    EXPECT_EQ(links_.open("1", kReader).error().code, Errc::object_changed);
    EXPECT_EQ(links_.take_broken().size(), 1u) << "its readers are told";
    EXPECT_EQ(next.admit_again(record).error().code, Errc::object_changed);
}

TEST_F(LinksTest, OverARestartOnlyTheSameFileIsTaken) {
    auto record = link("1");
    Links next({os::real_path(scratch_ / ".").value()});
    EXPECT_TRUE(next.admit_again(record).ok());
    EXPECT_FALSE(Links({"/nowhere"}).admit_again(record).ok());
    links_.retire("1");
    make_file("file");
    EXPECT_EQ(next.admit_again(record).error().code, Errc::object_changed) << "the same bytes, written again";
    ASSERT_TRUE(os::unlink(os::open_directory(scratch_ / ".").value().get(), "file").ok());
    EXPECT_FALSE(next.admit_again(record).ok());
}

TEST_F(LinksTest, ThereAreSoManyAtMost) {
    os::raise_descriptor_limit();
    for (size_t i = 0; i < kLinksMax; i++) link(std::to_string(i));
    auto refused = links_.admit(open("file").get());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::overloaded);
}

}  // namespace
}  // namespace inlay::control
