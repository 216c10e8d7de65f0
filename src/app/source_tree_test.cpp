// SourceTree: which changes are seen, and what is left out.
#include "app/source_tree.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "os/scratch.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class SourceTreeTest : public testing::Test {
  protected:
    void write(const std::string& path, const std::string& text = "x") {
        fs::create_directories(fs::path(scratch_.path() + "/" + path).parent_path());
        std::ofstream(scratch_.path() + "/" + path) << text;
    }
    Names look() {
        entered_.clear();
        return tree_.look([&](const std::string& directory) { entered_.push_back(directory.substr(scratch_.path().size())); });
    }

    os::Scratch scratch_;
    SourceTree tree_{scratch_.path(), "build"};
    Names entered_;
};

TEST_F(SourceTreeTest, WhatIsNewChangedOrGoneIsNamed) {
    write("a.c");
    write("src/deep/b.c");
    EXPECT_EQ(look(), (Names{"a.c", "src/deep/b.c"}));
    EXPECT_EQ(entered_, (Names{"", "/src", "/src/deep"}));
    EXPECT_EQ(look(), Names{});
    write("a.c", "other");
    write("src/new.c");
    EXPECT_EQ(look(), (Names{"a.c", "src/new.c"}));
    fs::remove(scratch_.path() + "/a.c");
    fs::rename(scratch_.path() + "/src/new.c", scratch_.path() + "/src/newer.c");
    EXPECT_EQ(look(), (Names{"a.c", "src/new.c", "src/newer.c"}));
}

TEST_F(SourceTreeTest, WhatIsMadeOrNobodysWorkIsLeftOut) {
    for (const char* path : {"build/f.wasm", ".git/HEAD", ".inlay/data", "node_modules/a/b.js", "target/x", "inlay-sdk/inlay.h", ".a.c.swp", "a.c~", "#a.c#",
                             "src/node_modules/y", "Cargo.lock", "package-lock.json"})
        write(path);
    write("src/build/counts.c");
    EXPECT_EQ(look(), Names{"src/build/counts.c"}) << "only what the project's own build makes";
}

TEST_F(SourceTreeTest, CirclesOfLinksEnd) {
    write("src/a.c");
    fs::create_directory_symlink("..", scratch_.path() + "/src/up");
    EXPECT_EQ(look(), Names{"src/a.c"});
}

TEST_F(SourceTreeTest, MoreFilesThanItLooksAtAreSaidToBe) {
    fs::create_directories(scratch_.path() + "/many");
    for (size_t i = 0; i <= kSourceFilesMax; i++) std::ofstream(scratch_.path() + "/many/" + std::to_string(i));
    write("zzz.c");
    EXPECT_EQ(look().size(), kSourceFilesMax);
    EXPECT_TRUE(tree_.is_cut());
}

TEST_F(SourceTreeTest, OfOneDirectoryThoseThatComeFirstByNameAreKept) {
    fs::create_directories(scratch_.path() + "/.left-out");
    for (size_t i = 0; i <= kSourceFilesMax; i++) std::ofstream(scratch_.path() + "/.left-out-" + std::to_string(i));
    for (size_t i = 0; i < kSourceFilesMax - 1; i++) std::ofstream(scratch_.path() + "/f" + std::to_string(i));
    write("a.c");
    EXPECT_EQ(look().size(), kSourceFilesMax);
    EXPECT_FALSE(tree_.is_cut()) << "what is left out does not count";
    write("b.c");
    const auto last = look();
    EXPECT_TRUE(tree_.is_cut());
    EXPECT_EQ(last, (Names{"b.c", "f9999"})) << "the new one is seen, and the last by name is not looked at any more";
}

TEST_F(SourceTreeTest, ADirectoryThatIsNotThereHasNothing) {
    SourceTree absent(scratch_.path() + "/absent", "build");
    EXPECT_EQ(absent.look([](const std::string&) {}), Names{});
}

}  // namespace
}  // namespace inlay::cli
