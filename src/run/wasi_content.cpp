// WASI: reads and writes. What is read is copied once into the guest, what is written once out of it, both counted (`wasi`); what is written to
// descriptor 1 out of a window that nobody can change leaves by reference.
#include <algorithm>
#include <array>
#include <cstring>

#include "os/file.hpp"
#include "run/host_ranges.hpp"
#include "run/wasi.hpp"
#include "run/wasi_objects.hpp"

namespace inlay::run::wasi {
namespace {

using Room = std::array<Iovec, kWasiIovecsMax>;

// The guest's list, copied out before it is looked at, with spans that all lie inside its memory. Gives an Errno.
int32_t read_iovecs(const Invocation& invocation, GuestPtr address, uint32_t count, Room& room) {
    if (count > room.size()) return kInval;
    if (!invocation.memory) return kFault;
    auto bytes = invocation.memory->bytes(address, GuestLen{static_cast<uint32_t>(count * sizeof(Iovec))});
    if (!bytes) return kFault;
    if (count > 0) std::memcpy(room.data(), bytes->data(), bytes->size());  // COPY: descriptors, no content
    for (uint32_t i = 0; i < count; i++)
        if (!invocation.memory->bytes(GuestPtr{room[i].address}, GuestLen{room[i].length})) return kFault;
    return kSuccess;
}

std::span<uint8_t> span_of(const Invocation& invocation, const Iovec& one) { return *invocation.memory->bytes(GuestPtr{one.address}, GuestLen{one.length}); }

// A worker does not wait for a disk: the invocation begins again when the piece is in memory, or in a lane.
bool must_leave(Invocation& invocation, const Source& source, uint64_t offset, uint64_t length) {
    if (!invocation.terms.is_in_worker() || !source.pages || !invocation.may_begin_again()) return false;
    if (invocation.supply.may_read(source.pages, source.offset + offset, length)) return false;
    invocation.cold = ColdRange{source.pages, source.offset + offset, length, false};
    return true;
}

// Copies cannot be interrupted: a worker makes so many of them in one call; what is more begins again in a lane.
bool is_too_long(const Invocation& invocation, uint64_t bytes) { return invocation.terms.is_in_worker() && bytes > kWasiWorkerBytesMax; }

int32_t copy_in(Invocation& invocation, const File& file, uint64_t offset, std::span<uint8_t> to) {
    if (file.spool) return file.spool->read(invocation, offset, to) ? kSuccess : kIo;
    const Source& source = invocation.sources[*file.source];
    if (must_leave(invocation, source, offset, to.size())) return engine::kStopGuest;
    invocation.cost.copied.wasi += to.size();
    if (source.pages) return os::read_exactly_at(source.pages->fd(), to.data(), to.size(), source.offset + offset).ok() ? kSuccess : kFault;  // COPY: wasi, read()
    std::memcpy(to.data(), source.inline_bytes.data() + offset, to.size());                                                                   // COPY: wasi, read()
    return kSuccess;
}

int32_t read_at(Invocation& invocation, const File& file, uint64_t offset, std::span<const Iovec> list, uint32_t& read) {
    const uint64_t size = size_of(invocation, file);
    read = 0;
    for (const auto& one : list) {
        const uint64_t at = offset + read;
        auto to = span_of(invocation, one).first(at < size ? std::min<uint64_t>(one.length, std::min<uint64_t>(size - at, UINT32_MAX - read)) : 0);
        if (to.empty()) continue;
        if (is_too_long(invocation, read + to.size())) {
            if (invocation.may_begin_again()) return engine::kStopGuest;
            to = to.first(kWasiWorkerBytesMax - std::min<uint64_t>(read, kWasiWorkerBytesMax));
            if (to.empty()) return kSuccess;
        }
        if (int32_t code = copy_in(invocation, file, at, to); code != kSuccess) return code;
        read += static_cast<uint32_t>(to.size());
    }
    return kSuccess;
}

// The pages of what this program has written under that name before, if nobody but their effect and this descriptor has them: it writes on to them.
std::shared_ptr<const os::Pages> own_pages(const Invocation& invocation, const File& file) {
    const Source& source = invocation.sources[*file.source];
    constexpr long kHolders = 3;  // The outputs, the effect, the source.
    const auto& outputs = invocation.outputs;
    const bool is_own = !file.is_unlinked && source.pages && source.offset == 0 && source.pages.use_count() == kHolders &&
                        std::find(outputs.begin(), outputs.end(), source.pages) != outputs.end();
    return is_own && is_staged(invocation, file.location.name(), *source.pages) ? source.pages : nullptr;
}

// Of a file that has not been written yet all of its content is taken over first, for all of its descriptors.
int32_t make_writable(Invocation& invocation, File& file) {
    if (file.spool) return kSuccess;
    auto spool = std::make_shared<Spool>(kPublishInlineMax);
    if (file.source) {
        auto own = own_pages(invocation, file);
        const Source source = invocation.sources[*file.source];
        if (source.closed) return kBadf;
        if (own) spool->adopt(std::move(own), source.size());
    }
    if (file.source && spool->size() == 0) {
        const Source source = invocation.sources[*file.source];
        if (is_too_long(invocation, source.size()) && invocation.may_begin_again()) return engine::kStopGuest;
        if (must_leave(invocation, source, 0, source.size())) return engine::kStopGuest;
        auto content = source.pages ? source.pages->view().substr(source.offset, source.length) : source.inline_bytes;
        if (content.size() != source.size()) return kIo;
        if (int32_t code = spool->write(invocation, 0, content); code != kSuccess) return code;
    }
    file.spool = spool;
    if (!file.is_unlinked)
        for (auto* other : state_of(invocation).find_all(file.location.name())) other->spool = spool;
    return kSuccess;
}

bool leaves_by_reference(const Invocation& invocation, const Iovec& one) {
    auto window = invocation.window_of(one.address, one.length);
    return one.length >= kMapThresholdBytes && window && window->second->kind == WindowKind::input;
}

int32_t respond(Invocation& invocation, std::span<const Iovec> list, uint32_t& written) {
    State& state = state_of(invocation);
    for (const auto& one : list) {
        if (leaves_by_reference(invocation, one) && state.response.size() + 2 < kRangesMax) {
            if (state.response_end.size() > 0) state.response.push_back(state.response_end.take(invocation));
            state.response.push_back(host::piece_in_window(invocation, {one.address, one.length}));
        } else {
            if (is_too_long(invocation, uint64_t{written} + one.length) && invocation.may_begin_again()) return engine::kStopGuest;
            auto bytes = span_of(invocation, one);
            // What is full stays as it is: only a file's content has to lie in one piece.
            if (state.response_end.is_full_for(bytes.size()) && state.response.size() + 2 < kRangesMax) state.response.push_back(state.response_end.take(invocation));
            if (int32_t code = state.response_end.write(invocation, state.response_end.size(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}); code != kSuccess) return code;
        }
        written += one.length;
    }
    return kSuccess;
}

int32_t write_at(Invocation& invocation, File& file, uint64_t offset, std::span<const Iovec> list, uint32_t& written) {
    written = 0;
    if (file.kind == File::Kind::output) return respond(invocation, list, written);
    const bool is_object = file.kind == File::Kind::object;
    if (is_object)
        if (int32_t code = make_writable(invocation, file); code != kSuccess) return code;
    for (const auto& one : list) {
        if (is_too_long(invocation, uint64_t{written} + one.length) && invocation.may_begin_again()) return engine::kStopGuest;
        auto bytes = span_of(invocation, one);
        std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (!is_object)
            log_text(invocation, file, text);
        else if (int32_t code = file.spool->write(invocation, offset + written, text); code != kSuccess)
            return code;
        written += one.length;
    }
    return kSuccess;
}

// What both ways to read have in common.
struct Asked {
    File* file = nullptr;
    Room room;
    std::span<const Iovec> list;
};

// Checks everything but the offset. Gives an Errno.
int32_t check(Invocation& invocation, uint32_t fd, uint64_t right, std::pair<GuestPtr, uint32_t> iovecs, Asked& asked) {
    asked.file = state_of(invocation).find(fd);
    if (!asked.file) return kBadf;
    if (asked.file->kind == File::Kind::directory) return kIsdir;
    if (!asked.file->may(right)) return kNotcapable;
    if (int32_t code = read_iovecs(invocation, iovecs.first, iovecs.second, asked.room); code != kSuccess) return code;
    asked.list = std::span<const Iovec>(asked.room).first(iovecs.second);
    uint64_t sum = 0;
    for (const auto& one : asked.list) sum += one.length;
    return sum > UINT32_MAX ? kInval : kSuccess;
}

int32_t set_size(Invocation& invocation, File& file, uint64_t size) {
    if (int32_t code = make_writable(invocation, file); code != kSuccess) return code;
    return file.spool->resize(invocation, size);
}

}  // namespace

int32_t fd_read(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, GuestPtr out) noexcept {
    Asked asked;
    int32_t code = check(invocation, fd, rights::kFdRead, {iovecs, count}, asked);
    if (code == kSuccess && !fits_guest<uint32_t>(invocation, out)) code = kFault;
    uint32_t read = 0;
    if (code == kSuccess) code = read_at(invocation, *asked.file, asked.file->offset, asked.list, read);
    if (code != kSuccess) return code;
    asked.file->offset += read;
    return write_guest(invocation, out, read) ? kSuccess : kFault;
}

int32_t fd_pread(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, uint64_t offset, GuestPtr out) noexcept {
    Asked asked;
    int32_t code = check(invocation, fd, rights::kFdRead | rights::kFdSeek, {iovecs, count}, asked);
    if (code == kSuccess && !fits_guest<uint32_t>(invocation, out)) code = kFault;
    uint32_t read = 0;
    if (code == kSuccess && offset > INT64_MAX) code = kInval;
    if (code == kSuccess) code = read_at(invocation, *asked.file, offset, asked.list, read);
    if (code != kSuccess) return code;
    return write_guest(invocation, out, read) ? kSuccess : kFault;
}

int32_t fd_write(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, GuestPtr out) noexcept {
    Asked asked;
    int32_t code = check(invocation, fd, rights::kFdWrite, {iovecs, count}, asked);
    if (code == kSuccess && !fits_guest<uint32_t>(invocation, out)) code = kFault;
    if (code != kSuccess) return code;
    File& file = *asked.file;
    if (file.kind == File::Kind::object && (file.flags & kAppend)) file.offset = size_of(invocation, file);
    uint32_t written = 0;
    code = write_at(invocation, file, file.offset, asked.list, written);
    if (code != kSuccess && (written == 0 || code == engine::kStopGuest)) return code;
    file.offset += written;
    return write_guest(invocation, out, written) ? kSuccess : kFault;
}

int32_t fd_pwrite(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, uint64_t offset, GuestPtr out) noexcept {
    Asked asked;
    int32_t code = check(invocation, fd, rights::kFdWrite | rights::kFdSeek, {iovecs, count}, asked);
    if (code == kSuccess && !fits_guest<uint32_t>(invocation, out)) code = kFault;
    if (code == kSuccess && offset > INT64_MAX) code = kInval;
    uint32_t written = 0;
    if (code == kSuccess) code = write_at(invocation, *asked.file, offset, asked.list, written);
    if (code != kSuccess && (written == 0 || code == engine::kStopGuest)) return code;
    return write_guest(invocation, out, written) ? kSuccess : kFault;
}

int32_t fd_seek(Invocation& invocation, uint32_t fd, uint64_t offset, uint32_t whence, GuestPtr out) noexcept {
    File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (file->kind == File::Kind::directory) return kIsdir;
    if (file->kind != File::Kind::object && file->kind != File::Kind::input) return kSpipe;
    const bool only_tells = whence == kSeekCurrent && offset == 0;
    if (!file->may(only_tells ? rights::kFdTell : rights::kFdSeek)) return kNotcapable;
    if (whence > kSeekEnd) return kInval;
    const uint64_t base = whence == kSeekSet ? 0 : whence == kSeekCurrent ? file->offset : size_of(invocation, *file);
    int64_t at = 0;
    if (__builtin_add_overflow(static_cast<int64_t>(base), static_cast<int64_t>(offset), &at) || at < 0) return kInval;
    if (!write_guest(invocation, out, static_cast<uint64_t>(at))) return kFault;
    file->offset = static_cast<uint64_t>(at);
    return kSuccess;
}

int32_t fd_tell(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept { return fd_seek(invocation, fd, 0, kSeekCurrent, out); }

int32_t fd_allocate(Invocation& invocation, uint32_t fd, uint64_t offset, uint64_t length) noexcept {
    File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (!file->may(rights::kFdAllocate)) return kNotcapable;
    if (length == 0 || offset > INT64_MAX || length > INT64_MAX - offset) return kInval;
    if (offset + length <= size_of(invocation, *file)) return kSuccess;
    return set_size(invocation, *file, offset + length);
}

int32_t fd_filestat_set_size(Invocation& invocation, uint32_t fd, uint64_t size) noexcept {
    File* file = state_of(invocation).find(fd);
    if (!file) return kBadf;
    if (!file->may(rights::kFdFilestatSetSize)) return kNotcapable;
    return size > INT64_MAX ? static_cast<int32_t>(kFbig) : set_size(invocation, *file, size);
}

}  // namespace inlay::run::wasi
