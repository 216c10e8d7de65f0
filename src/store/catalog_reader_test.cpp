// The catalog's readers: records come back whole, listings come in the order of bytes, page by page.
#include "store/catalog_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "store/catalog.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

using Keys = std::vector<std::string>;

class CatalogReaderTest : public testing::Test {
  protected:
    void put(const std::string& bucket, const Keys& keys) {
        std::vector<ChangeSet> sets;
        for (const auto& key : keys) sets.push_back(put_of(example_object(bucket, key, versions_.next())));
        ASSERT_TRUE(catalog_.commit(sets).ok());
    }
    // All keys with the prefix, by pages of `limit`.
    Keys keys(std::string_view bucket, std::string_view prefix, size_t limit = kListKeysMax) {
        Keys all;
        std::string after;
        do {
            auto page = reader_.list_objects({bucket, prefix, after, limit}).value();
            EXPECT_LE(page.objects.size(), limit);
            EXPECT_TRUE(page.next.empty() || page.objects.size() == limit);
            for (auto& object : page.objects) all.push_back(object.name.key);
            after = page.next;
        } while (!after.empty());
        return all;
    }

    ScratchDirectory scratch_;
    std::string path_ = scratch_ / "catalog.db";
    Catalog catalog_ = Catalog::create(path_).value();
    CatalogReader reader_ = CatalogReader::create(path_).value();
    VersionSource versions_{1};
};

TEST_F(CatalogReaderTest, FindsARecordAsItWasPut) {
    auto object = example_object("bucket", "\xc3\xa4/\xf0\x9f\x98\x80", versions_.next());
    object.size_bytes = uint64_t{1} << 50;
    object.content_type = "text/html; charset=utf-8";
    auto function = example_function("f", versions_.next());
    ASSERT_TRUE(catalog_.commit(std::vector{put_of(object), ChangeSet{{DeployFunction{function}}}}).ok());
    EXPECT_EQ(reader_.find_object(object.name).value(), object);
    EXPECT_EQ(reader_.list_objects({.bucket = "bucket"})->objects, std::vector{object});
    EXPECT_EQ(reader_.find_function("f").value(), function);
    EXPECT_EQ(reader_.list_functions().value(), std::vector{function});
}

TEST_F(CatalogReaderTest, GoesOverAllObjectsAndEndsAtTheFirstError) {
    Keys keys;
    for (int i = 0; i < 2'500; i++) keys.push_back(std::to_string(10'000 + i));
    put("first", {"one"});
    put("second", keys);
    put("third", {"last"});
    Keys seen;
    auto see = [&](const ObjectRecord& object) -> Result<> {
        seen.push_back(object.name.key);
        EXPECT_TRUE(reader_.has_object_version(object.version).value());
        return {};
    };
    ASSERT_TRUE(reader_.for_each_object(see).ok());
    keys.insert(keys.begin(), "one");
    keys.push_back("last");
    EXPECT_EQ(seen, keys);
    EXPECT_EQ(reader_.count()->objects, keys.size());
    int calls = 0;
    auto fail = [&](const ObjectRecord&) -> Result<> { return ++calls == 3 ? Result<>(Error{Errc::io_error, "x"}) : Result<>(); };
    EXPECT_FALSE(reader_.for_each_object(fail).ok());
    EXPECT_EQ(calls, 3);
}

TEST_F(CatalogReaderTest, KnowsWhichObjectsAreLinkedAndWhere) {
    put("bucket", {"own"});
    auto linked = example_object("bucket", "linked", versions_.next());
    linked.link_path = "/a/\xff";
    linked.link_stamp = "inode=1";
    ASSERT_TRUE(catalog_.commit(std::vector{put_of(linked)}).ok());
    EXPECT_EQ(reader_.find_object(linked.name).value(), linked);
    EXPECT_EQ(reader_.list_linked().value(), std::vector{linked});
    put("bucket", {"linked"});
    EXPECT_FALSE(reader_.find_object(linked.name).value()->linked()) << "replaced by one of our own";
    EXPECT_TRUE(reader_.list_linked().value().empty());
}

