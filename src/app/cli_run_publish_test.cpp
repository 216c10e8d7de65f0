// Publications: all files or none, whole or not at all.
#include "app/cli_run_publish.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

registry::Effect inline_effect(const std::string& path, const std::string& content) {
    registry::Effect effect;
    effect.name = parse_object_name(path).value();
    effect.inline_bytes = content;
    effect.length = content.size();
    return effect;
}

class PublicationTest : public testing::Test {
  protected:
    std::string root() { return scratch_.path() + "/out"; }
    std::string content(const std::string& name) { return scratch_.content("out/" + name); }
    void write(const std::string& name) { ASSERT_TRUE(os::write_all(os::create_file(scratch_.fd(), name).value().get(), "old").ok()); }
    size_t files() {
        size_t count = 0;
        for (const auto& entry : fs::recursive_directory_iterator(root())) count += entry.is_regular_file();
        return count;
    }

    os::Scratch scratch_;
};

TEST_F(PublicationTest, PutsObjectsUnderBucketAndKey) {
    std::string large(100'001, 'x');
    auto pages = os::create_memfd_of("publish-test", large + "more").value();
    registry::Effect by_pages = inline_effect("b/deep/er/k", "");
    by_pages.kind = registry::ContentKind::pages;
    by_pages.fd = pages.get();
    by_pages.length = large.size();
    Publication publication(root());
    ASSERT_TRUE(publication.add(by_pages).ok());
    EXPECT_EQ(publication.add(inline_effect("b/small", "content")).value(), 0u);
    ASSERT_TRUE(publication.add(inline_effect("b/empty", "")).ok());
    EXPECT_EQ(content("b/small"), "(absent)") << "nothing has its name yet";
    ASSERT_TRUE(publication.finish().ok());
    EXPECT_EQ(content("b/deep/er/k"), large);
    EXPECT_EQ(content("b/small"), "content");
    EXPECT_EQ(content("b/empty"), "");
    EXPECT_EQ(files(), 3u);
}

TEST_F(PublicationTest, ReplacesAndTheLastOneWins) {
    Publication publication(root());
    for (const char* text : {"one", "two"}) ASSERT_TRUE(publication.add(inline_effect("b/k", text)).ok());
    ASSERT_TRUE(publication.finish().ok());
    EXPECT_EQ(content("b/k"), "two");
    ASSERT_TRUE(publication.add(inline_effect("b/k", "three")).ok());
    ASSERT_TRUE(publication.finish().ok());
    EXPECT_EQ(content("b/k"), "three");
    EXPECT_EQ(files(), 1u);
}

TEST_F(PublicationTest, LeavesNothingBehindUnlessFinished) {
    {
        Publication publication(root());
        ASSERT_TRUE(publication.add(inline_effect("b/k", "content")).ok());
        EXPECT_EQ(files(), 1u);
    }
    EXPECT_EQ(files(), 0u);
}

TEST_F(PublicationTest, AFileKeepsItsModeAndALinkToItStays) {
    fs::create_directories(root() + "/b/deep");
    for (const auto& [name, mode] : {std::pair{"b/private", 0600}, std::pair{"b/program", 0755}, std::pair{"b/deep/file", 0640}}) {
        write(std::string("out/") + name);
        ASSERT_EQ(::chmod((root() + "/" + name).c_str(), mode), 0);
    }
    fs::create_symlink("deep/file", root() + "/b/link");
    fs::create_symlink("../link", root() + "/b/deep/again");
    Publication publication(root());
    for (const char* name : {"b/private", "b/program", "b/deep/again"}) ASSERT_TRUE(publication.add(inline_effect(name, "fresh")).ok()) << name;
    ASSERT_TRUE(publication.finish().ok());
    for (const auto& [name, mode] : {std::pair{"b/private", 0600}, std::pair{"b/program", 0755}, std::pair{"b/deep/file", 0640}}) {
        EXPECT_EQ(content(name), "fresh") << name;
        EXPECT_EQ(static_cast<int>(fs::status(root() + "/" + name).permissions()), mode) << name;
    }
    for (const char* link : {"/b/link", "/b/deep/again"}) EXPECT_TRUE(fs::is_symlink(root() + link)) << link;
}

TEST_F(PublicationTest, NothingIsWrittenBesideOrOverWhatIsNoFile) {
    fs::create_directories(root() + "/b");
    write("outside");
    fs::create_symlink("../../outside", root() + "/b/out");
    fs::create_symlink("round", root() + "/b/round");
    fs::create_symlink("new", root() + "/b/dangling");
    fs::create_symlink("../b/file", root() + "/b/about");
    fs::create_symlink(root() + "/b/file", root() + "/b/absolute");
    fs::create_symlink(root() + "/b", root() + "/b/directory");
    write("out/b/file");
    ASSERT_EQ(::mkfifo((root() + "/b/pipe").c_str(), 0600), 0);
    Publication publication(root());
    for (const char* link : {"b/out", "b/round", "b/dangling", "b/about", "b/absolute", "b/directory/file"}) {
        auto refused = publication.add(inline_effect(link, "x"));
        ASSERT_FALSE(refused.ok()) << link << ": reading does not follow it either";
        EXPECT_NE(refused.error().detail.find("leads out"), std::string::npos);
    }
    EXPECT_NE(publication.add(inline_effect("b/pipe", "x")).error().detail.find("File exists"), std::string::npos);
    EXPECT_EQ(scratch_.content("outside"), "old");
    EXPECT_EQ(content("b/file"), "old");
    EXPECT_TRUE(fs::is_fifo(root() + "/b/pipe"));
    registry::Effect remove = inline_effect("b/out", "");
    remove.is_delete = true;
    ASSERT_TRUE(publication.add(remove).ok());
}

TEST_F(PublicationTest, RefusesWhatCannotBeAFile) {
    Publication publication(root());
    for (const char* path : {"b//k", "b/k/", "b/k//l"}) {
        auto refused = publication.add(inline_effect(path, "x"));
        ASSERT_FALSE(refused.ok()) << path;
        EXPECT_EQ(refused.error().code, Errc::bad_name);
    }
    ASSERT_TRUE(publication.add(inline_effect("b/file", "x")).ok());
    ASSERT_TRUE(publication.add(inline_effect("b/directory/k", "x")).ok());
    ASSERT_TRUE(publication.finish().ok());
    EXPECT_FALSE(publication.add(inline_effect("b/directory", "x")).ok());
    EXPECT_FALSE(publication.add(inline_effect("b/file/k", "x")).ok());
    EXPECT_EQ(files(), 2u);
}

}  // namespace
}  // namespace inlay::cli
