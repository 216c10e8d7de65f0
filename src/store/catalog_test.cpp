// The catalog's writer: sets are all or nothing, batches are not, and what is reported applied is there afterwards.
#include "store/catalog.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "store/catalog_reader.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

class CatalogTest : public testing::Test {
  protected:
    Result<Applied> commit(ChangeSet set) {
        auto answers = catalog_.commit(std::span(&set, 1));
        if (!answers) return std::move(answers).error();
        return std::move(answers.value().at(0));
    }
    // Puts "bucket/key" in a new version and returns that.
    std::string put(const std::string& key = "key") {
        std::string version = versions_.next();
        EXPECT_TRUE(commit(put_of(example_object("bucket", key, version))).ok());
        return version;
    }
    Errc code_of_put(Precondition precondition) {
        auto applied = commit(put_of(example_object("bucket", "key", versions_.next()), std::move(precondition)));
        return applied ? Errc::internal : applied.error().code;
    }
    std::string version_now(const std::string& key = "key") {
        auto found = CatalogReader::create(path_).value().find_object({"bucket", key}).value();
        return found ? found->version : "absent";
    }

    ScratchDirectory scratch_;
    std::string path_ = scratch_ / "catalog.db";
    Catalog catalog_ = Catalog::create(path_).value();
    VersionSource versions_{1};
};

using Versions = std::vector<std::string>;
using Effects = std::vector<Effect>;

TEST_F(CatalogTest, SaysWhatAPutCreatedOrReplaced) {
    std::string first = versions_.next(), second = versions_.next();
    auto created = commit(put_of(example_object("bucket", "key", first)));
    ASSERT_TRUE(created.ok());
    EXPECT_EQ(created->effects, Effects{Effect::created});
    EXPECT_EQ(created->unreferenced_objects, Versions{});
    auto replaced = commit(put_of(example_object("bucket", "key", second)));
    ASSERT_TRUE(replaced.ok());
    EXPECT_EQ(replaced->effects, Effects{Effect::replaced});
    EXPECT_EQ(replaced->unreferenced_objects, Versions{first});
    EXPECT_EQ(version_now(), second);
}

TEST_F(CatalogTest, DeletesAnObjectOnce) {
    std::string version = put();
    auto removed = commit({{DeleteObject{{"bucket", "key"}, {}}}});
    ASSERT_TRUE(removed.ok());
    EXPECT_EQ(removed->effects, Effects{Effect::removed});
    EXPECT_EQ(removed->unreferenced_objects, Versions{version});
    EXPECT_EQ(commit({{DeleteObject{{"bucket", "key"}, {}}}}).error().code, Errc::object_not_found);
}

TEST_F(CatalogTest, AnObjectIsNamedByBucketAndKeyTogether) {
    std::string version = put();
    ASSERT_TRUE(commit(put_of(example_object("bucke", "tkey", versions_.next()))).ok());
    ASSERT_TRUE(commit(put_of(example_object("Bucket", "key", versions_.next()))).ok());
    EXPECT_EQ(version_now(), version);
}

TEST_F(CatalogTest, PreconditionsOfAPutHoldOrNothingChanges) {
    EXPECT_EQ(code_of_put({.must_exist = true}), Errc::precondition_failed);
    EXPECT_EQ(code_of_put({.must_match_version = versions_.next()}), Errc::precondition_failed);
    EXPECT_EQ(version_now(), "absent");
    ASSERT_TRUE(commit(put_of(example_object("bucket", "key", versions_.next()), {.must_be_absent = true})).ok());
    std::string version = version_now();
    EXPECT_EQ(code_of_put({.must_be_absent = true}), Errc::precondition_failed);
    EXPECT_EQ(code_of_put({.must_match_version = versions_.next()}), Errc::precondition_failed);
    EXPECT_EQ(version_now(), version);
    ASSERT_TRUE(commit(put_of(example_object("bucket", "key", versions_.next()), {.must_exist = true})).ok());
    version = version_now();
    ASSERT_TRUE(
        commit(put_of(example_object("bucket", "key", versions_.next()), {.must_match_version = version})).ok());
    EXPECT_NE(version_now(), version);
}

TEST_F(CatalogTest, PreconditionsOfADeleteComeBeforeItsAbsence) {
    ObjectName name{"bucket", "key"};
    EXPECT_EQ(commit({{DeleteObject{name, {.must_exist = true}}}}).error().code, Errc::precondition_failed);
    std::string version = put();
    EXPECT_EQ(commit({{DeleteObject{name, {.must_match_version = versions_.next()}}}}).error().code,
              Errc::precondition_failed);
    EXPECT_EQ(version_now(), version);
    EXPECT_TRUE(commit({{DeleteObject{name, {.must_match_version = version}}}}).ok());
}

TEST_F(CatalogTest, OneFailingSetOfABatchLeavesTheOthersApplied) {
    std::string old = put("b");
    std::vector<ChangeSet> sets = {
        put_of(example_object("bucket", "a", versions_.next())),
        {{PutObject{example_object("bucket", "b", versions_.next()), {}},
          DeployFunction{example_function("f", versions_.next())},
          PutObject{example_object("bucket", "a", versions_.next()), {.must_be_absent = true}}}},
        put_of(example_object("bucket", "c", versions_.next())),
    };
    auto answers = catalog_.commit(sets);
    ASSERT_TRUE(answers.ok());
    ASSERT_EQ(answers->size(), 3u);
    EXPECT_TRUE(answers->at(0).ok());
    EXPECT_EQ(answers->at(1).error().code, Errc::precondition_failed);
    EXPECT_TRUE(answers->at(2).ok());
    EXPECT_NE(version_now("a"), "absent");
    EXPECT_EQ(version_now("b"), old);
    EXPECT_NE(version_now("c"), "absent");
    EXPECT_FALSE(CatalogReader::create(path_).value().find_function("f").value());
}

