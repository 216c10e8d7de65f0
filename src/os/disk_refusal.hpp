// For tests: lets changes of the disk of one kind fail, where a path says so.
#pragma once

#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>

#include "os/disk_door.hpp"

namespace inlay::os {

class DiskRefusal : public DiskObserver {
  public:
    // `matches`: of the path of what is changed, or of the name that comes or goes; from any thread.
    DiskRefusal(DiskStep step, int error, std::function<bool(const std::string& path)> matches)
        : step_(step), error_(error), matches_(std::move(matches)) {
        disk_observer = this;
    }
    ~DiskRefusal() override { disk_observer = nullptr; }

    // From now on nothing fails.
    void end() { ended_ = true; }
    int refused() const { return refused_; }
    // Changes that were let in.
    int passed() const { return passed_; }

    int before(const DiskChange& change) override {
        if (ended_ || change.step != step_ || !matches_(path_of(change))) return 0;
        refused_++;
        return error_;
    }
    void after(const DiskChange&, int64_t) override { passed_++; }

  private:
    static std::string path_of(const DiskChange& change) {
        if (change.path) return change.path;
        if (!change.name.empty()) return std::string(change.name);
        char path[4096];
        ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(change.file)).c_str(), path, sizeof path);
        return size < 0 ? "" : std::string(path, static_cast<size_t>(size));
    }

    const DiskStep step_;
    const int error_;
    const std::function<bool(const std::string&)> matches_;
    std::atomic<bool> ended_ = false;
    std::atomic<int> refused_ = 0, passed_ = 0;
};

}  // namespace inlay::os
