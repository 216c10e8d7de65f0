// Host functions: sources and windows.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "run/host_api.hpp"
#include "run/stream.hpp"
#include "run/wasi_state.hpp"

namespace inlay::run::host {
namespace {

constexpr uint32_t kBodySource = 0;

// Bytes of the pages around a piece of a source that do not belong to the source.
engine::Edges edges_around(const Source& source, uint64_t offset, uint64_t length) {
    uint64_t start = os::round_down(offset, os::page_size()), end = os::round_up(offset + length, os::page_size());
    uint64_t source_end = source.offset + source.length;
    engine::Edges edges;
    if (start < source.offset) edges.head = source.offset - start;
    if (source_end < end && source_end < source.pages->size()) edges.tail = end - source_end;
    return edges;
}

// What of a piece is copied, because its page is one with edges.
uint64_t bytes_beside(const engine::Edges& edges, uint64_t lead, uint64_t length) {
    const uint64_t page = os::page_size(), last = (lead + length - 1) / page * page;  // Where the last page begins.
    uint64_t first_bytes = edges.head > 0 ? std::min(length, page - lead) : 0;
    uint64_t last_bytes = edges.tail > 0 ? lead + length - std::max(last, lead) : 0;
    return last == 0 ? std::max(first_bytes, last_bytes) : first_bytes + last_bytes;
}

int32_t describe(const Invocation& invocation, uint32_t source, GuestPtr out) {
    inlay_source described{source, 0, invocation.sources[source].size()};
    return write_guest(invocation, out, described) ? 0 : INLAY_E_POINTER;
}

int32_t code_of(Invocation& invocation, engine::PlaceError error) {
    switch (error) {
        case engine::PlaceError::no_room: return INLAY_E_NO_ROOM;
        case engine::PlaceError::limit: return invocation.meet("kWindowSlackMax, or the mappings of all windows (kWindowMappingsShare)");
        case engine::PlaceError::failed: return INLAY_E_IO;
    }
    return INLAY_E_IO;
}

// A piece of a source that a guest wants to see, and how.
struct Wanted {
    uint32_t source = 0;
    uint64_t offset = 0;
    uint64_t length = 0;
    uint32_t flags = 0;

