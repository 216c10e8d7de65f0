// Paths: what they are below their directory, and which ones are refused.
#include "run/wasi_path.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay::run::wasi {
namespace {

using std::string_view_literals::operator""sv;

struct Given {
    std::string_view path;
    std::string_view text;
    bool is_directory = false;
};

TEST(WasiPath, IsWhatIsLeftWithoutDotsAndEmptyParts) {
    const Given cases[] = {
        {"a", "a"},           {"a/b", "a/b"},         {"./a", "a"},         {"a//b", "a/b"},         {"a/./b", "a/b"},        {"a/../b", "b"},
        {"a/b/../../c", "c"}, {"...", "..."},         {".a/..b", ".a/..b"}, {"a/", "a", true},       {"a/.", "a", true},      {"a/b/..", "a", true},
        {".", "", true},      {"./", "", true},       {"a/..", "", true},   {"a///", "a", true},     {"\xc3\xbc", "\xc3\xbc"}, {"./.", "", true},
    };
    for (const auto& [given, text, is_directory] : cases) {
        Path path;
        ASSERT_EQ(read_path(given, path), kSuccess) << given;
        EXPECT_EQ(path.text, text) << given;
        EXPECT_EQ(path.is_directory, is_directory) << given;
    }
}

TEST(WasiPath, NeverLeavesItsDirectory) {
    for (std::string_view given : {"..", "../a", "a/../..", "a/../../a", "./..", "a/./../../b", "/", "/a", "//a", "/.."}) {
        Path path;
        EXPECT_EQ(read_path(given, path), kNotcapable) << given;
    }
}

TEST(WasiPath, ThatCannotBeMeantIsRefused) {
    Path path;
    EXPECT_EQ(read_path("", path), kNoent);
    EXPECT_EQ(read_path("a\0b"sv, path), kInval);
    EXPECT_EQ(read_path("\0"sv, path), kInval);
    EXPECT_EQ(read_path("\xff", path), kIlseq);
    EXPECT_EQ(read_path("a/\xc0\xaf", path), kIlseq) << "an overlong slash";
    EXPECT_EQ(read_path(std::string(kWasiPathBytesMax + 1, 'a'), path), kNametoolong);
    EXPECT_EQ(read_path(std::string(kWasiPathBytesMax, 'a'), path), kSuccess);
}

TEST(WasiPath, ReplacesWhatWasThere) {
    Path path{"old", true};
    ASSERT_EQ(read_path("new", path), kSuccess);
    EXPECT_EQ(path.text, "new");
    EXPECT_FALSE(path.is_directory);
}

}  // namespace
}  // namespace inlay::run::wasi
