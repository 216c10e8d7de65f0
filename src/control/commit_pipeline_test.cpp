// The pipeline: content before catalog, catalog before news, news before the answer; and nothing left of what failed.
#include "control/commit_pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "os/disk_refusal.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "store/catalog_reader.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::control {
namespace {

class CommitPipelineTest : public testing::Test {
  protected:
    using Answer = std::future<Result<Committed>>;

    // Stores new content under "b/KEY"; its version goes to `version`.
    std::unique_ptr<CommitJob> put_job(const std::string& key, const std::string& content, store::Precondition precondition = {}) {
        auto job = std::make_unique<CommitJob>();
        add_put(*job, key, content, std::move(precondition));
        return job;
    }
    void add_put(CommitJob& job, const std::string& key, const std::string& content, store::Precondition precondition = {}) {
        std::string version = versions_.next();
        job.contents.push_back({NewContent::Kind::object, version, content, {}, content.size()});
        auto record = store::example_object("b", key, version);
        record.size_bytes = content.size();
        job.changes.changes.push_back(store::PutObject{std::move(record), std::move(precondition)});
    }
    Answer submit(std::unique_ptr<CommitJob> job) {
        auto promise = std::make_shared<std::promise<Result<Committed>>>();
        job->done = [this, promise](Result<Committed> result) {
            generation_at_answer_ = generation();
            promise->set_value(std::move(result));
        };
        pipeline_->submit(std::move(job));
        return promise->get_future();
    }
    Result<Committed> commit(std::unique_ptr<CommitJob> job) { return submit(std::move(job)).get(); }
    Result<Committed> commit(store::Change change) {
        auto job = std::make_unique<CommitJob>();
        job->changes.changes.push_back(std::move(change));
        return commit(std::move(job));
    }

    std::string content_of(const std::string& version) {
        auto file = directory_->open(version).value();
        return file ? os::read_all(file->get(), UINT64_MAX).value() : "(absent)";
    }
    std::optional<store::ObjectRecord> find(const std::string& key) {
        return store::CatalogReader::create(path_).value().find_object({"b", key}).value();
    }
    uint64_t generation() { return shared_.state().generation.load(); }
    uint64_t count(Counter counter) { return shared_.supervisor_counters().get(counter); }
    static const std::string& version_of(const CommitJob& job) { return job.contents.at(0).name; }