    bool is_private() const { return (flags & INLAY_MAP_PRIVATE) != 0; }
};

int32_t check_piece(Invocation& invocation, const Wanted& wanted) {
    invocation.begin_sources();
    if (wanted.source >= invocation.sources.size() || invocation.sources[wanted.source].closed) return INLAY_E_ABSENT;
    uint64_t size = invocation.sources[wanted.source].size();
    return wanted.offset > size || wanted.length > size - wanted.offset ? INLAY_E_RANGE : 0;
}

inlay_range note_window(Invocation& invocation, uint64_t address, Window window) {
    inlay_range range{static_cast<uint32_t>(address), static_cast<uint32_t>(window.length)};
    invocation.windows.emplace(address, std::move(window));
    return range;
}

// Copies a piece below the threshold into plain guest memory.
int32_t copy_piece(Invocation& invocation, const Wanted& wanted, inlay_range& out) {
    const Source& source = invocation.sources[wanted.source];
    uint64_t lead = (source.offset + wanted.offset) % os::page_size();  // The address is aligned as it would be if it were mapped.
    auto placement = invocation.memory->place_plain(lead + wanted.length, wanted.is_private() ? wanted.length : 0);
    if (!placement.window) return code_of(invocation, placement.error);
    uint64_t address = placement.window->offset + lead;
    uint8_t* at = invocation.memory->base() + address;
    bool copied = true;
    if (!source.pages)
        std::memcpy(at, source.inline_bytes.data() + wanted.offset, wanted.length);  // COPY: small, below the map threshold.
    else
        copied = os::read_exactly_at(source.pages->fd(), at, wanted.length, source.offset + wanted.offset).ok();  // COPY: small
    if (!copied) {
        invocation.memory->remove(placement.window->area);
        return INLAY_E_IO;
    }
    invocation.cost.copied.small += wanted.length;
    Window window;
    window.kind = WindowKind::copied;
    window.source = wanted.source;
    window.flags = wanted.flags;
    window.area = placement.window->area;
    window.length = wanted.length;
    window.name = source.name;
    out = note_window(invocation, address, std::move(window));
    return 0;
}

// Maps the pages that hold a piece, over the window in area `old` where there is one; the window begins at the piece's first
// byte inside its first page.
int32_t map_piece(Invocation& invocation, const Wanted& wanted, std::optional<size_t> old, inlay_range& out) {
    const Source& source = invocation.sources[wanted.source];
    const uint64_t offset = source.offset + wanted.offset, start = os::round_down(offset, os::page_size()), lead = offset - start;
    os::FileRange pages{source.pages->fd(), start, lead + wanted.length};
    auto access = wanted.is_private() ? os::Access::read_write : os::Access::read;
    auto edges = edges_around(source, offset, wanted.length);
    auto placement = old ? invocation.memory->move(*old, pages, access, os::Sharing::private_, edges)
                         : invocation.memory->place(pages, access, os::Sharing::private_, edges);
    if (!placement.window) return code_of(invocation, placement.error);
    if (wanted.flags & INLAY_MAP_RANDOM)
        os::expect_random_access(invocation.memory->base() + placement.window->offset, lead + wanted.length);
    invocation.cost.mapped_bytes += wanted.length;
    invocation.cost.copied.small += bytes_beside(edges, lead, wanted.length);  // COPY: at most two pages, whose other bytes are not for the guest
    source.pages->use().mapped_bytes += wanted.length;
    Window window;
    window.kind = wanted.is_private() ? WindowKind::private_ : WindowKind::input;
    window.source = wanted.source;
    window.flags = wanted.flags;
    window.area = placement.window->area;
    window.length = wanted.length;
    window.pages = source.pages;
    window.offset = offset;
    window.name = source.name;
    out = note_window(invocation, placement.window->offset + lead, std::move(window));
    return 0;
}

// What a worker does not give: the invocation begins again in a lane, if it can.
int32_t leave_worker(Invocation& invocation, std::string_view limit, uint64_t bound = 0) {
    return invocation.may_begin_again() ? engine::kStopGuest : invocation.meet(limit, bound);
}

// A fiber holds what it has while it waits, for as long as its client likes: all of them together leave half of the worker's
// mappings and outputs to others.
int32_t check_held(Invocation& invocation) {
    if (invocation.terms.place != Place::fiber) return 0;
    if (invocation.windows.size() >= kFiberWindowsMax) return leave_worker(invocation, "kFiberWindowsMax", kFiberWindowsMax);
    if (invocation.outputs.size() >= kFiberOutputsMax) return leave_worker(invocation, "kFiberOutputsMax", kFiberOutputsMax);
    return 0;
}

// What the deploy allows. `private_bytes`: more of its own memory that the window is.
int32_t check_own_limits(Invocation& invocation, uint64_t private_bytes) {
    const auto& limits = invocation.limits();
    const auto& memory = *invocation.memory;
    if (invocation.windows.size() >= limits.windows) return invocation.meet(&FunctionLimits::windows);
    if (private_bytes == 0) return 0;
    if (memory.charged_bytes() + private_bytes > limits.private_bytes) return invocation.meet(&FunctionLimits::private_bytes);
    return memory.own_bytes() + private_bytes > limits.memory_bytes ? invocation.meet(&FunctionLimits::memory_bytes) : 0;
}

// Bulk instructions over what a guest may write cannot be interrupted: more than this is written in a lane.
int32_t check_writable(Invocation& invocation, uint64_t more_bytes) {
    uint64_t writable = invocation.output_bytes + invocation.memory->charged_bytes() + more_bytes;
    if (invocation.terms.is_in_worker() && writable > kExpressOutputBytesMax)
        return leave_worker(invocation, "kExpressOutputBytesMax", kExpressOutputBytesMax);
    const uint64_t own_bytes = invocation.memory->own_bytes() + more_bytes;
    const bool is_large = invocation.terms.place == Place::express && own_bytes > kExpressMemoryBytesMax + kExpressOutputBytesMax;
    return is_large ? leave_worker(invocation, "kExpressMemoryBytesMax", kExpressMemoryBytesMax) : 0;
}

// A worker does not wait for a disk: a fiber does, another attempt ends and begins again.
int32_t await_disk(Invocation& invocation, const Wanted& wanted) {
    bool has_waited = std::exchange(invocation.cold, std::nullopt).has_value();
    const auto& source = invocation.sources[wanted.source];
    const auto& pages = source.pages;
    if (has_waited || !invocation.terms.is_in_worker() || !pages || wanted.length == 0 || wanted.length > UINT32_MAX) return 0;
    if (invocation.supply.may_read(pages, source.offset + wanted.offset, wanted.length)) return 0;
    ColdRange cold{pages, source.offset + wanted.offset, wanted.length, (wanted.flags & INLAY_MAP_RANDOM) != 0};
    invocation.waits = invocation.terms.place == Place::fiber && cold.is_brief();
    int32_t code = invocation.waits ? engine::kWaitInHost : leave_worker(invocation, "kColdBytesMax, or kReadAheadBytes at random");
    if (code != INLAY_E_LIMIT) invocation.cold = std::move(cold);
    return code;
}

// Shows a piece as a window, instead of `old` where there is one, which is gone in any case. Requires: check_piece() was 0.
int32_t show_piece(Invocation& invocation, const Wanted& wanted, const Window* old, inlay_range& made) {
    const auto& pages = invocation.sources[wanted.source].pages;
    bool small = !pages || wanted.length < kMapThresholdBytes;
    bool in_place = old && !small && old->kind != WindowKind::copied;
    if (old && !in_place && !invocation.memory->remove(old->area)) return INLAY_E_IO;
    if (wanted.length > UINT32_MAX) return INLAY_E_NO_ROOM;
    if (wanted.length > 0) {
        uint64_t again = in_place && old->kind == WindowKind::private_ ? old->length : 0;
        uint64_t whole = small ? wanted.length : os::round_up(wanted.offset % os::page_size() + wanted.length, os::page_size());
        uint64_t more_private = wanted.is_private() ? whole - std::min(again, whole) : 0;
        int32_t code = check_own_limits(invocation, more_private);
        if (code == 0 && wanted.is_private()) code = check_writable(invocation, more_private);
        if (code != 0) return code;
        code = small ? copy_piece(invocation, wanted, made)
                             : map_piece(invocation, wanted, in_place ? std::optional(old->area) : std::nullopt, made);
        if (code != 0) return code;
    }
    return 0;
}

int32_t show_piece(Invocation& invocation, const Wanted& wanted, const Window* old, GuestPtr out) {
    inlay_range made{};
    int32_t code = show_piece(invocation, wanted, old, made);
    if (code == 0) write_guest(invocation, out, made);
    return code;
}

// The window at an address that the guest may move and take away: not the one that `receive` shows its pieces in.
auto find_window(Invocation& invocation, uint32_t address) {
    return invocation.receive_window == address ? invocation.windows.end() : invocation.windows.find(address);
}

// The next piece of a body that is there whole.
int32_t receive_of_body(Invocation& invocation, inlay_range& made) {
    invocation.begin_sources();
    const auto& body = invocation.sources[kBodySource];
    uint64_t left = body.closed ? 0 : body.size() - invocation.received_bytes;
    Wanted wanted{kBodySource, invocation.received_bytes, std::min(left, kReceiveWindowBytes), 0};  // In memory, all of it.
    auto window = std::exchange(invocation.receive_window, std::nullopt);
    auto old = window ? invocation.windows.extract(*window) : decltype(invocation.windows)::node_type();
    int32_t code = show_piece(invocation, wanted, old ? &old.mapped() : nullptr, made);
    if (code != 0 || made.length == 0) return code;
    invocation.receive_window = made.address;
    invocation.received_bytes += made.length;
    return 0;
}

// Places the ring, for all of its pieces.
int32_t show_ring(Invocation& invocation, const std::shared_ptr<const os::Pages>& ring) {
    if (int32_t code = check_own_limits(invocation, 0); code != 0) return code;
    auto placement = invocation.memory->place({ring->fd(), 0, kStreamRingBytes}, os::Access::read, os::Sharing::private_);
    if (!placement.window) return code_of(invocation, placement.error);
    Window window;
    window.kind = WindowKind::ring;
    window.area = placement.window->area;
    window.length = kStreamRingBytes;
    window.pages = ring;
    window.name = "the request body";
    invocation.receive_window = note_window(invocation, placement.window->offset, std::move(window)).address;
    return 0;
}

// The end, or a failure, is taken once: again and again it would give the guest its whole time each time.
int32_t receive_of_stream(Invocation& invocation, Stream& stream, inlay_range& made) {
    if (invocation.body_end_code) return *invocation.body_end_code;
    if (!invocation.receive_window)
        if (int32_t code = show_ring(invocation, stream.ring()); code != 0) return code;
    auto received = stream.receive();
    invocation.waits = !received;
    if (!received) return engine::kWaitInHost;
    invocation.exchanges++;
    RingPiece piece = received->ok() ? **received : RingPiece{};
    if (piece.length == 0) {
        invocation.body_end_code = received->ok() ? 0 : INLAY_E_IO;
        return *invocation.body_end_code;
    }
    invocation.cost.mapped_bytes += piece.length;
    made = {static_cast<uint32_t>(*invocation.receive_window + piece.offset), static_cast<uint32_t>(piece.length)};
    return 0;
}

}  // namespace

int32_t body(Invocation& invocation, GuestPtr out) noexcept {
    if (invocation.request.stream) return INLAY_E_DENIED;
    invocation.begin_sources();
    return describe(invocation, kBodySource, out);
}

int32_t call_input(Invocation& invocation, uint32_t index, GuestPtr out) noexcept {
    if (invocation.request.stream) return INLAY_E_DENIED;
    invocation.begin_sources();
    const size_t inputs = invocation.request.is_call ? invocation.request.inputs.size() : 1;
    return index < inputs ? describe(invocation, index, out) : INLAY_E_ABSENT;
}

int32_t close(Invocation& invocation, uint32_t source) noexcept {
    invocation.begin_sources();
    if (source >= invocation.sources.size() || invocation.sources[source].closed) return INLAY_E_ABSENT;
    if (invocation.wasi && invocation.wasi->holds(source)) return INLAY_E_DENIED;  // It goes with its descriptor.
    invocation.close_source(source);
    return 0;
}

int32_t open(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr out) noexcept {
    auto text = guest_text(invocation, name, name_length);
    if (!text || !fits_guest<inlay_source>(invocation, out)) return INLAY_E_POINTER;
    auto parsed = parse_object_name(*text);
    if (!parsed.ok()) return INLAY_E_NAME;
    invocation.begin_sources();
    if (!invocation.has_room_for_sources(1)) return invocation.meet_sources_limit();
    auto source = invocation.open_source(*parsed);
    if (!source.ok()) {
        bool gone = source.error().code == Errc::object_not_found || source.error().code == Errc::object_changed;
        return gone ? INLAY_E_ABSENT : INLAY_E_IO;
    }
    return describe(invocation, *source, out);
}

int32_t fd_source(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept {
    if (!fits_guest<inlay_source>(invocation, out)) return INLAY_E_POINTER;
    const auto* file = wasi::state_of(invocation).find(fd);
    if (!file || !file->source || file->spool) return INLAY_E_ABSENT;
    return file->may(wasi::rights::kFdRead) ? describe(invocation, *file->source, out) : INLAY_E_DENIED;
}

int32_t map(Invocation& invocation, uint32_t source, uint64_t offset, uint64_t length, uint32_t flags, GuestPtr out) noexcept {
    if ((flags & ~uint32_t{INLAY_MAP_RANDOM | INLAY_MAP_PRIVATE}) != 0) return INLAY_E_ARGUMENT;
    if (!fits_guest<inlay_range>(invocation, out)) return INLAY_E_POINTER;
    Wanted wanted{source, offset, length, flags};
    int32_t code = check_piece(invocation, wanted);
    if (code == 0) code = check_held(invocation);
    if (code == 0) code = await_disk(invocation, wanted);
    return code != 0 ? code : show_piece(invocation, wanted, nullptr, out);
}

int32_t move(Invocation& invocation, uint32_t address, uint64_t offset, uint64_t length, GuestPtr out) noexcept {
    if (!fits_guest<inlay_range>(invocation, out)) return INLAY_E_POINTER;
    auto found = find_window(invocation, address);
    if (found == invocation.windows.end() || found->second.is_output()) return INLAY_E_ABSENT;
    Wanted wanted{found->second.source, offset, length, found->second.flags};
    int32_t code = check_piece(invocation, wanted);
    if (code == 0) code = await_disk(invocation, wanted);
    if (code != 0) return code;
    auto old = invocation.windows.extract(found);
    return show_piece(invocation, wanted, &old.mapped(), out);
}

int32_t prefetch(Invocation& invocation, uint32_t source, uint64_t offset, uint64_t length) noexcept {
    if (int32_t code = check_piece(invocation, {source, offset, length, 0}); code != 0) return code;
    const auto& from = invocation.sources[source];
    if (from.pages && from.pages->home() == os::Pages::Home::disk) os::prefetch({from.pages->fd(), from.offset + offset, std::min<uint64_t>(length, kPrefetchBytesMax)});
    return 0;
}

int32_t output(Invocation& invocation, uint64_t length, GuestPtr out) noexcept {
    if (length == 0) return INLAY_E_ARGUMENT;
    if (!fits_guest<inlay_range>(invocation, out)) return INLAY_E_POINTER;
    if (length > invocation.limits().output_bytes - std::min(invocation.limits().output_bytes, invocation.output_bytes))
        return invocation.meet(&FunctionLimits::output_bytes);
    int32_t code = check_own_limits(invocation, 0);
    if (code == 0) code = check_held(invocation);
    if (code == 0) code = check_writable(invocation, length);
    if (code != 0) return code;
    auto pages = invocation.supply.create_output(os::round_up(length, os::page_size()));
    if (!pages.ok()) return code_of_no_output(invocation, pages.error());
    if (!os::seal_size((*pages)->fd()).ok()) return INLAY_E_IO;
    auto placement = invocation.memory->place({(*pages)->fd(), 0, length}, os::Access::read_write, os::Sharing::shared);
    if (!placement.window) return code_of(invocation, placement.error);
    invocation.output_bytes += length;
    invocation.cost.mapped_bytes += length;
    Window window;
    window.kind = WindowKind::output;
    window.area = placement.window->area;
    window.length = length;
    window.pages = *pages;
    window.name = "an output window";
    invocation.outputs.push_back(std::move(pages).value());
    write_guest(invocation, out, note_window(invocation, placement.window->offset, std::move(window)));
    return 0;
}

int32_t unmap(Invocation& invocation, uint32_t address) noexcept {
    auto found = find_window(invocation, address);
    if (found == invocation.windows.end()) return INLAY_E_ABSENT;
    if (!invocation.memory->remove(found->second.area)) return INLAY_E_IO;
    invocation.windows.erase(found);
    return 0;
}

int32_t receive(Invocation& invocation, GuestPtr out) noexcept {
    if (!fits_guest<inlay_range>(invocation, out)) return INLAY_E_POINTER;
    auto* stream = invocation.request.stream;
    inlay_range made{};
    int32_t code = stream ? receive_of_stream(invocation, *stream, made) : receive_of_body(invocation, made);
    if (code == 0) write_guest(invocation, out, made);
    return code;
}

}  // namespace inlay::run::host
