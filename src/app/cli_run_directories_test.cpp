// Directories that run gives to WASI programs: what is below them is there, and nothing else.
#include "app/cli_run_directories.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/cli_failure.hpp"
#include "os/file.hpp"
#include "os/scratch.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;
using Keys = std::vector<std::string>;

class RunDirectories : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(root_ / "sub" / "deep");
        fs::create_directories(root_ / "empty");
        write("one", "content");
        write("sub/two", "two");
        write("sub/deep/three", "three");
        fs::create_symlink("/etc/passwd", root_ / "out");
        fs::create_symlink("one", root_ / "in");
        fs::create_symlink(root_, root_ / "sub" / "round");
        bucket_ = bucket_of(directories_.add("/data=" + root_.string()));
    }
    void write(const std::string& name, std::string_view content) {
        auto file = os::create_file(-1, (root_ / name).string()).value();
        EXPECT_TRUE(os::write_all(file.get(), content).ok());
    }
    static std::string bucket_of(const std::string& deployed) {
        auto bucket = deployed.substr(deployed.rfind('=') + 1);
        return bucket.substr(0, bucket.find(':'));
    }
    // Whether that can be opened; an error is told as one.
    std::string opened(const std::string& key) {
        auto file = directories_.open({bucket_, key});
        return !file.ok() ? "error" : file->has_value() ? "there" : "absent";
    }
    Keys listed(const std::string& prefix) {
        auto page = directories_.list(bucket_, prefix);
        return page.ok() ? page->keys : Keys{"error"};
    }
    std::string refusal_of(const std::string& pair) {
        try {
            directories_.add(pair);
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit_code, kExitWrongUse);
            return failure.detail;
        }
        return "";
    }

    os::Scratch scratch_;
    fs::path root_ = fs::canonical(scratch_.path());
    GivenDirectories directories_;
    std::string bucket_;
};

TEST_F(RunDirectories, AreSaidAsADeployWouldSayThem) {
    EXPECT_TRUE(directories_.add("/a=" + root_.string()).starts_with("/a="));
    EXPECT_TRUE(directories_.add("/w=" + root_.string()).ends_with(":w"));
    EXPECT_FALSE(directories_.add("/r=" + root_.string() + ":ro").ends_with(":w"));
    EXPECT_TRUE(directories_.has(bucket_));
    EXPECT_FALSE(directories_.has("other"));
    EXPECT_EQ(directories_.paths().at(bucket_), root_);
}

TEST_F(RunDirectories, ThatAreNoneAreWrongUse) {
    for (const std::string& pair : Keys{"/data", "=/tmp", "", "/data=" + (root_ / "absent").string(), "/data=" + (root_ / "one").string()})
        EXPECT_NE(refusal_of(pair).find("--dir " + pair), std::string::npos) << pair;
}

TEST_F(RunDirectories, OpenWhatLiesBelow) {
    EXPECT_EQ(opened("one"), "there");
    EXPECT_EQ(opened("sub/deep/three"), "there");
    EXPECT_EQ(opened("in"), "there") << "a link that stays inside";
    EXPECT_EQ(opened("absent"), "absent");
    EXPECT_EQ(opened("one/more"), "absent");
}

TEST_F(RunDirectories, OpenNothingElse) {
    EXPECT_EQ(opened("out"), "absent") << "a link that leads out";
    EXPECT_EQ(opened("../" + root_.filename().string() + "/one"), "absent");
    EXPECT_EQ(opened("/etc/passwd"), "absent");
    ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(opened("pipe"), "absent") << "nobody waits for its writer";
}

TEST_F(RunDirectories, ListOneLevelInOrder) {
    EXPECT_EQ(listed(""), (Keys{"empty/", "in", "one", "sub/"})) << "no link that leads out, and nothing of the trees below";
    EXPECT_EQ(listed("sub/"), (Keys{"sub/", "sub/deep/", "sub/two"})) << "no link that leads round";
    EXPECT_EQ(listed("sub/deep/"), (Keys{"sub/deep/", "sub/deep/three"}));
    EXPECT_EQ(listed("empty/"), (Keys{"empty/"})) << "it is there";
    EXPECT_TRUE(listed("absent/").empty());
    EXPECT_TRUE(listed("one/").empty());
}

}  // namespace
}  // namespace inlay::cli