    store::ScratchDirectory scratch_;
    std::string path_ = scratch_ / "catalog.db";
    store::Catalog catalog_ = store::Catalog::create(path_).value();
    std::unique_ptr<store::ObjectDirectory> directory_ = store::ObjectDirectory::create(scratch_.path()).value();
    registry::SharedMemory shared_ = registry::SharedMemory::open(registry::SharedMemory::create_file().value().get()).value();
    store::VersionSource versions_{1};
    std::atomic<uint64_t> generation_at_answer_{0};
    std::atomic<int> dropped_{0};
    HotTier hot_{1 * MiB, shared_.supervisor_counters()};
    store::Ballast ballast_ = store::Ballast::create(scratch_.path()).value();
    std::optional<CommitPipeline> pipeline_{std::in_place, catalog_, *directory_, shared_, ballast_, hot_, [this] { dropped_++; }};
};

TEST_F(CommitPipelineTest, ContentOfALinkThatBrokeMeanwhileIsNotStored) {
    auto broken = std::make_shared<std::atomic<bool>>(false);
    auto whole = put_job("whole", "content"), changed = put_job("changed", "content");
    whole->contents[0].broken = changed->contents[0].broken = broken;
    EXPECT_TRUE(commit(std::move(whole)).ok());
    *broken = true;
    std::string version = version_of(*changed);
    EXPECT_EQ(commit(std::move(changed)).error().code, Errc::object_changed);
    EXPECT_FALSE(find("changed"));
    EXPECT_EQ(content_of(version), "(absent)");
}

TEST_F(CommitPipelineTest, AStoredObjectIsThereWhenItIsAnswered) {
    auto job = put_job("key", "content");
    std::string version = version_of(*job);
    auto committed = commit(std::move(job));
    ASSERT_TRUE(committed.ok()) << committed.error().detail;
    EXPECT_EQ(committed->applied.effects, std::vector{store::Effect::created});
    EXPECT_EQ(committed->copied_bytes, 7u);
    EXPECT_EQ(content_of(version), "content");
    EXPECT_EQ(find("key")->version, version);
    EXPECT_EQ(count(Counter::objects_put), 1u);
    EXPECT_EQ(count(Counter::commits_total), 1u);
}

TEST_F(CommitPipelineTest, AChangeIsAnnouncedBeforeItIsAnswered) {
    registry::ChangeReader reader(shared_.state());
    ASSERT_TRUE(commit(put_job("key", "content")).ok());
    EXPECT_EQ(generation_at_answer_, 1u);
    std::vector<uint64_t> heard;
    reader.catch_up([&](uint64_t hash) { heard.push_back(hash); }, [] {});
    EXPECT_EQ(heard, std::vector{registry::hash_of_object("b", "key")});
}

TEST_F(CommitPipelineTest, PagesAreWrittenFromTheirMemfd) {
    std::string content(100'001, 'p');
    auto job = put_job("key", content);
    job->contents[0].inline_bytes.clear();
    job->contents[0].pages = os::create_memfd_of("commit-test", content).value();
    std::string version = version_of(*job);
    ASSERT_TRUE(commit(std::move(job)).ok());
    EXPECT_TRUE(content_of(version) == content);
}

TEST_F(CommitPipelineTest, FinalPagesStayInMemoryUntilTheirVersionGoesOrOthersNeedTheRoom) {
    auto put_pages = [&](const std::string& key, size_t size, bool final = true) {
        auto job = put_job(key, std::string(size, 'p'));
        job->contents[0].inline_bytes.clear();
        job->contents[0].pages = os::create_memfd_of("commit-test", std::string(size, 'p')).value();
        EXPECT_TRUE(!final || os::seal(job->contents[0].pages.get()).ok());
        std::string version = version_of(*job);
        EXPECT_TRUE(commit(std::move(job)).ok());
        return version;
    };
    auto first = put_pages("key", 128 * KiB);
    EXPECT_TRUE(hot_.find(first));
    EXPECT_EQ(content_of(first).size(), 128 * KiB) << "beside its file";
    EXPECT_FALSE(hot_.find(put_pages("other", 128 * KiB, false)));
    auto second = put_pages("key", 128 * KiB);
    EXPECT_TRUE(!hot_.find(first) && hot_.find(second));
    registry::ChangeReader reader(shared_.state());
    put_pages("large", 1 * MiB);
    EXPECT_FALSE(hot_.find(second));
    std::vector<uint64_t> heard;
    reader.catch_up([&](uint64_t hash) { heard.push_back(hash); }, [] {});
    EXPECT_EQ(heard, (std::vector{registry::hash_of_object("b", "key"), registry::hash_of_object("b", "large")}));
    ASSERT_TRUE(commit(store::DeleteObject{{"b", "large"}, {}}).ok());
    EXPECT_EQ(count(Counter::hot_bytes), 0u);
}

TEST_F(CommitPipelineTest, ContentThatWasBegunBeforeIsStored) {
    std::string content(100'001, 'c');
    auto job = put_job("key", content);
    job->contents[0].inline_bytes.clear();
    job->contents[0].begun = std::make_shared<BegunContent>(*directory_, os::create_memfd_of("commit-test", content).value(), 1 << 20, 0);
    ASSERT_TRUE(job->contents[0].begun->write(70'000).ok());
    std::string version = version_of(*job);
    ASSERT_TRUE(commit(std::move(job)).ok());
    EXPECT_TRUE(content_of(version) == content);
}

TEST_F(CommitPipelineTest, EmptyPagesAreAnEmptyObject) {
    auto job = put_job("key", "");
    job->contents[0].pages = os::create_memfd("commit-test", 0).value();
    std::string version = version_of(*job);
    auto committed = commit(std::move(job));
    ASSERT_TRUE(committed.ok()) << committed.error().detail;
    EXPECT_EQ(content_of(version), "");
}

TEST_F(CommitPipelineTest, AFailedPreconditionLeavesNothing) {
    ASSERT_TRUE(commit(put_job("key", "first")).ok());
    uint64_t before = generation();
    auto job = put_job("key", "second", {.must_be_absent = true});
    add_put(*job, "other", "third");
    std::string second = version_of(*job), third = job->contents[1].name;
    auto refused = commit(std::move(job));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::precondition_failed);
    EXPECT_EQ(content_of(second), "(absent)");
    EXPECT_EQ(content_of(third), "(absent)");
    EXPECT_FALSE(find("other")) << "all or nothing";
    EXPECT_EQ(generation(), before);
    EXPECT_EQ(count(Counter::objects_put), 1u);
}

TEST_F(CommitPipelineTest, ContentThatCannotBeWrittenIsNeverNamed) {
    auto job = put_job("key", "good");
    add_put(*job, "other", "bad");
    std::string good = version_of(*job);
    job->contents[1].name = "no version";
    auto failed = commit(std::move(job));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Errc::corrupt);
    EXPECT_FALSE(find("key"));
    EXPECT_EQ(content_of(good), "(absent)");
    EXPECT_EQ(generation(), 0u);
}

TEST_F(CommitPipelineTest, AReplacedVersionIsDroppedAndItsFileGoes) {
    auto job = put_job("key", "first");
    std::string first = version_of(*job);
    ASSERT_TRUE(commit(std::move(job)).ok());
    EXPECT_EQ(dropped_, 0);
    auto replaced = commit(put_job("key", "second"));
    ASSERT_TRUE(replaced.ok());
    EXPECT_EQ(replaced->applied.effects, std::vector{store::Effect::replaced});
    EXPECT_EQ(dropped_, 1);
    pipeline_.reset();  // Finishes what runs aside.
    EXPECT_EQ(content_of(first), "(absent)");
    EXPECT_EQ(content_of(find("key")->version), "second");
}

TEST_F(CommitPipelineTest, DeletesWithoutContent) {
    ASSERT_TRUE(commit(put_job("key", "content")).ok());
    auto deleted = commit(store::DeleteObject{{"b", "key"}, {}});
    ASSERT_TRUE(deleted.ok());
    EXPECT_EQ(deleted->applied.effects, std::vector{store::Effect::removed});
    EXPECT_EQ(generation(), 2u);
    EXPECT_EQ(count(Counter::objects_deleted), 1u);
    EXPECT_EQ(commit(store::DeleteObject{{"b", "key"}, {}}).error().code, Errc::object_not_found);
    EXPECT_EQ(generation(), 2u) << "nothing changed";
}

TEST_F(CommitPipelineTest, FunctionsAndTheirModules) {
    registry::ChangeReader reader(shared_.state());
    std::string version = versions_.next();
    auto job = std::make_unique<CommitJob>();
    job->contents.push_back({NewContent::Kind::module, version, "module", {}, 6});
    job->contents.push_back({NewContent::Kind::compiled, version + "-key.cwasm", "code", {}, 4});
    job->changes.changes.push_back(store::DeployFunction{store::example_function("f", version)});
    auto deployed = commit(std::move(job));
    ASSERT_TRUE(deployed.ok()) << deployed.error().detail;
    EXPECT_TRUE(directory_->open_module(version).value());
    EXPECT_TRUE(directory_->open_compiled(version + "-key.cwasm").value());
    EXPECT_EQ(count(Counter::functions_deployed), 1u);
    ASSERT_TRUE(commit(store::RemoveFunction{"f"}).ok());
    std::vector<uint64_t> heard;
    reader.catch_up([&](uint64_t hash) { heard.push_back(hash); }, [] {});
    EXPECT_EQ(heard, (std::vector<uint64_t>(2, registry::hash_of_function("f"))));
    EXPECT_EQ(commit(store::RemoveFunction{"f"}).error().code, Errc::function_not_found);
    pipeline_.reset();
    EXPECT_FALSE(directory_->open_module(version).value());
}

TEST_F(CommitPipelineTest, ManyRequestsShareTransactions) {
    constexpr size_t kJobs = 2 * kCommitBatchMax + 50;
    std::vector<Answer> answers;
    for (size_t i = 0; i < kJobs; i++) answers.push_back(submit(put_job(std::to_string(i), std::to_string(i))));
    for (auto& answer : answers) EXPECT_TRUE(answer.get().ok());
    EXPECT_EQ(generation(), kJobs);
    EXPECT_EQ(count(Counter::objects_put), kJobs);
    EXPECT_LT(count(Counter::commits_total), kJobs);
    for (size_t i = 0; i < kJobs; i += 50) EXPECT_EQ(content_of(find(std::to_string(i))->version), std::to_string(i));
}

TEST_F(CommitPipelineTest, OneFailureInABatchIsAlone) {
    ASSERT_TRUE(commit(put_job("taken", "x")).ok());
    std::vector<Answer> answers;
    for (int i = 0; i < 40; i++) answers.push_back(submit(i % 2 ? put_job("taken", "y", {.must_be_absent = true}) : put_job(std::to_string(i), "x")));
    for (size_t i = 0; i < answers.size(); i++) EXPECT_EQ(answers[i].get().ok(), i % 2 == 0) << i;
}

TEST_F(CommitPipelineTest, FinishesEverythingThatWasSubmitted) {
    std::vector<Answer> answers;
    for (int i = 0; i < 100; i++) answers.push_back(submit(put_job(std::to_string(i), "x")));
    std::atomic<bool> aside = false;
    pipeline_->run_aside([&] { aside = true; });
    pipeline_.reset();
    EXPECT_TRUE(aside);
    for (auto& answer : answers) {
        ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
        EXPECT_TRUE(answer.get().ok());
    }
}

// The kernel forgets what it could not write, and the next sync succeeds.
TEST_F(CommitPipelineTest, AfterAFailedSyncOfNamesOrOfTheLogNothingIsStoredHoweverWellTheDiskIs) {
    for (std::string place : {"objects/", "modules", "catalog.db-wal"}) {
        pipeline_.emplace(catalog_, *directory_, shared_, ballast_, hot_, [] {});
        uint64_t failures = count(Counter::storage_failed);
        std::string kept = "kept " + place.substr(0, 3);
        ASSERT_TRUE(commit(put_job(kept, "content")).ok());
        auto deploy = [&] {
            auto job = std::make_unique<CommitJob>();
            job->contents.push_back({NewContent::Kind::module, versions_.next(), "module", {}, 6});
            job->changes.changes.push_back(store::DeployFunction{store::example_function("f", job->contents[0].name)});
            return job;
        };
        auto ends = [&](const std::string& path) {
            return place == "objects/" ? path.find(place) != path.npos && std::filesystem::is_directory(path) : path.ends_with(place);
        };
        os::DiskRefusal refusal(os::DiskStep::sync, ENOSPC, ends);
        auto failed = commit(place == "modules" ? deploy() : put_job("lost", "content"));
        ASSERT_FALSE(failed.ok()) << place;
        EXPECT_EQ(failed.error().code, Errc::storage_failed) << failed.error().detail;
        EXPECT_EQ(refusal.refused(), 1) << place << ": not once more";
        refusal.end();
        int passed = refusal.passed();
        EXPECT_EQ(commit(put_job("later", "content")).error().code, Errc::storage_failed);
        EXPECT_EQ(commit(deploy()).error().code, Errc::storage_failed);
        EXPECT_EQ(commit(store::DeleteObject{{"b", kept}, {}}).error().code, Errc::storage_failed);
        EXPECT_EQ(refusal.passed(), passed) << "the disk is left alone";
        EXPECT_EQ(count(Counter::storage_failed), failures + 1);
        EXPECT_TRUE(find(kept));
        EXPECT_FALSE(find("later"));
    }
}

TEST_F(CommitPipelineTest, AFailedSyncOfContentFailsThatPutAndNoOther) {
    auto job = put_job("lost", "content");
    std::string version = version_of(*job);
    {
        os::DiskRefusal refusal(os::DiskStep::sync, EIO, [](const std::string& path) { return path.find("objects") != path.npos; });
        EXPECT_EQ(commit(std::move(job)).error().code, Errc::io_error);
        EXPECT_EQ(refusal.refused(), 1) << "not once more";
    }
    EXPECT_EQ(content_of(version), "(absent)");
    EXPECT_TRUE(commit(put_job("key", "content")).ok());
    EXPECT_EQ(count(Counter::storage_failed), 0u);
}

}  // namespace
}  // namespace inlay::control
