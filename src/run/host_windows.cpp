// Host functions: sources and windows.
#include <algorithm>
#include <cstring>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "run/host_api.hpp"

namespace inlay::run::host {
namespace {

constexpr uint32_t kBodySource = 0;

// What of a source the guest asks for.
struct Extent {
    uint64_t offset;
    uint64_t length;
};

void ensure_body_source(Invocation& invocation) {
    if (!invocation.sources.empty()) return;
    const Body& body = invocation.request.body;
    Source source;
    source.name = "the request body";
    if (body.pages) {
        source.pages = body.pages;
    } else {
        source.inline_bytes = body.inline_bytes;
    }
    invocation.sources.push_back(std::move(source));
}

int32_t code_of(engine::PlaceError error) {
    switch (error) {
        case engine::PlaceError::no_room: return INLAY_E_NO_ROOM;
        case engine::PlaceError::limit: return INLAY_E_LIMIT;
        case engine::PlaceError::failed: return INLAY_E_IO;
    }
    return INLAY_E_IO;
}

// Copies a piece below the threshold into plain guest memory.
int32_t copy_piece(Invocation& invocation, const Source& source, const Extent& piece, inlay_range& out) {
    uint64_t lead = piece.offset % os::page_size();  // The address is aligned as it would be if it were mapped.
    auto placement = invocation.memory->place_plain(lead + piece.length);
    if (!placement.window) return code_of(placement.error);
    uint64_t address = placement.window->offset + lead;
    uint8_t* at = invocation.memory->base() + address;
    bool copied = true;
    if (!source.pages)
        std::memcpy(at, source.inline_bytes.data() + piece.offset, piece.length);  // COPY: small, below the map threshold.
    else
        copied = os::read_exactly_at(source.pages->fd(), at, piece.length, piece.offset).ok();  // COPY: small
    if (!copied) {
        invocation.memory->remove(placement.window->area);
        return INLAY_E_IO;
    }
    invocation.cost.copied.small += piece.length;
    Window window;
    window.kind = WindowKind::copied;
    window.area = placement.window->area;
    window.length = piece.length;
    window.name = source.name;
    out = {static_cast<uint32_t>(address), static_cast<uint32_t>(piece.length)};
    invocation.windows.emplace(address, std::move(window));
    return 0;
}

// Maps the pages that hold a piece; the window begins at the piece's first byte inside its first page.
int32_t map_piece(Invocation& invocation, const Source& source, const Extent& piece, inlay_range& out) {
    uint64_t start = os::round_down(piece.offset, os::page_size());
    uint64_t lead = piece.offset - start;
    auto placement =
        invocation.memory->place({source.pages->fd(), start, lead + piece.length}, os::Access::read, os::Sharing::private_);
    if (!placement.window) return code_of(placement.error);
    uint64_t address = placement.window->offset + lead;
    invocation.cost.mapped_bytes += piece.length;
    Window window;
    window.kind = WindowKind::input;
    window.area = placement.window->area;
    window.length = piece.length;
    window.pages = source.pages;
    window.offset = piece.offset;
    window.name = source.name;
    out = {static_cast<uint32_t>(address), static_cast<uint32_t>(piece.length)};
    invocation.windows.emplace(address, std::move(window));
    return 0;
}

}  // namespace

int32_t body(Invocation& invocation, GuestPtr out) noexcept {
    ensure_body_source(invocation);
    inlay_source described{kBodySource, 0, invocation.sources[kBodySource].size()};
    return write_guest(invocation, out, described) ? 0 : INLAY_E_POINTER;
}

int32_t open(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr out) noexcept {
    auto text = guest_text(invocation, name, name_length);
    if (!text || !fits_guest<inlay_source>(invocation, out)) return INLAY_E_POINTER;
    auto parsed = parse_object_name(*text);
    if (!parsed.ok()) return INLAY_E_NAME;
    ensure_body_source(invocation);
    if (invocation.sources.size() >= kSourcesMax) return INLAY_E_LIMIT;
    auto known = invocation.request.find_opened(*parsed);
    auto object = known ? Result(std::move(known)) : invocation.supply.get_object(*parsed);
    if (!object.ok()) return object.error().code == Errc::object_not_found ? INLAY_E_ABSENT : INLAY_E_IO;
    Source source;
    source.name = "object " + parsed->path();
    if (invocation.terms.place == Place::express) invocation.opened.push_back(*object);
    source.pages = registry::pages_of(std::move(object).value());
    inlay_source described{static_cast<uint32_t>(invocation.sources.size()), 0, source.size()};
    invocation.sources.push_back(std::move(source));
    write_guest(invocation, out, described);
    return 0;
}

int32_t map(Invocation& invocation, uint32_t source_id, uint64_t offset, uint64_t length, uint32_t flags,
            GuestPtr out) noexcept {
    if ((flags & ~static_cast<uint32_t>(INLAY_MAP_RANDOM)) != 0) return INLAY_E_ARGUMENT;
    if (!fits_guest<inlay_range>(invocation, out)) return INLAY_E_POINTER;
    ensure_body_source(invocation);
    if (source_id >= invocation.sources.size()) return INLAY_E_ABSENT;
    const Source& source = invocation.sources[source_id];
    if (offset > source.size() || length > source.size() - offset) return INLAY_E_RANGE;
    if (length == 0) return write_guest(invocation, out, inlay_range{}) ? 0 : INLAY_E_POINTER;
    if (length > UINT32_MAX) return INLAY_E_NO_ROOM;
    if (invocation.terms.place == Place::express && source.pages && !invocation.supply.may_read(source.pages, offset, length)) {
        invocation.cold = {source.pages, offset, length, (flags & INLAY_MAP_RANDOM) != 0};
        return engine::kStopGuest;
    }
    Extent piece{offset, length};
    inlay_range made{};
    bool small = !source.pages || length < kMapThresholdBytes;
    int32_t verdict = small ? copy_piece(invocation, source, piece, made) : map_piece(invocation, source, piece, made);
    if (verdict != 0) return verdict;
    if (!small && (flags & INLAY_MAP_RANDOM))
        os::expect_random_access(invocation.memory->base() + os::round_down(made.address, os::page_size()), length);
    write_guest(invocation, out, made);
    return 0;
}

int32_t output(Invocation& invocation, uint64_t length, GuestPtr out) noexcept {
    if (length == 0) return INLAY_E_ARGUMENT;
    if (!fits_guest<inlay_range>(invocation, out)) return INLAY_E_POINTER;
    if (length > kOutputBytesMax - invocation.output_bytes) return INLAY_E_LIMIT;
    // Bulk instructions over it could not be interrupted: that much is written in a lane.
    if (invocation.terms.place == Place::express && invocation.output_bytes + length > kExpressOutputBytesMax) return engine::kStopGuest;
    auto pages = invocation.supply.create_output(os::round_up(length, os::page_size()));
    if (!pages.ok()) return pages.error().code == Errc::overloaded ? INLAY_E_LIMIT : INLAY_E_IO;
    if (!os::seal_size((*pages)->fd()).ok()) return INLAY_E_IO;
    auto placement = invocation.memory->place({(*pages)->fd(), 0, length}, os::Access::read_write, os::Sharing::shared);
    if (!placement.window) return code_of(placement.error);
    invocation.output_bytes += length;
    invocation.cost.mapped_bytes += length;
    Window window;
    window.kind = WindowKind::output;
    window.area = placement.window->area;
    window.length = length;
    window.pages = *pages;
    window.name = "an output window";
    invocation.outputs.push_back(std::move(pages).value());
    uint64_t address = placement.window->offset;
    invocation.windows.emplace(address, std::move(window));
    write_guest(invocation, out, inlay_range{static_cast<uint32_t>(address), static_cast<uint32_t>(length)});
    return 0;
}

int32_t unmap(Invocation& invocation, uint32_t address) noexcept {
    auto found = invocation.windows.find(address);
    if (found == invocation.windows.end()) return INLAY_E_ABSENT;
    if (!invocation.memory->remove(found->second.area)) return INLAY_E_IO;
    invocation.windows.erase(found);
    return 0;
}

}  // namespace inlay::run::host
