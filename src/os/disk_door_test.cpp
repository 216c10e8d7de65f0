// The disk's door: whatever changes the disk is shown before, and does not happen when it is refused.
#include "os/disk_door.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "os/directory.hpp"
#include "os/disk_refusal.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

struct Change {
    DiskStep step;
    std::function<Result<>()> make;
};

template <class T>
Result<> without_value(Result<T> result) {
    return result.ok() ? Result<>() : Result<>(result.error());
}

class DiskDoorTest : public testing::Test {
  protected:
    // One of each kind and way.
    std::vector<Change> changes() {
        int at = scratch_.fd();
        auto path = [this](const std::string& name) { return scratch_.path() + "/" + name; };
        return {
            {DiskStep::make_directory, [=] { return without_value(make_directory(at, "made")); }},
            {DiskStep::make_directory, [=] { return without_value(open_directory(path("opened"))); }},
            {DiskStep::make_directory, [=] { return without_value(create_directory(path("created"))); }},
            {DiskStep::remove_directory, [=] { return remove_directory(at, "removable"); }},
            {DiskStep::create, [=] { return without_value(create_file(at, "new")); }},
            {DiskStep::create, [=] { return without_value(make_file(at, "empty")); }},
            {DiskStep::create_unnamed, [=] { return without_value(create_unnamed(at)); }},
            {DiskStep::reserve, [this] { return reserve(file_.get(), 100); }},
            {DiskStep::write, [this] { return write_all(file_.get(), "a"); }},
            {DiskStep::write, [this] { return write_all_at(file_.get(), "b", 5); }},
            {DiskStep::write, [this] { return without_value(write_direct(file_.get(), {pages_.get(), 0, 4096})); }},
            {DiskStep::write, [this] { return without_value(write_piece(file_.get(), 0, {pages_.get(), 0, 4096})); }},
            {DiskStep::write, [this] { return pass_on(file_.get(), {pages_.get(), 0, 10}); }},
            {DiskStep::write, [this] { return copy_file(pages_.get(), file_.get(), 10); }},
            {DiskStep::map, [this] { return write_copied(file_.get(), {pages_.get(), 0, 10}); }},
            {DiskStep::truncate, [this] { return truncate(file_.get(), 3); }},
            {DiskStep::sync, [this] { return sync(file_.get()); }},
            {DiskStep::sync, [=] { return sync_parent(at); }},
            {DiskStep::sync_all, [=] { return sync_filesystem(at); }},
            {DiskStep::link, [=, this] { return link(file_.get(), at, "linked"); }},
            {DiskStep::rename, [=] { return rename(at, "renamable", "renamed"); }},
            {DiskStep::rename, [=] { return rename_directory(path("tree"), path("moved")); }},
            {DiskStep::unlink, [=] { return unlink(at, "renamable"); }},
            {DiskStep::unlink, [=] { return remove_tree(path("moved")); }},
        };
    }
    std::vector<std::string> names() {
        std::vector<std::string> found;
        EXPECT_TRUE(for_each_entry(scratch_.fd(), [&](std::string_view name) { return found.emplace_back(name), true; }).ok());
        std::sort(found.begin(), found.end());
        return found;
    }

    Scratch scratch_;
    Fd file_ = create_file(scratch_.fd(), "file").value();
    Fd pages_ = create_memfd_of("door", std::string(4096, 'p')).value();
    Fd renamable_ = create_file(scratch_.fd(), "renamable").value();
    Fd removable_ = create_directory(scratch_.path() + "/removable").value();
    Fd tree_ = create_directory(scratch_.path() + "/tree").value();
    Fd leaf_ = create_file(tree_.get(), "leaf").value();
};

TEST_F(DiskDoorTest, WhatIsRefusedFailsAndIsNotMade) {
    auto before = names();
    for (int error : {EIO, ENOSPC}) {
        for (const auto& change : changes()) {
            DiskRefusal refusal(change.step, error, [](const auto&) { return true; });
            auto made = change.make();
            ASSERT_FALSE(made.ok()) << static_cast<int>(change.step);
            EXPECT_EQ(made.error().code, error == EIO ? Errc::io_error : Errc::no_space) << made.error().detail;
            EXPECT_EQ(refusal.refused(), 1) << static_cast<int>(change.step);
        }
    }
    EXPECT_EQ(names(), before);
    EXPECT_EQ(status(file_.get())->size, 0u);
}

TEST_F(DiskDoorTest, WhatIsLetInIsMadeAndToldOf) {
    for (const auto& change : changes()) {
        DiskRefusal watch(change.step, EIO, [](const auto&) { return false; });
        auto made = change.make();
        EXPECT_TRUE(made.ok()) << static_cast<int>(change.step) << made.error().detail;
        EXPECT_GE(watch.passed(), 1) << static_cast<int>(change.step);
    }
    EXPECT_EQ(names(), (std::vector<std::string>{"created", "empty", "file", "linked", "made", "new", "opened", "renamed"}));
}

}  // namespace
}  // namespace inlay::os
