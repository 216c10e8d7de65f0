// The order of a durable write, as the disk's door sees it: content, its sync, its name, the name's sync, the catalog, the answer.
#include <gtest/gtest.h>

#include <fstream>

#include "control/crash_script.hpp"
#include "os/file.hpp"

namespace inlay::control {
namespace {

using Words = std::vector<std::string>;

class DurableWrite : public testing::Test {
  protected:
    // The first of all makes directories.
    DurableWrite() { EXPECT_TRUE(server_.start() && server_.put("first", "")); }
    ~DurableWrite() override { server_.stop(); }

    // What passes while `act` is done, one word for each change; repeated ones once.
    template <class Act>
    Words words_of(Act act) {
        {
            os::DiskTrace trace(scratch_.path(), trace_path_);
            EXPECT_TRUE(act());
            trace.mark("answer");
        }
        std::ifstream in(trace_path_, std::ios::binary);
        Words words;
        for (os::DiskEvent event; event.read(in);) {
            EXPECT_FALSE(event.writable) << "a writable mapping";
            if (auto word = word_of(event); words.empty() || words.back() != word) words.push_back(word);
        }
        return words;
    }

  private:
    std::string word_of(const os::DiskEvent& event) {
        static constexpr const char* kWords[] = {"make directory", "create", "create unnamed", "reserve", "write", "truncate", "sync", "sync all",
                                                 "link", "rename", "unlink", "remove directory", "map"};
        if (event.step == os::DiskEvent::kMark) return event.bytes;
        std::string word = kWords[event.step];
        if (event.is(os::DiskStep::create_unnamed) || event.is(os::DiskStep::map)) return word;
        for (const char* name : {"catalog.db-wal", "modules"})
            if (inode_of(name) == event.file) return word + " " + name;
        for (const auto& shard : std::filesystem::directory_iterator(server_.path() + "/objects"))
            if (inode_of("objects/" + shard.path().filename().string()) == event.file) return word + " shard";
        return word + " file";
    }
    uint64_t inode_of(const std::string& name) { return os::status(os::open_file(server_.path() + "/" + name)->get())->inode; }

    store::ScratchDirectory scratch_;
    std::string trace_path_ = scratch_ / "trace";

  protected:
    CrashServer server_{scratch_.path()};
};

TEST_F(DurableWrite, OfAnObjectInAMessage) {
    EXPECT_EQ(words_of([&] { return server_.put("key", "content"); }),
              (Words{"create unnamed", "reserve file", "write file", "sync file", "link file", "sync shard", "write catalog.db-wal",
                     "sync catalog.db-wal", "answer"}));
}

// The pages are written from a mapping for reading; nobody maps the file.
TEST_F(DurableWrite, OfAnObjectInPages) {
    auto content = bytes_of('p', 16 * 4096);
    EXPECT_EQ(words_of([&] { return server_.put("key", content, CrashServer::Way::in_pages); }),
              (Words{"create unnamed", "reserve file", "map", "write file", "sync file", "link file", "sync shard", "write catalog.db-wal",
                     "sync catalog.db-wal", "answer"}));
}

TEST_F(DurableWrite, OfContentThatWasWrittenWhileItArrived) {
    auto content = bytes_of('b', 2 * 64 * KiB);
    EXPECT_EQ(words_of([&] { return server_.put("key", content, CrashServer::Way::begun); }),
              (Words{"create unnamed", "reserve file", "map", "write file", "map", "write file", "truncate file", "sync file", "link file",
                     "sync shard", "write catalog.db-wal", "sync catalog.db-wal", "answer"}));
}

// Compiled code is a cache: its name need not last.
TEST_F(DurableWrite, OfAFunction) {
    EXPECT_EQ(words_of([&] { return server_.deploy("f", bytes_of('f', 4096)); }),
              (Words{"create unnamed", "reserve file", "write file", "sync file", "link file", "rename file", "create unnamed", "reserve file",
                     "map", "write file", "sync file", "link file", "sync modules", "write catalog.db-wal", "sync catalog.db-wal", "answer"}));
}

TEST_F(DurableWrite, OfADeleteIsTheCatalogsAndTheFileGoesAfterIt) {
    ASSERT_TRUE(server_.put("key", "content"));
    auto has_files = [&] {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(server_.path() + "/objects"))
            if (entry.is_regular_file()) return true;
        return false;
    };
    EXPECT_EQ(words_of([&] {
                  bool done = server_.change(store::DeleteObject{{"b", "key"}, {}});
                  for (int i = 0; i < 1000 && has_files(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                  return done;
              }),
              (Words{"write catalog.db-wal", "sync catalog.db-wal", "unlink file", "answer"}));
}

}  // namespace
}  // namespace inlay::control