TEST_F(CatalogReaderTest, WhatIsAbsentIsNothingAndNoError) {
    EXPECT_FALSE(reader_.find_object({"bucket", "key"}).value());
    EXPECT_FALSE(reader_.find_function("f").value());
    EXPECT_FALSE(reader_.has_object_version(versions_.next()).value());
    EXPECT_TRUE(reader_.list_objects({.bucket = "bucket"})->objects.empty());
    EXPECT_TRUE(reader_.list_buckets()->buckets.empty());
    EXPECT_TRUE(reader_.list_functions()->empty());
}

TEST_F(CatalogReaderTest, KnowsVersionsUntilTheyAreReplaced) {
    std::string object = versions_.next(), module = versions_.next();
    ASSERT_TRUE(catalog_.commit(std::vector{put_of(example_object("bucket", "key", object)),
                                            ChangeSet{{DeployFunction{example_function("f", module)}}}}).ok());
    EXPECT_TRUE(reader_.has_object_version(object).value());
    EXPECT_TRUE(reader_.has_module_version(module).value());
    EXPECT_FALSE(reader_.has_object_version(module).value());
    EXPECT_FALSE(reader_.has_module_version(object).value());
    put("bucket", {"key"});
    EXPECT_FALSE(reader_.has_object_version(object).value());
}

TEST_F(CatalogReaderTest, ListsKeysInTheOrderOfTheirBytes) {
    Keys sorted = {"A", "B", "Z", "a", "a b", "a!", "a/b", "a/b/c", "ab",
                   "\xc2\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"};
    std::sort(sorted.begin(), sorted.end());
    Keys shuffled(sorted.rbegin(), sorted.rend());
    put("bucket", shuffled);
    put("bucket2", {"other"});
    for (size_t limit : {1u, 2u, 5u, 12u, 1000u}) EXPECT_EQ(keys("bucket", "", limit), sorted) << limit;
}

TEST_F(CatalogReaderTest, APrefixEndsWhereItsBytesEnd) {
    put("bucket", {"a", "a\x7f", "a\xc3\xbf", "a\xf4\x8f\xbf\xbf", "a\xf4\x8f\xbf\xbfz", "b", "\xf4\x8f\xbf\xbf"});
    EXPECT_EQ(keys("bucket", "a"), (Keys{"a", "a\x7f", "a\xc3\xbf", "a\xf4\x8f\xbf\xbf", "a\xf4\x8f\xbf\xbfz"}));
    EXPECT_EQ(keys("bucket", "a\xf4\x8f\xbf\xbf"), (Keys{"a\xf4\x8f\xbf\xbf", "a\xf4\x8f\xbf\xbfz"}));
    EXPECT_EQ(keys("bucket", "\xf4\x8f\xbf"), (Keys{"\xf4\x8f\xbf\xbf"}));
    EXPECT_EQ(keys("bucket", "a\xf4", 1), (Keys{"a\xf4\x8f\xbf\xbf", "a\xf4\x8f\xbf\xbfz"}));
    EXPECT_EQ(keys("bucket", "c"), Keys{});
}

// Keys are UTF-8 above the store; the store itself does not depend on that.
TEST_F(CatalogReaderTest, APrefixMayEndInOrConsistOfTheHighestByte) {
    put("bucket", {"a\xff", "a\xff\xff", "a\xff\xff\x01", "b", "\xfe", "\xff", "\xff\xff", "\xff\xff\xff"});
    EXPECT_EQ(keys("bucket", "a\xff"), (Keys{"a\xff", "a\xff\xff", "a\xff\xff\x01"}));
    EXPECT_EQ(keys("bucket", "a\xff\xff"), (Keys{"a\xff\xff", "a\xff\xff\x01"}));
    EXPECT_EQ(keys("bucket", "\xff"), (Keys{"\xff", "\xff\xff", "\xff\xff\xff"}));
    EXPECT_EQ(keys("bucket", "\xff\xff", 1), (Keys{"\xff\xff", "\xff\xff\xff"}));
}

