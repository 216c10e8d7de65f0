// Files: what is written is what is read, whichever way it went, and failures say what failed.
#include "os/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

std::string pattern(size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 31 + i / 4096);
    return bytes;
}

class FileTest : public testing::Test {
  protected:
    Fd create(const std::string& name) { return create_file(scratch_.fd(), name).value(); }

    Scratch scratch_;
};

TEST_F(FileTest, DirectoriesAreMadeAndFoundAgain) {
    EXPECT_TRUE(open_directory(scratch_.path() + "/new").ok());
    EXPECT_TRUE(open_directory(scratch_.path() + "/new").ok());
    EXPECT_FALSE(open_directory_at(scratch_.fd(), "other").ok());
    EXPECT_TRUE(make_directory(scratch_.fd(), "other").value());
    EXPECT_FALSE(make_directory(scratch_.fd(), "other").value());
    EXPECT_TRUE(open_directory_at(scratch_.fd(), "other").ok());
    EXPECT_TRUE(remove_directory(scratch_.fd(), "other").ok());
    EXPECT_TRUE(remove_directory(scratch_.fd(), "other").ok());
    EXPECT_FALSE(open_directory_at(scratch_.fd(), "other").ok());
    EXPECT_EQ(std::filesystem::status(scratch_.path() + "/new").permissions(), std::filesystem::perms::owner_all);
    auto failed = open_directory(scratch_.path() + "/a/b");
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Errc::io_error);
    create("file");
    EXPECT_FALSE(open_directory_at(scratch_.fd(), "file").ok());
}

TEST_F(FileTest, AnAbsentFileIsNoError) {
    auto absent = open_if_present(scratch_.fd(), "absent");
    ASSERT_TRUE(absent.ok());
    EXPECT_FALSE(absent->has_value());
    EXPECT_FALSE(open_if_present(scratch_.fd(), "absent/below").value().has_value());
    create("file");
    EXPECT_FALSE(open_if_present(scratch_.fd(), "file/below").ok());
}

