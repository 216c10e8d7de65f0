// Host functions: the response and staged effects.
#include <algorithm>
#include <span>

#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "run/host_api.hpp"
#include "run/host_ranges.hpp"
#include "run/stream.hpp"

namespace inlay::run::host {
namespace {


// One range from the start of a file can be published as it lies; anything else is gathered.
Gathered gather(Invocation& invocation, std::span<const inlay_range> ranges) {
    if (ranges.size() == 1 && is_by_reference(invocation, ranges[0])) {
        Piece piece = piece_in_window(invocation, ranges[0]);
        if (piece.offset == 0) return {std::move(piece), 0};
    }
    return copy_ranges(invocation, ranges, kPublishInlineMax);
}

// Sends what the response has so far; its head goes with the first part. What is empty then, or comes after a failure, is no part:
// it would give the guest its whole time again.
int32_t flush(Invocation& invocation, Stream& stream) {
    auto& content = invocation.response.content;
    if (invocation.part_code && (content.empty() || *invocation.part_code != 0)) {
        content.clear();
        return *invocation.part_code;
    }
    auto sent = stream.send(invocation.response);
    invocation.is_sending = invocation.waits = !sent;
    if (!sent) return engine::kWaitInHost;
    invocation.exchanges++;
    invocation.response.fields.clear();
    content.clear();
    invocation.part_code = sent->ok() ? 0 : INLAY_E_IO;
    return *invocation.part_code;
}

// What a guest's memory shows of a linked file changes with it, and would be sent after its object is lost.
bool may_lend(const Invocation& invocation) {
    auto is_linked = [](const Source& source) { return source.pages && source.pages->foreign(); };
    return invocation.terms.place == Place::fiber && std::none_of(invocation.sources.begin(), invocation.sources.end(), is_linked);
}

// A range that is sent as it lies: from the pages under a window, or, where `lends`, from the memory of the guest, which waits until
// it has gone. Only what a disk may hold is sent from its own pages then: whether they are in memory must be known. nullopt: it has
// to be copied.
std::optional<Piece> piece_as_it_lies(const Invocation& invocation, const inlay_range& range, bool lends) {
    auto found = invocation.window_of(range.address, range.length);
    bool has_pages = found && found->second->sends_by_reference();
    bool on_disk = has_pages && found->second->pages->home() == os::Pages::Home::disk;
    if (has_pages && (on_disk || invocation.terms.place != Place::fiber)) return piece_in_window(invocation, range);
    if (!lends) return std::nullopt;
    Piece piece;
    piece.lent = *guest_text(invocation, GuestPtr{range.address}, GuestLen{range.length});
    return piece;
}

// Copies a range of the guest's own memory into the pages that such ranges are sent from, part after part.
int32_t stage(Invocation& invocation, Stream& stream, std::string_view text, uint64_t& used) {
    while (!text.empty()) {
        if (used == kStreamRingBytes) {
            used = 0;
            if (int32_t code = flush(invocation, stream); code != 0) return code;
        }
        if (!invocation.staging) {
            auto pages = invocation.supply.create_output(kStreamRingBytes);
            if (!pages.ok()) return code_of_no_output(invocation, pages.error());
            invocation.staging = std::move(pages).value();
        }
        Piece piece;
        piece.pages = invocation.staging;
        piece.offset = used;
        piece.length = std::min(text.size(), kStreamRingBytes - used);
        if (!os::write_all_at(invocation.staging->fd(), text.substr(0, piece.length), used).ok()) return INLAY_E_IO;  // COPY: heap, once
        text.remove_prefix(piece.length);
        used += piece.length;
        invocation.response.content.push_back(std::move(piece));
    }
    return 0;
}

int32_t send_now(Invocation& invocation, Stream& stream, std::span<const inlay_range> ranges) {
    const bool on_fiber = invocation.terms.place == Place::fiber, lends = may_lend(invocation);
    uint64_t own_bytes = 0, staged = 0;
    for (const auto& range : ranges)
        if (!piece_as_it_lies(invocation, range, lends)) own_bytes += range.length;
    if (on_fiber && own_bytes > kStreamRingBytes) return invocation.meet("kStreamRingBytes", kStreamRingBytes);
    invocation.cost.copied.heap += own_bytes;
    for (const auto& range : ranges) {
        if (range.length == 0) continue;
        auto text = *guest_text(invocation, GuestPtr{range.address}, GuestLen{range.length});
        if (auto piece = piece_as_it_lies(invocation, range, lends)) {
            invocation.response.content.push_back(std::move(*piece));
        } else if (on_fiber || own_bytes <= kPublishInlineMax) {
            // COPY: heap; in a lane at most kPublishInlineMax, into the message; on a fiber what a linked file may be behind
            invocation.response.content.emplace_back().bytes = text;
        } else if (int32_t code = stage(invocation, stream, text, staged); code != 0) {
            return code;
        }
    }
    return flush(invocation, stream);
}

// Where nothing leaves before the end, a guest that writes its ranges again must not change what it has sent.
int32_t send_at_the_end(Invocation& invocation, std::span<const inlay_range> ranges) {
    auto& content = invocation.response.content;
    if (content.size() >= kRangesMax) return invocation.meet("kRangesMax", kRangesMax);
    auto copied = copy_ranges(invocation, ranges, invocation.terms.heap_inline_max());
    if (copied.code == 0 && copied.piece.size() > 0) content.push_back(std::move(copied.piece));
    return copied.code;
}

}  // namespace

int32_t status(Invocation& invocation, uint32_t status) noexcept {
    if (status < 200 || status > 599) return INLAY_E_ARGUMENT;
    if (invocation.sent) return INLAY_E_TWICE;
    invocation.response.status = status;
    return 0;
}

int32_t header(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr value, GuestLen value_length) noexcept {
    auto name_text = guest_text(invocation, name, name_length);
    auto value_text = guest_text(invocation, value, value_length);
    return name_text && value_text ? add_header(invocation, *name_text, *value_text) : INLAY_E_POINTER;
}

int32_t respond(Invocation& invocation, GuestPtr ranges, uint32_t count) noexcept {
    if (count > kRangesMax) return invocation.meet("kRangesMax", kRangesMax);
    RangeRoom room;
    auto list = read_ranges(invocation, ranges, count, room);
    if (!list) return INLAY_E_POINTER;
    if (invocation.responded || invocation.sent) return INLAY_E_TWICE;
    std::vector<Piece> content;
    for (const auto& range : *list) {
        if (range.length == 0) continue;
        if (is_by_reference(invocation, range)) {
            content.push_back(piece_in_window(invocation, range));
            continue;
        }
        auto copied = copy_ranges(invocation, {&range, 1}, invocation.terms.heap_inline_max());
        if (copied.code != 0) return copied.code;
        content.push_back(std::move(copied.piece));
    }
    invocation.response.content = std::move(content);
    invocation.responded = true;
    return 0;
}

int32_t send(Invocation& invocation, GuestPtr ranges, uint32_t count) noexcept {
    auto* stream = invocation.request.stream;
    if (invocation.is_sending) return flush(invocation, *stream);
    if (count > kRangesMax) return invocation.meet("kRangesMax", kRangesMax);
    RangeRoom room;
    auto list = read_ranges(invocation, ranges, count, room);
    if (!list) return INLAY_E_POINTER;
    if (invocation.responded) return INLAY_E_TWICE;
    if (!may_have_content(invocation.response.status)) return INLAY_E_DENIED;
    invocation.sent = true;
    return stream ? send_now(invocation, *stream, *list) : send_at_the_end(invocation, *list);
}

int32_t publish(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr content_type,
                GuestLen content_type_length, GuestPtr ranges, uint32_t count) noexcept {
    if (count > kRangesMax) return invocation.meet("kRangesMax", kRangesMax);
    if (invocation.effects.size() >= invocation.limits().publishes) return invocation.meet(&FunctionLimits::publishes);
    auto name_text = guest_text(invocation, name, name_length);
    auto type_text = guest_text(invocation, content_type, content_type_length);
    RangeRoom room;
    auto list = read_ranges(invocation, ranges, count, room);
    if (!name_text || !type_text || !list) return INLAY_E_POINTER;
    auto parsed = parse_object_name(*name_text);
    if (!parsed.ok()) return INLAY_E_NAME;
    if (type_text->size() > kContentTypeBytesMax || !is_field_value(*type_text)) return INLAY_E_ARGUMENT;
    auto gathered = gather(invocation, *list);
    if (gathered.code != 0) return gathered.code;
    invocation.effects.push_back(staged_put(std::move(parsed).value(), std::string(*type_text), std::move(gathered.piece)));
    return 0;
}

}  // namespace inlay::run::host

