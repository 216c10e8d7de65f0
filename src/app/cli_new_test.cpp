// New projects: what they hold, before it is written.
#include "app/cli_new.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/embedded_files.hpp"
#include "app/project.hpp"

namespace inlay::cli {
namespace {

const NewFile* find(const std::vector<NewFile>& files, std::string_view path) {
    auto found = std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.path == path; });
    return found == files.end() ? nullptr : &*found;
}

TEST(New, EachLanguageHasAProjectOfItsNameThatCanBeRead) {
    for (auto lang : kProjectLanguages) {
        auto files = files_of_project("My.fn-2", lang);
        auto* toml = find(files, "inlay.toml");
        ASSERT_TRUE(toml) << lang;
        auto project = parse_project(toml->content);
        ASSERT_TRUE(project.ok()) << lang << ": " << project.error().detail;
        EXPECT_EQ(project->name, "My.fn-2");
        EXPECT_EQ(project->lang, lang);
        EXPECT_GE(project->cases.size(), 3u);
        EXPECT_TRUE(std::any_of(files.begin(), files.end(), [](const auto& file) {
            return !file.path.starts_with("inlay-sdk/") && (file.path.find("test") != file.path.npos || file.content.find("#[test]") != file.content.npos);
        })) << lang << " has no unit test";
        EXPECT_TRUE(find(files, "README.md") && find(files, ".gitignore")) << lang;
        EXPECT_TRUE(std::any_of(files.begin(), files.end(), [](const auto& file) { return file.path.starts_with("inlay-sdk/"); })) << lang;
    }
}

TEST(New, NothingIsLeftToFillInAndNoFileIsThereTwice) {
    for (auto lang : kProjectLanguages) {
        std::vector<std::string> paths;
        for (const auto& file : files_of_project("f", lang)) {
            for (const char* mark : {"{{name}}", "{{package}}"}) EXPECT_EQ(file.content.find(mark), std::string::npos) << file.path << " of " << lang;
            EXPECT_TRUE(!file.path.starts_with('/') && file.path.find("..") == std::string::npos) << file.path;
            paths.push_back(file.path);
        }
        std::sort(paths.begin(), paths.end());
        EXPECT_EQ(std::adjacent_find(paths.begin(), paths.end()), paths.end()) << lang;
    }
}

TEST(New, ScriptsCanBeRun) {
    auto files = files_of_project("f", "rust");
    ASSERT_TRUE(find(files, "inlay-sdk/build"));
    EXPECT_TRUE(find(files, "inlay-sdk/build")->executable);
    EXPECT_FALSE(find(files, "inlay.toml")->executable);
}

TEST(New, TestsAndExamplesOfTheSdksAreNotCarriedAlong) {
    EXPECT_GT(embedded_files().size(), 20u);
    for (const auto& file : embedded_files())
        if (!file.path.starts_with("sdk/templates/")) {
            EXPECT_EQ(file.path.find("/examples/"), file.path.npos) << file.path;
            EXPECT_EQ(file.path.find("_test."), file.path.npos) << file.path;
        }
}

TEST(New, PackagesGetNamesThatRegistriesTake) {
    EXPECT_EQ(package_name_of("wc"), "wc-function");
    EXPECT_EQ(package_name_of("My.fn-2"), "my_fn-2-function");
    EXPECT_EQ(package_name_of("2x"), "f2x-function");
    EXPECT_EQ(package_name_of("_x"), "f_x-function");
    EXPECT_EQ(package_name_of("inlay"), "inlay-function") << "it is not its own dependency";
}

}  // namespace
}  // namespace inlay::cli
