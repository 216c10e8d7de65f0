// For tests: watches the disk's door, writes down what passes, and lets one change of it fail, or ends the process there.
//
// Only changes of one filesystem are looked at, and mappings. They are made one at a time, in the order in which they are written down.
// The trace is a file, so that it is there when the process is not; os/power_loss.hpp reads it.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <istream>
#include <mutex>
#include <ostream>
#include <sstream>
#include <string>

#include "base/check.hpp"
#include "os/disk_door.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// A change that was made, or was made to fail.
struct DiskEvent {
    uint64_t number = 0;     // As FaultPlan counts.
    int step = 0;            // A DiskStep; kMark: the test says something.
    bool failed = false;
    bool existed = false;    // The file was there: of `create`.
    bool writable = false;
    uint64_t file = 0;       // Inodes: of the file, ...
    uint64_t directory = 0;  // ... of where `name` is, ...
    uint64_t to_directory = 0;  // ... and `to`.
    uint64_t offset = 0, length = 0;
    std::string name, to, bytes;

    static constexpr int kMark = -1;
    bool is(DiskStep what) const { return step == static_cast<int>(what); }

    void write(std::ostream& out) const {
        out << number << ' ' << step << ' ' << failed << ' ' << existed << ' ' << writable << ' ' << file << ' ' << directory << ' ' << to_directory << ' '
            << offset << ' ' << length << ' ' << name.size() << ' ' << to.size() << ' ' << bytes.size() << '\n'
            << name << to << bytes;
    }
    // False: there is no whole one.
    bool read(std::istream& in) {
        size_t name_size = 0, to_size = 0, bytes_size = 0;
        in >> number >> step >> failed >> existed >> writable >> file >> directory >> to_directory >> offset >> length >> name_size >> to_size >> bytes_size;
        if (!in || in.get() != '\n') return false;
        for (auto [text, size] : {std::pair{&name, name_size}, {&to, to_size}, {&bytes, bytes_size}}) {
            text->resize(size);
            in.read(text->data(), static_cast<std::streamsize>(size));
        }
        return static_cast<bool>(in);
    }
};

// What happens at the N-th change, counted from 1.
struct FaultPlan {
    uint64_t at = 0;           // 0: nothing.
    int error = 0;             // 0: the process ends before the change, at once.
    bool from_then_on = false;  // All later ones fail as well.

    static constexpr int kExitCode = 77;
};

class DiskTrace : public DiskObserver {
  public:
    // `root` lies on the filesystem that is watched. Events are appended to `to`, which lies elsewhere or is not looked at.
    DiskTrace(const std::string& root, const std::string& to, FaultPlan plan = {}) : plan_(plan) {
        struct stat found{};
        INLAY_CHECK(::stat(root.c_str(), &found) == 0);
        device_ = found.st_dev;
        to_ = Fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        INLAY_CHECK(to_);
        disk_observer = this;
    }
    ~DiskTrace() override { disk_observer = nullptr; }

    void mark(const std::string& text) {
        std::lock_guard lock(mutex_);
        write({.step = DiskEvent::kMark, .bytes = text});
    }
    uint64_t count() const { return count_; }

    int before(const DiskChange& change) override {
        if (!concerns(change)) return 0;
        mutex_.lock();  // Until after(): the order in the trace is the order on the disk.
        count_++;
        event_ = describe(change);
        bool due = plan_.at != 0 && (count_ == plan_.at || (plan_.from_then_on && count_ > plan_.at));
        if (!due) return 0;
        if (plan_.error == 0) ::_exit(FaultPlan::kExitCode);
        event_.failed = true;
        write(event_);
        mutex_.unlock();
        return plan_.error;
    }

    void after(const DiskChange& change, int64_t result) override {
        if (!concerns(change)) return;
        if (result >= 0) write(complete(change, result));
        mutex_.unlock();
    }

  private:
    static struct stat status_of(int directory, const std::string& name) {
        struct stat found{};
        ::fstatat(directory, name.c_str(), &found, name.empty() ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW);
        return found;
    }
    static struct stat status_of_file(const DiskChange& change) {
        return change.path ? status_of(AT_FDCWD, change.path) : status_of(change.file, "");
    }
    // The directory of a name that may be a path, and its last part.
    static std::pair<uint64_t, std::string> place_of(int directory, std::string_view name) {
        size_t slash = name.rfind('/');
        if (slash == name.npos) return {status_of(directory, directory == AT_FDCWD ? "." : "").st_ino, std::string(name)};
        return {status_of(directory, std::string(name.substr(0, slash))).st_ino, std::string(name.substr(slash + 1))};
    }
    bool concerns(const DiskChange& change) const {
        if (change.step == DiskStep::map) return true;
        if (change.file >= 0 || change.path) return status_of_file(change).st_dev == device_;
        size_t slash = change.name.rfind('/');
        std::string parent = slash == change.name.npos ? (change.directory == AT_FDCWD ? "." : "") : std::string(change.name.substr(0, slash));
        return status_of(change.directory, parent).st_dev == device_;
    }

    DiskEvent describe(const DiskChange& change) const {
        DiskEvent event{.number = count_, .step = static_cast<int>(change.step), .writable = change.writable, .offset = change.offset, .length = change.length};
        if (change.file >= 0 || change.path) event.file = status_of_file(change).st_ino;
        if (!change.name.empty()) {
            std::tie(event.directory, event.name) = place_of(change.directory, change.name);
            event.existed = status_of(change.directory, std::string(change.name)).st_ino != 0;
        }
        if (!change.to.empty()) std::tie(event.to_directory, event.to) = place_of(change.directory, change.to);
        return event;
    }

    DiskEvent complete(const DiskChange& change, int64_t result) {
        DiskEvent event = std::move(event_);
        bool opened = change.step == DiskStep::create || change.step == DiskStep::create_unnamed;
        if (opened) event.file = status_of(static_cast<int>(result), "").st_ino;
        if (change.step == DiskStep::make_directory) event.file = status_of(change.directory, std::string(change.name)).st_ino;
        if (change.step == DiskStep::write) complete_write(change, event, change.path ? change.length : static_cast<uint64_t>(result));
        return event;
    }
    static void complete_write(const DiskChange& change, DiskEvent& event, uint64_t written) {
        event.length = written;
        if (change.offset == kAtPosition) event.offset = static_cast<uint64_t>(::lseek(change.file, 0, SEEK_CUR)) - written;
        if (change.bytes) {
            event.bytes.assign(static_cast<const char*>(change.bytes), written);
            return;
        }
        // The kernel wrote it from another file: it is read again.
        Fd again(::open(("/proc/self/fd/" + std::to_string(change.file)).c_str(), O_RDONLY | O_CLOEXEC));
        event.bytes.resize(written);
        INLAY_CHECK(::pread(again.get(), event.bytes.data(), written, static_cast<off_t>(event.offset)) == static_cast<ssize_t>(written));
    }

    void write(const DiskEvent& event) {
        std::ostringstream text;
        event.write(text);
        std::string whole = text.str();
        INLAY_CHECK(::write(to_.get(), whole.data(), whole.size()) == static_cast<ssize_t>(whole.size()));
    }

    const FaultPlan plan_;
    dev_t device_ = 0;
    Fd to_;
    std::mutex mutex_;
    uint64_t count_ = 0;
    DiskEvent event_;  // The one that is being made.
};

}  // namespace inlay::os
