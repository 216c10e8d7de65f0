// Content: what is read, what is written, and what stays behind when the command fails.
#include "app/cli_content.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

class ContentTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "inlay_content_XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { fs::remove_all(directory_); }

    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    void write(const std::string& name, std::string_view content) const { std::ofstream(path(name)) << content; }
    std::string read(const std::string& name) const {
        std::ifstream file(path(name));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    size_t entries() const { return std::distance(fs::directory_iterator(directory_), fs::directory_iterator()); }

    fs::path directory_;
};

using Sources = ContentTest;
using Sinks = ContentTest;

TEST_F(Sources, GiveTheFileInPieces) {
    write("in", "abcdef");
    FileSource source(path("in"));
    EXPECT_EQ(source.size_bytes(), 6u);
    char piece[4];
    EXPECT_EQ(source.read(piece), 4u);
    EXPECT_EQ(std::string_view(piece, 4), "abcd");
    EXPECT_EQ(source.read(piece), 2u);
    EXPECT_EQ(source.read(piece), 0u);
}

TEST_F(Sources, RefuseDirectoriesAndAbsentFiles) {
    EXPECT_THROW(FileSource(directory_.string()), Failure);
    EXPECT_THROW(FileSource(path("absent")), Failure);
}

TEST_F(Sources, DoNotKnowTheSizeOfADevice) { EXPECT_FALSE(FileSource("/dev/null").size_bytes()); }

TEST_F(Sources, OfTextEndAfterTheText) {
    TextSource source("xyz");
    char piece[2];
    EXPECT_EQ(source.read(piece), 2u);
    EXPECT_EQ(source.read(piece), 1u);
    EXPECT_EQ(source.read(piece), 0u);
}

TEST_F(Sinks, AppearUnderTheirNameOnlyWhenFinished) {
    write("out", "old");
    FileSink sink(path("out"));
    sink.begin(3);
    sink.write("new");
    EXPECT_EQ(read("out"), "old");
    sink.finish();
    EXPECT_EQ(read("out"), "new");
    EXPECT_EQ(entries(), 1u);
}

TEST_F(Sinks, LeaveNothingWhenAbandoned) {
    {
        FileSink untouched(path("never"));
        FileSink sink(path("out"));
        sink.begin(std::nullopt);
        sink.write("half");
    }
    EXPECT_EQ(entries(), 0u);
}

TEST_F(Sinks, ReplaceTheTargetOfALinkAndKeepTheLink) {
    write("target", "old");
    fs::create_symlink("target", path("link"));
    FileSink sink(path("link"));
    sink.begin(3);
    sink.write("new");
    sink.finish();
    EXPECT_TRUE(fs::is_symlink(path("link")));
    EXPECT_EQ(read("target"), "new");
}

TEST_F(Sinks, WriteDevicesDirectlyAndRefuseDirectories) {
    {
        FileSink sink("/dev/null");
        sink.begin(1);
        sink.write("x");
        sink.finish();
    }
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
    EXPECT_THROW(FileSink(directory_.string()), Failure);
}

TEST_F(Sinks, SayWhenTheDiskIsFull) {
    FileSink sink("/dev/full");
    sink.begin(1);
    sink.write("x");
    EXPECT_THROW(sink.finish(), Failure);
}

TEST_F(Sinks, OfTextAreBounded) {
    TextSink sink(4);
    sink.write("abc");
    EXPECT_THROW(sink.write("de"), Failure);
    EXPECT_EQ(sink.text(), "abc");
}

}  // namespace
}  // namespace inlay::cli
