// Links: the objects that are files where they lie, each with its lease, and the workers that read it.
//
//     admit -> add -> open, let_go ...  -> retire: no name stands for it any more -> readers let go -> the lease ends
//                                       -> broken: somebody waits to write: the same, but readers are told and names go first
//
// Invariant: a lease is given back when nobody reads the file any more. So whoever read it until then read what was linked.
// One thread; what others look at is said.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/leased_file.hpp"
#include "store/records.hpp"

namespace inlay::control {

class Links {
  public:
    // Any thread may look whether a link is broken: what was read of its file before that is right.
    using Broken = std::shared_ptr<const std::atomic<bool>>;

    struct Told {
        ObjectName name;
        std::string version;
        std::vector<pid_t> readers;
    };

    // `roots`: real paths; only files below them are linked.
    explicit Links(std::vector<std::string> roots) : roots_(std::move(roots)) {}

    // Takes the lease of a file that a client has handed over. Errors: bad_request with the remedy; overloaded at kLinksMax.
    Result<os::LeasedFile> admit(int given) const;
    // The same for what an earlier start linked. Errors also: object_changed.
    Result<os::LeasedFile> admit_again(const store::ObjectRecord& record) const;
    void add(const store::ObjectRecord& record, os::LeasedFile file);

    // A descriptor for a worker, which is a reader until it lets go as often as it was given one.
    // Errors: object_changed: take_broken() will tell of it, or has.
    Result<os::Fd> open(std::string_view version, pid_t reader);
    void let_go(std::string_view version, pid_t reader);
    // The process has ended.
    void forget_reader(pid_t reader);
    // The catalog does not name it any more. Others than links are fine.
    void retire(std::string_view version);

    // Those whose leases are being broken, or whose files are not what they were; each is told of once.
    std::vector<Told> take_broken();
    // Who has not let go of it.
    std::vector<pid_t> readers_of(std::string_view version) const;
    // nullptr: the descriptor is of no linked file.
    Broken link_behind(int fd) const;

    size_t size() const { return links_.size(); }

  private:
    struct Link {
        ObjectName name;
        os::LeasedFile file;
        std::shared_ptr<std::atomic<bool>> broken = std::make_shared<std::atomic<bool>>(false);
        std::map<pid_t, size_t> readers = {};
        bool named = true;
    };
    using Table = std::unordered_map<std::string, Link>;

    Result<> check_room() const;
    Result<> check_place(const os::LeasedFile& file) const;
    void end_if_unused(Table::iterator link);

    std::vector<std::string> roots_;
    Table links_;  // By version.
};

}  // namespace inlay::control