TEST_F(CatalogReaderTest, AfterLiesBeforeInsideOrPastThePrefix) {
    put("bucket", {"a", "aa", "b", "b\x01", "b1", "b2", "c"});
    auto from = [&](std::string_view after) {
        Keys found;
        auto page = reader_.list_objects({.bucket = "bucket", .prefix = "b", .after = after}).value();
        for (auto& object : page.objects) found.push_back(object.name.key);
        return found;
    };
    EXPECT_EQ(from("a"), (Keys{"b", "b\x01", "b1", "b2"}));
    EXPECT_EQ(from("b"), (Keys{"b\x01", "b1", "b2"}));
    EXPECT_EQ(from("b11"), (Keys{"b2"}));
    EXPECT_EQ(from("b2"), Keys{});
    EXPECT_EQ(from("c"), Keys{});
}

TEST_F(CatalogReaderTest, APageHoldsAtMostItsBound) {
    Keys many;
    for (size_t i = 0; i < kListKeysMax + 1; i++) many.push_back(std::to_string(i));
    put("bucket", many);
    auto page = reader_.list_objects({.bucket = "bucket", .limit = 10 * kListKeysMax}).value();
    EXPECT_EQ(page.objects.size(), kListKeysMax);
    EXPECT_EQ(page.next, page.objects.back().name.key);
    EXPECT_EQ(reader_.list_objects({.bucket = "bucket", .limit = 0})->objects.size(), 1u);
    EXPECT_EQ(keys("bucket", "").size(), kListKeysMax + 1);
}

TEST_F(CatalogReaderTest, ListsBucketsOncePageByPageAsLongAsTheyHoldAnObject) {
    for (const char* bucket : {"b", "a", "C", "ab"}) put(bucket, {"1", "2", "3"});
    EXPECT_EQ(reader_.list_buckets()->buckets, (Keys{"C", "a", "ab", "b"}));
    auto page = reader_.list_buckets("", 3).value();
    EXPECT_EQ(page.buckets, (Keys{"C", "a", "ab"}));
    page = reader_.list_buckets(page.next, 3).value();
    EXPECT_EQ(page.buckets, Keys{"b"});
    EXPECT_EQ(page.next, "");
    std::vector<ChangeSet> sets;
    for (const char* key : {"1", "2", "3"}) sets.push_back({{DeleteObject{{"ab", key}, {}}}});
    ASSERT_TRUE(catalog_.commit(sets).ok());
    EXPECT_EQ(reader_.list_buckets()->buckets, (Keys{"C", "a", "b"}));
}

TEST_F(CatalogReaderTest, SeesEachCommitThatReturnedBeforeItsCall) {
    for (int i = 0; i < 20; i++) {
        std::string version = versions_.next();
        ASSERT_TRUE(catalog_.commit(std::vector{put_of(example_object("bucket", "key", version))}).ok());
        EXPECT_EQ(reader_.find_object({"bucket", "key"}).value()->version, version);
    }
}

TEST_F(CatalogReaderTest, OfAnotherThreadNeverSeesHalfASet) {
    put("bucket", {"a", "b"});
    std::atomic<bool> done = false;
    std::jthread reading([&] {
        auto reader = CatalogReader::create(path_).value();
        while (!done) {
            auto page = reader.list_objects({.bucket = "bucket"}).value();
            ASSERT_EQ(page.objects.size(), 2u);
            ASSERT_EQ(page.objects[0].modified_ms, page.objects[1].modified_ms);
        }
    });
    for (uint64_t i = 0; i < 100; i++) {
        auto a = example_object("bucket", "a", versions_.next()), b = example_object("bucket", "b", versions_.next());
        a.modified_ms = b.modified_ms = i;
        ASSERT_TRUE(catalog_.commit(std::vector<ChangeSet>{{{PutObject{a, {}}, PutObject{b, {}}}}}).ok());
    }
    done = true;
}

TEST_F(CatalogReaderTest, NeedsACatalog) { EXPECT_FALSE(CatalogReader::create(scratch_ / "absent").ok()); }

}  // namespace
}  // namespace inlay::store
