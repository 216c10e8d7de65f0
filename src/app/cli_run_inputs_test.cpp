// Inputs of run: what lies in a file stays there, the rest is received, and objects have names.
#include "app/cli_run_inputs.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

#include "app/cli_failure.hpp"
#include "os/file.hpp"
#include "os/scratch.hpp"

namespace inlay::cli {
namespace {

class RunInputs : public testing::Test {
  protected:
    std::string write(const std::string& name, std::string_view content) {
        auto file = os::create_file(scratch_.fd(), name).value();
        EXPECT_TRUE(os::write_all(file.get(), content).ok());
        return scratch_.path() + "/" + name;
    }
    uint64_t inode_of(int fd) { return os::status(fd)->inode; }
    uint64_t inode_of(const std::string& path) { return inode_of(os::open_file(path)->get()); }

    os::Scratch scratch_;
    GivenObjects objects_;
};

TEST_F(RunInputs, AFileIsTakenAsItLies) {
    auto path = write("file", "content");
    auto input = open_input(path, 1);
    EXPECT_EQ(input.size, 7u) << "the bound is for what is received";
    EXPECT_EQ(inode_of(input.file.get()), inode_of(path));
}

TEST_F(RunInputs, WhatHasNoSizeIsReceived) {
    auto path = scratch_.path() + "/pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::string content(300'000, 'x');
    auto with_writer = [&](const std::function<void()>& read) {
        std::thread writer([&] { std::ofstream(path) << content; });
        read();
        writer.join();
    };
    with_writer([&] {
        auto input = open_input(path, content.size());
        EXPECT_EQ(os::read_from_start(input.file.get(), input.size).value(), content);
    });
    with_writer([&] { EXPECT_THROW(open_input(path, content.size() - 1), Failure); });
    EXPECT_GT(open_input("/proc/self/status", 100'000).size, 0u) << "a file that says it is empty";
    EXPECT_EQ(open_input(write("empty", ""), 0).size, 0u);
}

TEST_F(RunInputs, WhatCannotBeReadIsWrongUse) {
    for (const std::string& path : {scratch_.path() + "/absent", scratch_.path(), std::string()}) {
        try {
            open_input(path, 1000);
            ADD_FAILURE() << path;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit_code, kExitWrongUse);
            EXPECT_NE(failure.detail.find(path), std::string::npos);
        }
    }
}

TEST_F(RunInputs, GivenObjectsAreFoundAndOthersAreAbsent) {
    auto path = write("a=b", "content");
    objects_.add("data/one=" + path);
    objects_.add("data/day=1/k=" + path);
    EXPECT_EQ((*objects_.get_object({"data", "one"}))->pages.size(), 7u);
    EXPECT_EQ((*objects_.get_object({"data", "day=1/k"}))->pages.size(), 7u);
    EXPECT_FALSE(objects_.first_absent());
    auto absent = objects_.get_object({"data", "two"});
    ASSERT_FALSE(absent.ok());
    EXPECT_EQ(absent.error().code, Errc::object_not_found);
    EXPECT_FALSE(objects_.get_object({"data", "three"}).ok());
    EXPECT_EQ(objects_.first_absent()->path(), "data/two");
}

TEST_F(RunInputs, BadPairsAreWrongUse) {
    auto path = write("file", "content");
    objects_.add("b/k=" + path);
    for (const auto& pair : {"b/k2" + path, "b=" + path, "b/../k=" + path, "b/k=" + path, "b/k2=" + path + "-absent", std::string("b/k2=")})
        EXPECT_THROW(objects_.add(pair), Failure) << pair;
}

TEST_F(RunInputs, AnOpenedFileThatShrinksIsNoticed) {
    auto path = write("file", "content"), other = write("other", "content");
    objects_.add("b/opened=" + path);
    objects_.add("b/other=" + other);
    ASSERT_TRUE(objects_.get_object({"b", "opened"}).ok());
    ASSERT_EQ(::truncate(other.c_str(), 1), 0);
    EXPECT_TRUE(objects_.check_opened().ok()) << "nobody has read that one";
    ASSERT_EQ(::truncate(path.c_str(), 6), 0);
    auto shrunk = objects_.check_opened();
    ASSERT_FALSE(shrunk.ok());
    EXPECT_EQ(shrunk.error().code, Errc::object_changed);
    EXPECT_NE(shrunk.error().detail.find(path + " had 7 bytes when it was opened and has 6 now"), std::string::npos);
}

}  // namespace
}  // namespace inlay::cli
