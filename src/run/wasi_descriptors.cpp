// WASI: what a descriptor is, and directories that are read.
#include <algorithm>
#include <cstring>

#include "os/file.hpp"
#include "run/wasi.hpp"
#include "run/wasi_objects.hpp"

namespace inlay::run::wasi {
namespace {

FileType type_of(const File& file) {
    if (file.kind == File::Kind::directory) return FileType::directory;
    const bool is_file = file.kind == File::Kind::object || (file.kind == File::Kind::input && file.source);
    return is_file ? FileType::regular : FileType::unknown;
}

// Nothing waits to be written: it is durable when the invocation is answered.
int32_t check_sync(Invocation& invocation, uint32_t fd, uint64_t right) {
    const File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    return file->may(right) ? kSuccess : kNotcapable;
}

int32_t fill_entries(Invocation& invocation, File& file, uint64_t cookie) {
    if (file.entries && cookie != 0) return kSuccess;
    std::vector<Entry> entries;
    if (int32_t code = list(invocation, file.location, entries); code != kSuccess) return code;
    file.entries.reset();
    if (state_of(invocation).entries() + entries.size() > kWasiKeysMax + 2) {
        invocation.meet("kWasiKeysMax", kWasiKeysMax);
        return kOverflow;
    }
    file.entries = std::make_shared<const std::vector<Entry>>(std::move(entries));
    return kSuccess;
}

// One entry as WASI has it, its name behind it.
std::string encode(const Location& location, const Entry& entry, uint64_t next) {
    // Of a directory that was there from the beginning ".." is itself: nothing lies above it.
    const auto slash = location.path.rfind('/');
    std::string key = entry.name == "." ? location.path : entry.name == ".." ? location.path.substr(0, slash == location.path.npos ? 0 : slash) : location.prefix() + entry.name;
    ObjectName name{location.bucket, std::move(key)};
    DirEntry head{next, inode_of(name), static_cast<uint32_t>(entry.name.size()), static_cast<uint8_t>(entry.is_directory ? FileType::directory : FileType::regular)};
    return std::string(reinterpret_cast<const char*>(&head), sizeof head) + entry.name;
}

}  // namespace

int32_t fd_advise(Invocation& invocation, uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice) noexcept {
    const File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (advice > kAdviceMax || offset > INT64_MAX || length > INT64_MAX) return kInval;
    if (!file->may(rights::kFdAdvise)) return kNotcapable;
    const bool prefetches = advice == kAdviceWillNeed && file->source && !file->spool;
    if (!prefetches) return kSuccess;
    const uint64_t size = invocation.sources[*file->source].size();
    if (offset >= size) return kSuccess;
    (void)host::prefetch(invocation, *file->source, offset, length == 0 ? size - offset : std::min(length, size - offset));
    return kSuccess;
}

int32_t fd_close(Invocation& invocation, uint32_t fd) noexcept {
    State& state = state_of(invocation);
    if (!state.find(fd)) return kBadf;
    return close_file(invocation, state.remove(fd));
}

int32_t fd_datasync(Invocation& invocation, uint32_t fd) noexcept { return check_sync(invocation, fd, rights::kFdDatasync); }
int32_t fd_sync(Invocation& invocation, uint32_t fd) noexcept { return check_sync(invocation, fd, rights::kFdSync); }

int32_t fd_fdstat_get(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept {
    const File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    FdStat told{static_cast<uint8_t>(type_of(*file)), 0, file->flags, 0, file->rights, file->inheriting};
    return write_guest(invocation, out, told) ? kSuccess : kFault;
}

int32_t fd_fdstat_set_flags(Invocation& invocation, uint32_t fd, uint32_t flags) noexcept {
    File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (flags > kFdFlagsAll) return kInval;
    if (!file->may(rights::kFdFdstatSetFlags)) return kNotcapable;
    file->flags = static_cast<uint16_t>(flags);
    return kSuccess;
}

// Rights can be given away, never taken back.
int32_t fd_fdstat_set_rights(Invocation& invocation, uint32_t fd, uint64_t rights, uint64_t inheriting) noexcept {
    File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if ((rights & ~file->rights) != 0 || (inheriting & ~file->inheriting) != 0) return kNotcapable;
    file->rights = rights;
    file->inheriting = inheriting;
    return kSuccess;
}

int32_t fd_filestat_get(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept {
    const File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (!file->may(rights::kFdFilestatGet)) return kNotcapable;
    FileStat told;
    told.type = static_cast<uint64_t>(type_of(*file));
    if (file->kind == File::Kind::object || file->kind == File::Kind::directory) told.inode = inode_of(file->location.name());
    if (file->spool)
        told.size = file->spool->size();
    else if (file->source)
        told.size = invocation.sources[*file->source].size();
    return write_guest(invocation, out, told) ? kSuccess : kFault;
}

// Nobody keeps the times of an object but the host.
int32_t fd_filestat_set_times(Invocation& invocation, uint32_t fd, uint64_t, uint64_t, uint32_t flags) noexcept {
    const File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (!are_set_flags(flags)) return kInval;
    return file->may(rights::kFdFilestatSetTimes) ? kNotsup : kNotcapable;
}

int32_t fd_prestat_get(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept {
    const File* file = state_of(invocation).find(fd);
    if (!file || file->guest_name.empty()) return kBadf;
    PreStat told{0, static_cast<uint32_t>(file->guest_name.size())};
    return write_guest(invocation, out, told) ? kSuccess : kFault;
}

int32_t fd_prestat_dir_name(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept {
    const File* file = state_of(invocation).find(fd);
    if (!file || file->guest_name.empty()) return kBadf;
    const auto& name = file->guest_name;
    if (static_cast<uint32_t>(length) < name.size()) return kNametoolong;
    auto room = invocation.memory ? invocation.memory->bytes(path, GuestLen{static_cast<uint32_t>(name.size())}) : std::nullopt;
    if (!room) return kFault;
    std::memcpy(room->data(), name.data(), name.size());  // COPY: a name, no content
    return kSuccess;
}

// What does not fit whole is cut: then all of the buffer is used, and the guest asks again from the last whole one.
int32_t fd_readdir(Invocation& invocation, uint32_t fd, GuestPtr buffer, GuestLen length, uint64_t cookie, GuestPtr out) noexcept {
    File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (file->kind != File::Kind::directory) return kNotdir;
    if (!file->may(rights::kFdReaddir)) return kNotcapable;
    if (!invocation.memory) return kFault;
    auto room = invocation.memory->bytes(buffer, length);
    if (!room || !fits_guest<uint32_t>(invocation, out)) return kFault;
    if (int32_t code = fill_entries(invocation, *file, cookie); code != kSuccess) return code;
    size_t used = 0;
    for (uint64_t i = cookie; i < file->entries->size() && used < room->size(); i++) {
        const std::string encoded = encode(file->location, (*file->entries)[i], i + 1);
        const size_t fits = std::min(encoded.size(), room->size() - used);
        std::memcpy(room->data() + used, encoded.data(), fits);  // COPY: names, no content
        used += fits;
    }
    return write_guest(invocation, out, static_cast<uint32_t>(used)) ? kSuccess : kFault;
}

int32_t fd_renumber(Invocation& invocation, uint32_t from, uint32_t to) noexcept {
    State& state = state_of(invocation);
    if (!state.find(from) || !state.find(to)) return kBadf;
    if (from == to) return kSuccess;
    int32_t code = close_file(invocation, state.remove(to));
    state.move(from, to);
    return code;
}

}  // namespace inlay::run::wasi
