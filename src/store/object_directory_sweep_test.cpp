// The sweep: takes what crashes left, and nothing that anybody knows or may be making.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "os/file.hpp"
#include "store/object_directory.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

class SweepTest : public testing::Test {
  protected:
    std::string put(VersionSource& source) {
        std::string version = source.next();
        EXPECT_TRUE(directory_->write(version, std::string_view("x")).ok());
        return version;
    }
    std::string deploy(VersionSource& source) {
        std::string version = source.next();
        EXPECT_TRUE(directory_->write_module(version, std::string_view("x")).ok());
        return version;
    }
    // A file that appears in the directory by other hands than ours.
    std::filesystem::path plant(const std::string& name) {
        auto path = scratch_.path() / "data" / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << "x";
        return path;
    }
    Swept sweep() { return directory_->sweep(rules_, {}).value(); }
    bool has_object(const std::string& version) { return directory_->open(version).value().has_value(); }
    bool has_module(const std::string& version) { return directory_->open_module(version).value().has_value(); }

    ScratchDirectory scratch_;
    std::unique_ptr<ObjectDirectory> directory_ = ObjectDirectory::create(scratch_ / "data").value();
    VersionSource earlier_{4}, current_{5}, restored_{6};
    std::set<std::string, std::less<>> objects_, modules_;
    SweepRules rules_{.current_epoch = 5,
                      .object_is_known = [this](auto version) -> Result<bool> { return objects_.contains(version); },
                      .module_is_known = [this](auto version) -> Result<bool> { return modules_.contains(version); }};
};

TEST_F(SweepTest, RemovesWhatTheCatalogDoesNotKnowAndKeepsWhatItKnows) {
    std::string known = put(earlier_), lost = put(earlier_);
    std::string known_module = deploy(earlier_), lost_module = deploy(earlier_);
    objects_ = {known, lost_module};
    modules_ = {known_module, lost};
    Swept swept = sweep();
    EXPECT_EQ(swept.known, 2u);
    EXPECT_EQ(swept.removed, 2u);
    EXPECT_TRUE(has_object(known) && has_module(known_module));
    EXPECT_FALSE(has_object(lost) || has_module(lost_module));
    EXPECT_EQ(sweep().removed, 0u);
}

TEST_F(SweepTest, SparesTheCurrentEpochAndLaterOnes) {
    std::string in_progress = put(current_), later = put(restored_), module = deploy(current_);
    Swept swept = sweep();
    EXPECT_EQ(swept.current, 3u);
    EXPECT_EQ(swept.removed, 0u);
    EXPECT_TRUE(has_object(in_progress) && has_object(later) && has_module(module));
}

TEST_F(SweepTest, RemovesTemporariesOfEarlierStartsOnly) {
    std::string old = earlier_.next(), mine = current_.next();
    objects_ = {old};
    auto old_object = plant("objects/" + old.substr(30) + "/" + old + ".tmp");
    auto my_object = plant("objects/" + mine.substr(30) + "/" + mine + ".tmp");
    auto old_module = plant("modules/" + old + ".wasm.tmp");
    auto my_module = plant("modules/" + mine + ".wasm.tmp");
    auto old_compiled = plant("compiled/0123456789abcdef-0.tmp");
    ASSERT_TRUE(directory_->write_compiled("kept.cwasm", std::string_view("x")).ok());
    EXPECT_EQ(sweep().removed, 3u);
    for (auto& gone : {old_object, old_module, old_compiled}) EXPECT_FALSE(std::filesystem::exists(gone)) << gone;
    for (auto& kept : {my_object, my_module}) EXPECT_TRUE(std::filesystem::exists(kept)) << kept;
    EXPECT_TRUE(directory_->open_compiled("kept.cwasm").value());
}

TEST_F(SweepTest, LeavesAloneWhatIsNotOurs) {
    std::vector<std::filesystem::path> foreign = {
        plant("objects/00/README"),      plant("objects/00/.hidden"), plant("objects/00/notes.tmp"),
        plant("modules/" + earlier_.next()), plant("modules/x.wasm")};
    plant("objects/lost+found/file");
    Swept swept = sweep();
    EXPECT_EQ(swept.foreign, foreign.size());
    EXPECT_EQ(swept.removed, 0u);
    for (auto& path : foreign) EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

TEST_F(SweepTest, RemovesNothingThatItCannotAskAbout) {
    std::string lost = put(earlier_);
    rules_.object_is_known = [](auto) -> Result<bool> { return Error{Errc::io_error, "the catalog cannot be read"}; };
    auto swept = directory_->sweep(rules_, {});
    ASSERT_FALSE(swept.ok());
    EXPECT_EQ(swept.error().detail, "the catalog cannot be read");
    EXPECT_TRUE(has_object(lost));
}

TEST_F(SweepTest, StopsWhenAsked) {
    for (int i = 0; i < 10; i++) put(earlier_);
    std::stop_source stop;
    rules_.object_is_known = [&](auto) -> Result<bool> { return stop.request_stop(), false; };
    EXPECT_EQ(directory_->sweep(rules_, stop.get_token())->removed, 1u);
}

TEST_F(SweepTest, TakesManyFilesOfOneDirectory) {
    for (int i = 0; i < 3000; i++) plant("objects/07/" + std::string("00000001") + [&] {
        std::string counter = std::to_string(i) + "07";
        return std::string(24 - counter.size(), '0') + counter;
    }());
    EXPECT_EQ(sweep().removed, 3000u);
}

TEST_F(SweepTest, MakesNoDirectories) {
    sweep();
    EXPECT_TRUE(std::filesystem::is_empty(scratch_.path() / "data/objects"));
}

}  // namespace
}  // namespace inlay::store
