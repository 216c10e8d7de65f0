// WASI: what is done with names in a directory.
#include <algorithm>
#include <utility>

#include "run/wasi.hpp"
#include "run/wasi_objects.hpp"
#include "run/wasi_path.hpp"

namespace inlay::run::wasi {
namespace {

// A name that a guest gives, with the directory it begins in.
struct Named {
    Location location;
    bool is_directory = false;
    const File* base = nullptr;
};

int32_t read_named(Invocation& invocation, uint32_t fd, uint64_t right, std::pair<GuestPtr, GuestLen> text, Named& named) {
    named.base = state_of(invocation).find(fd);
    if (!named.base) return kBadf;
    if (named.base->kind != File::Kind::directory) return kNotdir;
    if (!named.base->may(right)) return named.base->location.writable || (rights::kReadDirectory & right) == right ? kNotcapable : kRofs;
    auto given = guest_text(invocation, text.first, text.second);
    if (!given) return kFault;
    Path path;
    if (int32_t code = read_path(*given, path); code != kSuccess) return code;
    named.location = named.base->location;
    named.location.path = named.location.prefix() + path.text;
    if (path.text.empty()) named.location.path = named.base->location.path;
    named.is_directory = path.is_directory;
    return kSuccess;
}

// Nothing can be made of it but a file or a directory that has that name.
int32_t check_new_name(const Location& location) {
    if (location.path.size() > kKeyBytesMax) return kNametoolong;
    return check_key(location.path).ok() ? kSuccess : kInval;
}

// Requires: there is room for it.
int32_t add_file(Invocation& invocation, File file, GuestPtr out) {
    State& state = state_of(invocation);
    return write_guest(invocation, out, *state.add(std::move(file))) ? kSuccess : kFault;
}

struct Opening {
    uint32_t how = 0;
    uint64_t rights = 0;
    uint64_t inheriting = 0;
    uint16_t flags = 0;

