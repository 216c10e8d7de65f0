// Every point at which the disk can fail, the process can die or the power can go: what was acknowledged is there, nothing is half there.
//
// The script runs in a process of its own, as often as it has changes of the disk. What the power takes is worked out from traces.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cerrno>
#include <vector>

#include "control/crash_ledger.hpp"
#include "os/file.hpp"
#include "os/power_loss.hpp"

namespace inlay::control {
namespace {

namespace fs = std::filesystem;
using os::FaultPlan;
using os::Loss;

// Under a sanitizer, which makes all of this several times slower, a sample.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kEvery = 7;
#else
constexpr uint64_t kEvery = 1;
#endif

class CrashPoints : public testing::Test {
  protected:
    CrashPoints() {
        // In memory where that can be: what is told here about disks is told by the door.
        std::string path = (::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path().string()) + "/inlay-crash-XXXXXX";
        INLAY_CHECK(::mkdtemp(path.data()) != nullptr);
        base_ = path;
    }
    ~CrashPoints() override {
        std::error_code ignored;
        fs::remove_all(base_, ignored);
    }

    fs::path root() const { return base_ / "root"; }
    fs::path image() const { return base_ / "image"; }

    void begin() {
        fs::remove_all(root());
        fs::remove(trace_path());
        fs::create_directory(root());
    }
    // True: the script ran to an end of its own.
    bool run(const CrashTerms& terms) {
        pid_t child = ::fork();
        if (child == 0) {
            spdlog::set_level(spdlog::level::off);
            run_crash_script(root().string(), trace_path(), terms);
            ::_exit(0);
        }
        int status = 0;
        INLAY_CHECK(::waitpid(child, &status, 0) == child);
        EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FaultPlan::kExitCode)) << status;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    std::vector<os::DiskEvent> events() const {
        std::ifstream in(trace_path(), std::ios::binary);
        std::vector<os::DiskEvent> events;
        for (os::DiskEvent event; event.read(in);) events.push_back(event);
        return events;
    }
    // The changes at which to stop. Of the 256 directories of objects, each time they are made, the first two and the last stand for all.
    std::vector<uint64_t> changes() {
        begin();
        EXPECT_TRUE(run({}));
        std::vector<uint64_t> numbers;
        uint64_t last = 0;
        for (const auto& event : events()) {
            for (; last < event.number; last++)
                if (!is_one_of_many(event) && last % kEvery == 0) numbers.push_back(last + 1);
        }
        return numbers;
    }
    os::DiskModel empty_disk() const { return os::DiskModel(os::status(os::open_file(root().string())->get())->inode); }

    // Counts a crash point, and says what is wrong behind it.
    void judge(const CrashLedger& ledger, const fs::path& where, const std::string& point) {
        points_++;
        auto wrong = ledger.judge(where);
        if (wrong.empty())
            recovered_++;
        else if (points_ - recovered_ <= 10)
            ADD_FAILURE() << point << ": " << wrong;
    }
    void judge_image(const CrashLedger& ledger, const os::DiskModel& disk, Loss loss, const std::string& point) {
        fs::remove_all(image());
        disk.write_image(image(), loss);
        judge(ledger, image(), point);
    }
    // What the trace of a run ends with, on the disk as it is and, where a sync failed first, when the power goes then.
    void judge_end(const std::string& point) {
        CrashLedger ledger;
        auto disk = empty_disk();
        bool failed = false, lost = false;
        for (const auto& event : events()) {
            ledger.apply(event);
            disk.apply(event);
            lost |= event.failed && !failed && (event.is(os::DiskStep::sync) || event.is(os::DiskStep::sync_all));
            failed |= event.failed;
        }
        if (lost) judge_image(ledger, disk, {Loss::Kind::all}, point + ", then the power");
        judge(ledger, root(), point);
    }
    void print() {
        std::printf("%llu crash points, %llu recovered\n", static_cast<unsigned long long>(points_), static_cast<unsigned long long>(recovered_));
        EXPECT_EQ(recovered_, points_);
    }

    uint64_t points_ = 0, recovered_ = 0;

  private:
    static bool is_one_of_many(const os::DiskEvent& event) {
        bool is_shard = event.is(os::DiskStep::make_directory) && event.name.size() == store::kShardNameBytes;
        return is_shard && event.name != "00" && event.name != "01" && event.name != "ff";
    }
    std::string trace_path() const { return base_ / "trace"; }

    fs::path base_;
};

TEST_F(CrashPoints, TheProcessDiesBeforeEachChange) {
    for (uint64_t at : changes()) {
        begin();
        if (run({.plan = {at}})) continue;  // What is done aside comes earlier or later.
        CrashLedger ledger;
        for (const auto& event : events()) ledger.apply(event);
        judge(ledger, root(), "change " + std::to_string(at));
    }
    print();
}

struct Failure {
    const char* name;
    int error;
    bool from_then_on;
};

class FailingChanges : public CrashPoints, public testing::WithParamInterface<Failure> {};

TEST_P(FailingChanges, EachOneIsReportedOrDoesNotMatter) {
    for (uint64_t at : changes()) {
        begin();
        EXPECT_TRUE(run({.plan = {at, GetParam().error, GetParam().from_then_on}}));
        judge_end("change " + std::to_string(at));
    }
    print();
}

INSTANTIATE_TEST_SUITE_P(Disk, FailingChanges,
                         testing::Values(Failure{"BrokenOnce", EIO, false}, Failure{"FullOnce", ENOSPC, false}, Failure{"BrokenFromThenOn", EIO, true}),
                         [](const auto& test) { return test.param.name; });

class PowerLoss : public CrashPoints, public testing::WithParamInterface<CrashServer::Temporaries> {};

TEST_P(PowerLoss, AfterEachChange) {
    begin();
    ASSERT_TRUE(run({.temporaries = GetParam()}));
    CrashLedger ledger;
    auto disk = empty_disk();
    uint32_t number = 0;
    for (const auto& event : events()) {
        ledger.apply(event);
        disk.apply(event);
        if (++number % kEvery != 0) continue;
        std::string point = "event " + std::to_string(number);
        // What is kept for sure changes with syncs, and what must be there with answers; in between there is more and more to lose.
        bool settles = event.step == os::DiskEvent::kMark || event.is(os::DiskStep::sync) || event.is(os::DiskStep::sync_all);
        if (settles) judge_image(ledger, disk, {Loss::Kind::all}, point + ", all lost");
        if (!settles && !event.is(os::DiskStep::map)) judge_image(ledger, disk, {Loss::Kind::some, number}, point + ", some lost");
    }
    print();
}

INSTANTIATE_TEST_SUITE_P(Files, PowerLoss, testing::Values(CrashServer::Temporaries::unnamed, CrashServer::Temporaries::named),
                         [](const auto& test) { return test.param == CrashServer::Temporaries::unnamed ? "Unnamed" : "Named"; });

// A sync fails, the server is killed and started again, with everything still in memory: then the power goes.
TEST_F(CrashPoints, AFailedSyncIsNotMendedByAnother) {
    begin();
    ASSERT_TRUE(run({}));
    auto whole = events();
    for (const auto& event : whole) {
        bool syncs = event.is(os::DiskStep::sync) || event.is(os::DiskStep::sync_all);
        if (!syncs || event.number % kEvery != 0) continue;
        begin();
        (void)run({.plan = {event.number, EIO}, .ends_when_refused = true});
        (void)run({.first_step = second_start()});
        judge_end("sync " + std::to_string(event.number));
    }
    print();
}

}  // namespace
}  // namespace inlay::control
