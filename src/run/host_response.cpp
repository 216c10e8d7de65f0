// Host functions: the response and staged effects.
#include <cstring>

#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "os/memfd.hpp"
#include "run/host_api.hpp"

namespace inlay::run::host {
namespace {

constexpr size_t kFieldsBytesLikely = 256;

// The guest's list of ranges, copied out before it is looked at: the guest's memory may change under nobody, but twice-read
// values are a habit to avoid.
std::optional<std::vector<inlay_range>> read_ranges(const Invocation& invocation, GuestPtr address, uint32_t count) {
    auto bytes = guest_text(invocation, address, GuestLen{static_cast<uint32_t>(count * sizeof(inlay_range))});
    if (!bytes) return std::nullopt;
    std::vector<inlay_range> ranges(count);
    if (count > 0) std::memcpy(ranges.data(), bytes->data(), bytes->size());  // COPY: descriptors of the ABI, no content.
    for (const auto& range : ranges)
        if (!invocation.memory->bytes(GuestPtr{range.address}, GuestLen{range.length})) return std::nullopt;
    return ranges;
}

// Whether ranges of that many bytes may still be copied: outputs and copies of one invocation have one bound.
bool may_copy(const Invocation& invocation, const std::vector<inlay_range>& ranges) {
    uint64_t bytes = invocation.output_bytes + invocation.cost.copied.heap;
    for (const auto& range : ranges) {
        auto found = invocation.window_of(range.address, range.length);
        if (!found || found->second->kind == WindowKind::copied) bytes += range.length;
    }
    return bytes <= kOutputBytesMax;
}

// A piece of content: by reference where the range lies in a window, else copied. nullopt: the host is out of memory files.
std::optional<Piece> piece_of(Invocation& invocation, const inlay_range& range) {
    Piece piece;
    auto found = invocation.window_of(range.address, range.length);
    if (found && found->second->kind != WindowKind::copied) {
        const Window& window = *found->second;
        piece.range = {window.range.fd, window.range.offset + (range.address - found->first), range.length};
        piece.pin = window.pin;
        return piece;
    }
    auto text = guest_text(invocation, GuestPtr{range.address}, GuestLen{range.length});
    invocation.cost.copied.heap += range.length;
    if (range.length <= kHeapRangeCopyMax) {
        piece.bytes = std::string(*text);  // COPY: heap, at most kHeapRangeCopyMax
        return piece;
    }
    auto pages = os::create_memfd_of("inlay-heap", *text);  // COPY: heap, once
    if (!pages.ok()) return std::nullopt;
    auto fd = std::make_shared<const os::Fd>(std::move(pages).value());
    piece.range = {fd->get(), 0, range.length};
    piece.pin = std::move(fd);
    return piece;
}

// One range from the start of a file can be published as it lies; anything else is gathered.
std::optional<Piece> gather(Invocation& invocation, const std::vector<inlay_range>& ranges) {
    if (ranges.size() == 1) {
        auto found = invocation.window_of(ranges[0].address, ranges[0].length);
        bool whole = found && found->second->kind != WindowKind::copied && found->first == ranges[0].address &&
                     found->second->range.offset == 0;
        if (whole) return piece_of(invocation, ranges[0]);
    }
    std::string gathered;
    for (const auto& range : ranges)
        gathered += *guest_text(invocation, GuestPtr{range.address}, GuestLen{range.length});  // COPY: heap, gathered
    invocation.cost.copied.heap += gathered.size();
    Piece piece;
    if (gathered.size() <= kPublishInlineMax) {
        piece.bytes = std::move(gathered);
        return piece;
    }
    auto pages = os::create_memfd_of("inlay-gathered", gathered);  // COPY: heap
    if (!pages.ok()) return std::nullopt;
    auto fd = std::make_shared<const os::Fd>(std::move(pages).value());
    piece.range = {fd->get(), 0, gathered.size()};
    piece.pin = std::move(fd);
    return piece;
}

}  // namespace

int32_t status(Invocation& invocation, uint32_t status) noexcept {
    if (status < 200 || status > 599) return INLAY_E_ARGUMENT;
    invocation.response.status = status;
    return 0;
}

int32_t header(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr value, GuestLen value_length) noexcept {
    auto name_text = guest_text(invocation, name, name_length);
    auto value_text = guest_text(invocation, value, value_length);
    if (!name_text || !value_text) return INLAY_E_POINTER;
    if (name_text->size() + value_text->size() > kResponseHeaderBytesMax) return INLAY_E_LIMIT;
    if (!is_token(*name_text)) return INLAY_E_NAME;
    if (!is_field_value(*value_text)) return INLAY_E_ARGUMENT;
    if (is_host_owned(*name_text)) return INLAY_E_DENIED;
    Response& response = invocation.response;
    bool is_content_type = equal_ignoring_case(*name_text, "content-type");
    if (is_content_type && response.has_content_type) return INLAY_E_TWICE;
    size_t bytes = response.fields.size() + name_text->size() + value_text->size() + 4;
    if (++invocation.response_headers > kResponseHeadersMax || bytes > kResponseHeaderBytesMax) return INLAY_E_LIMIT;
    response.has_content_type |= is_content_type;
    if (response.fields.empty()) response.fields.reserve(kFieldsBytesLikely);
    response.fields.append(*name_text).append(": ").append(*value_text).append("\r\n");
    return 0;
}

int32_t respond(Invocation& invocation, GuestPtr ranges, uint32_t count) noexcept {
    if (count > kRangesMax) return INLAY_E_LIMIT;
    auto list = read_ranges(invocation, ranges, count);
    if (!list) return INLAY_E_POINTER;
    if (invocation.responded) return INLAY_E_TWICE;
    if (!may_copy(invocation, *list)) return INLAY_E_LIMIT;
    invocation.responded = true;
    for (const auto& range : *list) {
        if (range.length == 0) continue;
        auto piece = piece_of(invocation, range);
        if (!piece) return INLAY_E_IO;
        invocation.response.content.push_back(std::move(*piece));
    }
    return 0;
}

int32_t publish(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr content_type,
                GuestLen content_type_length, GuestPtr ranges, uint32_t count) noexcept {
    if (count > kRangesMax || invocation.effects.size() >= kPublishesMax) return INLAY_E_LIMIT;
    auto name_text = guest_text(invocation, name, name_length);
    auto type_text = guest_text(invocation, content_type, content_type_length);
    auto list = read_ranges(invocation, ranges, count);
    if (!name_text || !type_text || !list) return INLAY_E_POINTER;
    auto parsed = parse_object_name(*name_text);
    if (!parsed.ok()) return INLAY_E_NAME;
    if (type_text->size() > kContentTypeBytesMax || !is_field_value(*type_text)) return INLAY_E_ARGUMENT;
    uint64_t bytes = 0;
    for (const auto& range : *list) bytes += range.length;
    if (bytes > kOutputBytesMax || !may_copy(invocation, *list)) return INLAY_E_LIMIT;
    auto content = gather(invocation, *list);
    if (!content) return INLAY_E_IO;
    StagedEffect staged;
    staged.effect.name = std::move(parsed).value();
    staged.effect.content_type = type_text->empty() ? "application/octet-stream" : std::string(*type_text);
    staged.effect.length = content->size();
    if (content->range.length > 0) {
        staged.effect.kind = registry::ContentKind::pages;
        staged.effect.fd = content->range.fd;
        staged.pin = std::move(content->pin);
    } else {
        staged.effect.inline_bytes = std::move(content->bytes);
    }
    invocation.effects.push_back(std::move(staged));
    return 0;
}

}  // namespace inlay::run::host