    bool creates() const { return how & kOpenCreate; }
    bool truncates() const { return how & kOpenTruncate; }
    bool writes() const { return (rights & (rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize)) != 0 || truncates(); }
};

int32_t open_directory(Invocation& invocation, const Named& named, const Opening& opening, GuestPtr out) {
    if (opening.creates() || opening.truncates() || (opening.rights & rights::kFdWrite)) return kIsdir;
    File file;
    file.kind = File::Kind::directory;
    file.rights = opening.rights & named.base->rights;
    file.inheriting = opening.inheriting & named.base->inheriting;
    file.location = named.location;
    return add_file(invocation, std::move(file), out);
}

int32_t open_file(Invocation& invocation, const Named& named, const Opening& opening, std::optional<uint32_t> source, GuestPtr out) {
    File file;
    file.kind = File::Kind::object;
    file.rights = opening.rights & named.base->inheriting & (rights::kReadFile | rights::kWriteFile);
    file.flags = opening.flags;
    file.location = named.location;
    file.source = source;
    file.spool = spool_of(invocation, named.location.name());
    const bool is_empty = !source || opening.truncates();
    if (file.spool && is_empty)
        if (int32_t code = file.spool->resize(invocation, 0); code != kSuccess) return code;
    if (!file.spool && is_empty) {
        file.spool = std::make_shared<Spool>(kPublishInlineMax);
        for (auto* other : state_of(invocation).find_all(named.location.name())) other->spool = file.spool;
    }
    return add_file(invocation, std::move(file), out);
}

int32_t open_absent(Invocation& invocation, const Named& named, const Opening& opening, GuestPtr out) {
    if (!opening.creates() || (opening.how & kOpenDirectory)) return kNoent;
    if (named.is_directory) return kIsdir;
    if (!named.base->location.writable) return kRofs;
    if (!named.base->may(rights::kPathCreateFile)) return kNotcapable;
    if (int32_t code = check_new_name(named.location); code != kSuccess) return code;
    if (state_of(invocation).made_directories.contains(named.location.name().path())) return kIsdir;
    if (int32_t code = stage(invocation, named.location.name(), Piece{}); code != kSuccess) return code;
    return open_file(invocation, named, opening, std::nullopt, out);
}

// With the object, where there is one, opened as a source.
int32_t open_named(Invocation& invocation, const Named& named, const Opening& opening, GuestPtr out) {
    uint32_t source = 0;
    int32_t code = named.location.path.empty() ? static_cast<int32_t>(kNoent) : open_object(invocation, named.location.name(), source);
    if (code == kSuccess) {
        auto refuse = [&](int32_t why) {
            invocation.close_source(source);
            return why;
        };
        if (named.is_directory || (opening.how & kOpenDirectory)) return refuse(kNotdir);
        if (opening.creates() && (opening.how & kOpenExclusive)) return refuse(kExist);
        if (opening.writes() && !named.base->location.writable) return refuse(kRofs);
        if (opening.truncates() && !named.base->may(rights::kPathFilestatSetSize)) return refuse(kNotcapable);
        return open_file(invocation, named, opening, source, out);
    }
    if (code != kNoent) return code;
    // What is created needs no look at what lies below that name, if it cannot be meant.
    const bool only_creates = opening.creates() && !(opening.how & (kOpenDirectory | kOpenExclusive)) && !named.is_directory && !named.location.path.empty();
    if (only_creates) return open_absent(invocation, named, opening, out);
    Found found;
    code = look(invocation, named.location, found);
    if (code != kSuccess) return code;
    return found.kind == Found::Kind::directory ? open_directory(invocation, named, opening, out) : open_absent(invocation, named, opening, out);
}

// Both names of a file that gets another one.
int32_t read_two(Invocation& invocation, std::pair<uint32_t, uint64_t> from_right, std::pair<GuestPtr, GuestLen> from_text, Named& from) {
    int32_t code = read_named(invocation, from_right.first, from_right.second, from_text, from);
    if (code == kSuccess && from.location.path.empty()) code = kBusy;
    return code;
}

int32_t give_name(Invocation& invocation, const Named& from, const Named& to) {
    if (int32_t code = check_new_name(to.location); code != kSuccess) return code;
    Found found;
    if (int32_t code = look(invocation, from.location, found); code != kSuccess) return code;
    if (found.kind == Found::Kind::nothing) return kNoent;
    if (found.kind == Found::Kind::directory) return kNotsup;  // There are only keys: each would be an object of its own.
    if (from.is_directory || to.is_directory) return kNotdir;
    return kSuccess;
}

}  // namespace

int32_t path_open(Invocation& invocation, uint32_t fd, uint32_t, GuestPtr path, GuestLen length, uint32_t how, uint64_t rights, uint64_t inheriting,
                  uint32_t flags, GuestPtr out) noexcept {
    Named named;
    if (int32_t code = read_named(invocation, fd, rights::kPathOpen, {path, length}, named); code != kSuccess) return code;
    if (how > 15 || flags > kFdFlagsAll) return kInval;
    if (!fits_guest<uint32_t>(invocation, out)) return kFault;
    if (!state_of(invocation).has_room()) {
        invocation.meet("kWasiFilesMax", kWasiFilesMax);
        return kMfile;
    }
    return open_named(invocation, named, {how, rights, inheriting, static_cast<uint16_t>(flags)}, out);
}

int32_t path_filestat_get(Invocation& invocation, uint32_t fd, uint32_t, GuestPtr path, GuestLen length, GuestPtr out) noexcept {
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathFilestatGet, {path, length}, named);
    Found found;
    if (code == kSuccess) code = look(invocation, named.location, found);
    if (code != kSuccess) return code;
    if (found.kind == Found::Kind::nothing) return kNoent;
    if (found.kind == Found::Kind::file && named.is_directory) return kNotdir;
    FileStat told;
    told.inode = inode_of(named.location.name());
    told.type = static_cast<uint64_t>(found.kind == Found::Kind::file ? FileType::regular : FileType::directory);
    told.size = found.size;
    return write_guest(invocation, out, told) ? kSuccess : kFault;
}

int32_t path_filestat_set_times(Invocation& invocation, uint32_t fd, uint32_t, GuestPtr path, GuestLen length, uint64_t, uint64_t,
                                uint32_t flags) noexcept {
    if (!are_set_flags(flags)) return kInval;
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathFilestatSetTimes, {path, length}, named);
    return code == kSuccess ? static_cast<int32_t>(kNotsup) : code;
}

int32_t path_create_directory(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept {
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathCreateDirectory, {path, length}, named);
    if (code == kSuccess && named.location.path.empty()) code = kExist;
    if (code == kSuccess) code = check_new_name(named.location);
    Found found;
    if (code == kSuccess) code = look(invocation, named.location, found);
    if (code != kSuccess) return code;
    if (found.kind != Found::Kind::nothing) return kExist;
    Location above = named.location;
    above.path.resize(above.path.find('/') == above.path.npos ? 0 : above.path.rfind('/'));
    if (code = look(invocation, above, found); code != kSuccess) return code;
    if (found.kind != Found::Kind::directory) return found.kind == Found::Kind::file ? kNotdir : kNoent;
    auto& made = state_of(invocation).made_directories;
    if (made.size() >= kWasiDirectoriesMax) {
        invocation.meet("kWasiDirectoriesMax", kWasiDirectoriesMax);
        return kNospc;
    }
    made.insert(named.location.name().path());
    return kSuccess;
}