namespace inlay::run {

constexpr size_t kFieldsBytesLikely = 256;

int32_t add_header(Invocation& invocation, std::string_view name, std::string_view value) {
    if (name.size() + value.size() > kResponseHeaderBytesMax) return invocation.meet("kResponseHeaderBytesMax", kResponseHeaderBytesMax);
    if (!is_token(name)) return INLAY_E_NAME;
    if (!is_field_value(value)) return INLAY_E_ARGUMENT;
    if (is_host_owned(name)) return INLAY_E_DENIED;
    Response& response = invocation.response;
    bool is_content_type = equal_ignoring_case(name, "content-type");
    if (invocation.sent || (is_content_type && response.has_content_type)) return INLAY_E_TWICE;
    size_t bytes = response.fields.size() + name.size() + value.size() + 4;
    if (bytes > kResponseHeaderBytesMax) return invocation.meet("kResponseHeaderBytesMax", kResponseHeaderBytesMax);
    if (++invocation.response_headers > kResponseHeadersMax) return invocation.meet("kResponseHeadersMax", kResponseHeadersMax);
    response.has_content_type |= is_content_type;
    if (response.fields.empty()) response.fields.reserve(kFieldsBytesLikely);
    response.fields.append(name).append(": ").append(value).append("\r\n");
    return 0;
}

}  // namespace inlay::run
