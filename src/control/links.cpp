// Keeps leases until the last reader has let go.
#include "control/links.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/limits.hpp"
#include "os/file.hpp"

namespace inlay::control {

Result<> Links::check_place(const os::LeasedFile& file) const {
    if (roots_.empty())
        return Error{Errc::bad_request, "this server links no files: start it with --link-root DIR (or link_roots in its config)"};
    auto holds = [&](const std::string& root) { return os::lies_below(file.path(), root); };
    if (std::none_of(roots_.begin(), roots_.end(), holds))
        return Error{Errc::bad_request, fmt::format("{:?} lies below none of the server's link roots ({}): move it there, or start the "
                                                    "server with another --link-root",
                                                    file.path(), fmt::join(roots_, ", "))};
    return {};
}

Result<> Links::check_room() const {
    if (links_.size() < kLinksMax) return {};
    return Error{Errc::overloaded, fmt::format("there are {} linked objects, as many as can be: remove one first", kLinksMax)};
}

Result<os::LeasedFile> Links::admit(int given) const {
    INLAY_TRY_VOID(check_room());
    INLAY_TRY(auto file, os::LeasedFile::create(given));
    INLAY_TRY_VOID(check_place(file));
    return file;
}

Result<os::LeasedFile> Links::admit_again(const store::ObjectRecord& record) const {
    INLAY_TRY_VOID(check_room());
    INLAY_TRY(auto file, os::LeasedFile::create_at(record.link_path));
    INLAY_TRY_VOID(check_place(file));
    if (file.path() != record.link_path || file.stamp() != record.link_stamp)
        return Error{Errc::object_changed, fmt::format("it is not the file that was linked: {} then, {} now", record.link_stamp, file.stamp())};
    return file;
}

void Links::add(const store::ObjectRecord& record, os::LeasedFile file) {
    links_.emplace(record.version, Link{record.name, std::move(file)});
}

Result<os::Fd> Links::open(std::string_view version, pid_t reader) {
    auto found = links_.find(std::string(version));
    bool there = found != links_.end() && !*found->second.broken && found->second.file.holds();
    if (!there) return Error{Errc::object_changed, "the file of this linked object is being written, or is not what it was: link it again"};
    INLAY_TRY(auto fd, found->second.file.open());
    found->second.readers[reader]++;
    return fd;
}

void Links::let_go(std::string_view version, pid_t reader) {
    auto found = links_.find(std::string(version));
    if (found == links_.end()) return;
    auto& readers = found->second.readers;
    auto held = readers.find(reader);
    if (held == readers.end()) return;
    // Of one that is broken a reader lets go whole: nothing of it is given any more.
    if (*found->second.broken || --held->second == 0) readers.erase(held);
    end_if_unused(found);
}

void Links::forget_reader(pid_t reader) {
    for (auto next = links_.begin(); next != links_.end();) {
        auto link = next++;
        link->second.readers.erase(reader);
        end_if_unused(link);
    }
}

void Links::retire(std::string_view version) {
    auto found = links_.find(std::string(version));
    if (found == links_.end()) return;
    found->second.named = false;
    end_if_unused(found);
}

void Links::end_if_unused(Table::iterator link) {
    if (!link->second.named && link->second.readers.empty()) links_.erase(link);
}

std::vector<Links::Told> Links::take_broken() {
    std::vector<Told> told;
    for (auto& [version, link] : links_) {
        if (*link.broken || link.file.holds()) continue;
        *link.broken = true;
        told.push_back({link.name, version, readers_of(version)});
    }
    return told;
}

std::vector<pid_t> Links::readers_of(std::string_view version) const {
    std::vector<pid_t> readers;
    auto found = links_.find(std::string(version));
    if (found == links_.end()) return readers;
    for (const auto& [reader, times] : found->second.readers) readers.push_back(reader);
    return readers;
}

Links::Broken Links::link_behind(int fd) const {
    auto status = os::status(fd);
    auto is_it = [&](const auto& link) { return link.second.file.inode() == status->inode && link.second.file.is_behind(fd); };
    auto found = status.ok() ? std::find_if(links_.begin(), links_.end(), is_it) : links_.end();
    return found == links_.end() ? nullptr : found->second.broken;
}

}  // namespace inlay::control