int32_t path_remove_directory(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept {
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathRemoveDirectory, {path, length}, named);
    if (code == kSuccess && named.location.path.empty()) code = kBusy;
    Found found;
    if (code == kSuccess) code = look(invocation, named.location, found);
    if (code != kSuccess) return code;
    if (found.kind == Found::Kind::nothing) return kNoent;
    if (found.kind == Found::Kind::file) return kNotdir;
    std::vector<Entry> entries;
    code = list(invocation, named.location, entries);
    if (code != kSuccess) return code;
    const bool is_empty = entries.size() <= 2;  // "." and "..".
    if (!is_empty) return kNotempty;
    state_of(invocation).made_directories.erase(named.location.name().path());
    return kSuccess;
}

int32_t path_unlink_file(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept {
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathUnlinkFile, {path, length}, named);
    Found found;
    if (code == kSuccess) code = look(invocation, named.location, found);
    if (code != kSuccess) return code;
    if (found.kind == Found::Kind::nothing) return kNoent;
    if (found.kind == Found::Kind::directory) return kIsdir;
    return named.is_directory ? static_cast<int32_t>(kNotdir) : unlink(invocation, named.location.name());
}

int32_t path_rename(Invocation& invocation, uint32_t from_fd, GuestPtr from, GuestLen from_length, uint32_t to_fd, GuestPtr to,
                    GuestLen to_length) noexcept {
    Named old, fresh;
    int32_t code = read_two(invocation, {from_fd, rights::kPathRenameSource}, {from, from_length}, old);
    if (code == kSuccess) code = read_named(invocation, to_fd, rights::kPathRenameTarget, {to, to_length}, fresh);
    if (code == kSuccess) code = give_name(invocation, old, fresh);
    if (code != kSuccess || old.location.name() == fresh.location.name()) return code;
    Found found;
    code = look(invocation, fresh.location, found);
    if (code != kSuccess) return code;
    if (found.kind == Found::Kind::directory) return kIsdir;
    State& state = state_of(invocation);
    const auto open = state.find_all(old.location.name()), lost = state.find_all(fresh.location.name());
    code = rename(invocation, old.location.name(), fresh.location.name());
    if (code != kSuccess) return code;
    for (auto* file : lost) file->is_unlinked = true;
    for (auto* file : open) file->location = fresh.location;
    for (auto* file : open) file->is_unlinked = false;
    return kSuccess;
}

// The same bytes under a second name. What is written to one of them later is not seen in the other: it becomes an object of its own.
int32_t path_link(Invocation& invocation, uint32_t from_fd, uint32_t, GuestPtr from, GuestLen from_length, uint32_t to_fd, GuestPtr to,
                  GuestLen to_length) noexcept {
    Named old, fresh;
    int32_t code = read_two(invocation, {from_fd, rights::kPathLinkSource}, {from, from_length}, old);
    if (code == kSuccess) code = read_named(invocation, to_fd, rights::kPathLinkTarget, {to, to_length}, fresh);
    if (code == kSuccess) code = give_name(invocation, old, fresh);
    Found found;
    if (code == kSuccess) code = look(invocation, fresh.location, found);
    if (code != kSuccess) return code;
    if (found.kind != Found::Kind::nothing) return kExist;
    // What has been written is an object only when it is closed.
    const auto spool = spool_of(invocation, old.location.name());
    Found content;
    if (spool) code = find_content(invocation, old.location.name(), content);
    if (code != kSuccess) return code;
    return spool && (spool->size() > 0 || content.size > 0) ? static_cast<int32_t>(kBusy) : link(invocation, old.location.name(), fresh.location.name());
}

int32_t path_readlink(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length, GuestPtr, GuestLen, GuestPtr) noexcept {
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathReadlink, {path, length}, named);
    Found found;
    if (code == kSuccess) code = look(invocation, named.location, found);
    if (code != kSuccess) return code;
    return found.kind == Found::Kind::nothing ? kNoent : kInval;
}

int32_t path_symlink(Invocation& invocation, GuestPtr, GuestLen, uint32_t fd, GuestPtr path, GuestLen length) noexcept {
    Named named;
    int32_t code = read_named(invocation, fd, rights::kPathSymlink, {path, length}, named);
    return code == kSuccess ? static_cast<int32_t>(kNotsup) : code;
}

}  // namespace inlay::run::wasi