TEST_F(CatalogTest, LaterSetsOfABatchSeeEarlierOnes) {
    std::string first = versions_.next(), second = versions_.next();
    std::vector<ChangeSet> sets = {
        put_of(example_object("bucket", "key", first), {.must_be_absent = true}),
        put_of(example_object("bucket", "key", second), {.must_match_version = first}),
    };
    auto answers = catalog_.commit(sets);
    ASSERT_TRUE(answers.ok());
    EXPECT_EQ(answers->at(1).value().unreferenced_objects, Versions{first});
    EXPECT_EQ(version_now(), second);
}

TEST_F(CatalogTest, OfTwoPutsInOneSetTheLastWinsAndTheFirstIsUnreferenced) {
    std::string first = versions_.next(), second = versions_.next();
    auto applied = commit({{PutObject{example_object("bucket", "key", first), {}},
                            PutObject{example_object("bucket", "key", second), {}}}});
    ASSERT_TRUE(applied.ok());
    EXPECT_EQ(applied->effects, (Effects{Effect::created, Effect::replaced}));
    EXPECT_EQ(applied->unreferenced_objects, Versions{first});
    EXPECT_EQ(version_now(), second);
}

TEST_F(CatalogTest, AVersionUsedTwiceFailsTheCommitInsteadOfSharingAFile) {
    std::string version = put("a");
    std::vector<ChangeSet> sets = {put_of(example_object("bucket", "b", versions_.next())),
                                   put_of(example_object("bucket", "c", version))};
    auto answers = catalog_.commit(sets);
    ASSERT_FALSE(answers.ok());
    EXPECT_EQ(answers.error().code, Errc::internal);
    EXPECT_EQ(version_now("a"), version);
    EXPECT_EQ(version_now("b"), "absent");
    EXPECT_NE(put("d"), "absent");
}

TEST_F(CatalogTest, FunctionsAreDeployedReplacedAndRemoved) {
    std::string first = versions_.next(), second = versions_.next();
    EXPECT_EQ(commit({{DeployFunction{example_function("f", first)}}})->effects, Effects{Effect::created});
    auto replaced = commit({{DeployFunction{example_function("f", second)}}});
    ASSERT_TRUE(replaced.ok());
    EXPECT_EQ(replaced->effects, Effects{Effect::replaced});
    EXPECT_EQ(replaced->unreferenced_modules, Versions{first});
    auto removed = commit({{RemoveFunction{"f"}}});
    ASSERT_TRUE(removed.ok());
    EXPECT_EQ(removed->unreferenced_modules, Versions{second});
    EXPECT_EQ(removed->unreferenced_objects, Versions{});
    EXPECT_EQ(commit({{RemoveFunction{"f"}}}).error().code, Errc::function_not_found);
}

TEST_F(CatalogTest, HoldsFunctionsUpToTheirLimitAndStillReplacesThem) {
    std::vector<ChangeSet> sets;
    for (size_t i = 0; i < kFunctionsMax; i++)
        sets.push_back({{DeployFunction{example_function("f" + std::to_string(i), versions_.next())}}});
    ASSERT_TRUE(catalog_.commit(sets).ok());
    EXPECT_EQ(commit({{DeployFunction{example_function("more", versions_.next())}}}).error().code, Errc::overloaded);
    EXPECT_TRUE(commit({{DeployFunction{example_function("f0", versions_.next())}}}).ok());
    EXPECT_EQ(CatalogReader::create(path_).value().list_functions()->size(), kFunctionsMax);
}

TEST_F(CatalogTest, AnEmptyBatchAndAnEmptySetChangeNothing) {
    EXPECT_EQ(catalog_.commit({})->size(), 0u);
    EXPECT_TRUE(commit({})->effects.empty());
}

TEST_F(CatalogTest, KeepsEverythingAcrossReopeningAndRaisesItsEpoch) {
    EXPECT_EQ(catalog_.start_epoch().value(), 1u);
    std::string version = put();
    catalog_ = Catalog::create(path_).value();
    EXPECT_EQ(catalog_.start_epoch().value(), 2u);
    EXPECT_EQ(version_now(), version);
}

TEST_F(CatalogTest, OfANewerProgramIsRefused) {
    ASSERT_TRUE(Database::create(path_)->execute("PRAGMA user_version = 99").ok());
    auto refused = Catalog::create(path_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::unsupported_version);
    EXPECT_EQ(CatalogReader::create(path_).error().code, Errc::unsupported_version);
}

TEST_F(CatalogTest, AFullDiskFailsTheWholeBatchAndLeavesTheCatalogUsable) {
    MountedFilesystem tiny("tmpfs", "size=1m");
    if (!tiny.reason().empty()) GTEST_SKIP() << tiny.reason();
    std::string path = tiny / "catalog.db";
    auto full = Catalog::create(path).value();
    std::vector<ChangeSet> sets;
    for (int i = 0; i < 3000; i++)
        sets.push_back(put_of(example_object("bucket", std::string(500, 'k') + std::to_string(i), versions_.next())));
    auto answers = full.commit(sets);
    ASSERT_FALSE(answers.ok());
    EXPECT_EQ(answers.error().code, Errc::no_space);
    EXPECT_EQ(CatalogReader::create(path)->list_buckets()->buckets.size(), 0u);
    EXPECT_TRUE(full.commit(std::span(sets).first(2)).ok());
}

}  // namespace
}  // namespace inlay::store
