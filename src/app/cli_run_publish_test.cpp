// Publications: all files or none, whole or not at all.
#include "app/cli_run_publish.hpp"

#include <gtest/gtest.h>

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