TEST_F(FileTest, WritesAndReadsAllOfIt) {
    std::string content = pattern(300'001);
    auto file = create("file");
    ASSERT_TRUE(write_all(file.get(), content).ok());
    ASSERT_TRUE(write_all_at(file.get(), "xyz", 100'000).ok());
    content.replace(100'000, 3, "xyz");
    EXPECT_EQ(read_from_start(file.get(), content.size()).value(), content);
    EXPECT_EQ(read_all(file.get(), 0).value(), "") << "the position is at the end now";
    rewind(file.get());
    EXPECT_EQ(read_all(file.get(), content.size()).value(), content);
    auto too_large = read_from_start(file.get(), content.size() - 1);
    ASSERT_FALSE(too_large.ok());
    EXPECT_EQ(too_large.error().code, Errc::body_too_large);
    EXPECT_EQ(create_file(scratch_.fd(), "file").ok() ? scratch_.content("file") : "", "") << "replaced";
}

TEST_F(FileTest, FailuresOfTheSystemAreErrors) {
    EXPECT_EQ(write_all(-1, "x").error().code, Errc::io_error);
    EXPECT_EQ(write_all_at(-1, "x", 0).error().code, Errc::io_error);
    EXPECT_EQ(read_all(-1, 1).error().code, Errc::io_error);
    EXPECT_EQ(read_from_start(-1, 1).error().code, Errc::io_error);
    EXPECT_EQ(sync(-1).error().code, Errc::io_error);
    EXPECT_EQ(status(-1).error().code, Errc::io_error);
    EXPECT_EQ(truncate(-1, 1).error().code, Errc::io_error);
    EXPECT_EQ(try_lock(-1).error().code, Errc::io_error);
    EXPECT_EQ(reserve(-1, 1).error().code, Errc::io_error);
    EXPECT_EQ(free_bytes(-1).error().code, Errc::io_error);
    EXPECT_EQ(for_each_entry(-1, [](std::string_view) { return true; }).error().code, Errc::io_error);
    EXPECT_EQ(write_all(Fd(::open("/dev/full", O_WRONLY)).get(), "x").error().code, Errc::no_space);
    EXPECT_FALSE(duplicate(-1));
}

TEST_F(FileTest, ReadsExactlyOrSaysThatTheFileEndedEarly) {
    auto file = create_memfd_of("file-test", pattern(10'000)).value();
    std::string piece(5000, '\0');
    ASSERT_TRUE(read_exactly_at(file.get(), piece.data(), 5000, 5000).ok());
    EXPECT_EQ(piece, pattern(10'000).substr(5000));
    auto early = read_exactly_at(file.get(), piece.data(), 5000, 5001);
    ASSERT_FALSE(early.ok());
    EXPECT_EQ(early.error().code, Errc::object_changed);
    EXPECT_TRUE(read_exactly_at(file.get(), piece.data(), 0, 99'999).ok());
}

TEST_F(FileTest, AnUnnamedFileGetsItsNameOnce) {
    auto file = create_unnamed(scratch_.fd()).value();
    ASSERT_TRUE(write_all(file.get(), "content").ok() && sync(file.get()).ok());
    EXPECT_EQ(scratch_.content("name"), "(absent)");
    ASSERT_TRUE(link(file.get(), scratch_.fd(), "name").ok());
    EXPECT_EQ(scratch_.content("name"), "content");
    EXPECT_EQ(link(file.get(), scratch_.fd(), "name").error().code, Errc::io_error) << "the name is taken";
    EXPECT_TRUE(link(file.get(), scratch_.fd(), "other").ok());
    EXPECT_TRUE(sync(scratch_.fd()).ok() && sync_parent(scratch_.fd()).ok());
}

TEST_F(FileTest, RenamesAndRemoves) {
    create("from");
    ASSERT_TRUE(rename(scratch_.fd(), "from", "to").ok());
    EXPECT_EQ(scratch_.content("from"), "(absent)");
    EXPECT_FALSE(rename(scratch_.fd(), "from", "to").ok());
    EXPECT_TRUE(unlink(scratch_.fd(), "to").ok());
    EXPECT_TRUE(unlink(scratch_.fd(), "to").ok()) << "absent is fine";
    ASSERT_TRUE(make_directory(scratch_.fd(), "directory").ok());
    EXPECT_FALSE(unlink(scratch_.fd(), "directory").ok());
}

TEST_F(FileTest, ReservedBlocksCountAsSize) {
    auto file = create("file");
    EXPECT_GT(free_bytes(file.get()).value(), 0u);
    ASSERT_TRUE(reserve(file.get(), 0).ok());
    EXPECT_EQ(status(file.get())->size, 0u);
    ASSERT_TRUE(reserve(file.get(), 100'000).ok());
    EXPECT_EQ(status(file.get())->size, 100'000u);
    ASSERT_TRUE(truncate(file.get(), 5).ok());
    EXPECT_EQ(status(file.get())->size, 5u);
    EXPECT_GT(status(file.get())->inode, 0u);
    EXPECT_GT(status(file.get())->modified_ns, 1'600'000'000'000'000'000);
}

TEST_F(FileTest, WalksOverAllEntriesAgainAndAgain) {
    for (const char* name : {"a", ".b", "..c"}) create(name);
    for (int i = 0; i < 2; i++) {
        std::set<std::string> seen;
        ASSERT_TRUE(for_each_entry(scratch_.fd(), [&](std::string_view name) { return seen.emplace(name), true; }).ok());
        EXPECT_EQ(seen, (std::set<std::string>{"a", ".b", "..c"}));
    }
    int calls = 0;
    ASSERT_TRUE(for_each_entry(scratch_.fd(), [&](std::string_view) { return ++calls < 2; }).ok());
    EXPECT_EQ(calls, 2) << "ended by its second answer";
}

TEST_F(FileTest, ALockHasOneHolder) {
    auto first = create("lock"), second = open_if_present(scratch_.fd(), "lock").value().value();
    EXPECT_TRUE(try_lock(first.get()).value());
    EXPECT_TRUE(try_lock(first.get()).value()) << "its own";
    EXPECT_FALSE(try_lock(second.get()).value());
    auto copy = duplicate(first.get());
    first.close();
    EXPECT_FALSE(try_lock(second.get()).value()) << "a duplicate holds it";
    copy.close();
    EXPECT_TRUE(try_lock(second.get()).value());
}

TEST_F(FileTest, DirectAndCopiedWritesGiveTheSameFile) {
    constexpr size_t kPiece = 8 << 20;
    for (size_t size : {size_t{0}, size_t{1}, size_t{511}, size_t{4095}, size_t{4096}, size_t{4097}, size_t{100'001}, kPiece - 1, kPiece, kPiece + 1,
                        2 * kPiece + 4097}) {
        std::string content = pattern(size);
        auto pages = create_memfd_of("file-test", content).value();
        auto direct = create("direct"), copied = create("copied");
        auto written = write_direct(direct.get(), {pages.get(), 0, size});
        ASSERT_TRUE(written.ok()) << size << ": " << written.error().detail;
        if (!*written) {
            EXPECT_EQ(status(direct.get())->size, 0u) << "nothing was written";
            EXPECT_FALSE(::fcntl(direct.get(), F_GETFL) & O_DIRECT);
            ASSERT_TRUE(write_copied(direct.get(), {pages.get(), 0, size}).ok());
        }
        ASSERT_TRUE(write_copied(copied.get(), {pages.get(), 0, size}).ok()) << size;
        EXPECT_TRUE(scratch_.content("direct") == content) << size;
        EXPECT_TRUE(scratch_.content("copied") == content) << size;
        EXPECT_FALSE(::fcntl(direct.get(), F_GETFL) & O_DIRECT) << "later writes may be unaligned";
    }
}

TEST_F(FileTest, AWholeOrReservedMemfdIsWrittenOnlyUpToItsLength) {
    // As bodies and outputs lie: the memfd has whole pages, the content ends inside the last one.
    auto pages = create_memfd("file-test", 8192).value();
    ASSERT_TRUE(write_all_at(pages.get(), pattern(8192), 0).ok());
    auto file = create("file");
    ASSERT_TRUE(reserve(file.get(), 5000).ok());
    auto written = write_direct(file.get(), {pages.get(), 0, 5000});
    ASSERT_TRUE(written.ok());
    ASSERT_TRUE(*written || write_copied(file.get(), {pages.get(), 0, 5000}).ok());
    EXPECT_TRUE(scratch_.content("file") == pattern(8192).substr(0, 5000));
}

TEST_F(FileTest, ACopiedRangeMayBeginAnywhere) {
    auto pages = create_memfd_of("file-test", pattern(20'000)).value();
    auto file = create("file");
    ASSERT_TRUE(write_copied(file.get(), {pages.get(), 5001, 10'003}).ok());
    EXPECT_TRUE(scratch_.content("file") == pattern(20'000).substr(5001, 10'003));
}

// Pages of the file's first `size` bytes that lie in memory.
size_t pages_in_memory(int fd, size_t size) {
    auto mapping = Mapping::create(fd, 0, size, Access::read, Sharing::shared).value();
    std::vector<unsigned char> present(size / page_size());
    INLAY_CHECK(::mincore(mapping.data(), size, present.data()) == 0);
    return static_cast<size_t>(std::count_if(present.begin(), present.end(), [](unsigned char page) { return page & 1; }));
}

TEST_F(FileTest, APrefetchBringsPagesInAndNoOthers) {
    constexpr size_t kSize = 16 << 20, kAsked = 6 << 20;
    auto file = create("file");
    ASSERT_TRUE(write_all(file.get(), std::string(kSize, 'x')).ok() && sync(file.get()).ok());
    ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    if (pages_in_memory(file.get(), kSize) > 0) GTEST_SKIP() << "a filesystem that keeps everything in memory";
    prefetch({file.get(), 0, 0});
    EXPECT_EQ(pages_in_memory(file.get(), kSize), 0u);
    for (int round = 0; round < 2; round++) {
        prefetch({file.get(), 100, kAsked - 200});
        for (int wait = 0; wait < 1000 && pages_in_memory(file.get(), kAsked) < kAsked / page_size(); wait++) ::usleep(10'000);
        EXPECT_EQ(pages_in_memory(file.get(), kAsked), kAsked / page_size());
    }
    EXPECT_LT(pages_in_memory(file.get(), kSize), kSize / page_size());
    prefetch({-1, 0, kSize});  // A hint: nothing happens.
}

TEST_F(FileTest, PagesAreWrittenWithOrWithoutCopies) {
    std::string content = pattern(100'001);
    auto memory = create_memfd_of("file-test", content).value();
    auto file = create("pages");
    bool direct = write_direct(create("probe").get(), {memory.get(), 0, 1}).value();
    EXPECT_EQ(write_pages(file.get(), {memory.get(), 0, content.size()}).value(), direct ? 0 : content.size());
    EXPECT_EQ(scratch_.content("pages"), content);
    EXPECT_EQ(write_pages(create("nothing").get(), {memory.get(), 0, 0}).value(), 0u);
}

TEST_F(FileTest, PiecesLandWhereTheyAreMeantToAndNoWholeFileIsNeeded) {
    std::string content = pattern(100'001);
    auto memory = create_memfd_of("file-test", content).value();
    auto file = create("pieces");
    bool direct = write_direct(create("probe").get(), {memory.get(), 0, 1}).value();
    // The last piece first; each from another place in memory than in the file.
    EXPECT_EQ(write_piece(file.get(), 65'536, {memory.get(), 4096, 9'000}).value(), direct ? 0 : 9'000u);
    EXPECT_EQ(write_piece(file.get(), 0, {memory.get(), 0, 65'536}).value(), direct ? 0 : 65'536u);
    EXPECT_EQ(write_piece(file.get(), 4096, {memory.get(), 0, 0}).value(), 0u);
    ASSERT_TRUE(truncate(file.get(), 65'536 + 9'000).ok());
    EXPECT_TRUE(scratch_.content("pieces") == content.substr(0, 65'536) + content.substr(4096, 9'000));
    EXPECT_FALSE(write_piece(file.get(), 0, {memory.get(), 1 << 20, 4096}).ok());  // Nothing is there.
}

TEST_F(FileTest, PassesARangeOnToAPipeAFileAndTheEndOfAFile) {
    std::string content = pattern(300'001);
    auto memory = create_memfd_of("file-test", content).value();
    FileRange range{memory.get(), 5'000, 290'000};
    std::string wanted = content.substr(5'000, 290'000);
    ASSERT_TRUE(pass_on(create("file").get(), range).ok());
    EXPECT_EQ(scratch_.content("file"), wanted);

    Fd appending(::open((scratch_.path() + "/file").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    ASSERT_TRUE(pass_on(appending.get(), range).ok());
    EXPECT_EQ(scratch_.content("file"), wanted + wanted);

    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Fd from(ends[0]), to(ends[1]);
    std::thread writer([&] {
        EXPECT_TRUE(pass_on(to.get(), range).ok());
        to.close();
    });
    EXPECT_EQ(read_all(from.get(), wanted.size()).value(), wanted);
    writer.join();
}

TEST_F(FileTest, ARangeThatEndsEarlyIsNotPassedOnSilently) {
    auto source = create("source");
    ASSERT_TRUE(write_all(source.get(), pattern(10'000)).ok());
    auto short_one = pass_on(create("file").get(), {source.get(), 0, 10'001});
    ASSERT_FALSE(short_one.ok());
    EXPECT_EQ(short_one.error().code, Errc::object_changed);
    EXPECT_EQ(pass_on(-1, {source.get(), 0, 1}).error().code, Errc::io_error);
    EXPECT_TRUE(pass_on(-1, {source.get(), 0, 0}).ok());
}

TEST_F(FileTest, AFileIsOpenedByItsPathAtItsStart) {
    ASSERT_TRUE(write_all(create("file").get(), "content").ok());
    auto file = open_file(scratch_.path() + "/file");
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(is_at_start(file->get()));
    EXPECT_TRUE(status(file->get())->is_regular);
    EXPECT_EQ(read_all(file->get(), 7).value(), "content");
    EXPECT_FALSE(is_at_start(file->get()));
    EXPECT_FALSE(is_at_start(-1));
    EXPECT_FALSE(status(scratch_.fd())->is_regular);
    EXPECT_EQ(open_file(scratch_.path() + "/absent").error().code, Errc::io_error);
}

TEST_F(FileTest, DescriptorsCloseOnExecAndTheLimitIsRaised) {
    auto file = create("file");
    ASSERT_EQ(::fcntl(file.get(), F_SETFD, 0), 0);
    close_on_exec(file.get());
    EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(duplicate(file.get()).get(), F_GETFD), FD_CLOEXEC);
    size_t raised = raise_descriptor_limit();
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
    EXPECT_EQ(raised, limit.rlim_max);
}

}  // namespace
}  // namespace inlay::os
