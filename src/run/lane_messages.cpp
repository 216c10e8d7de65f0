// Writes and reads the messages between a worker and a lane.
#include "run/lane_messages.hpp"

#include <algorithm>

#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "registry/messages.hpp"

namespace inlay::run {
namespace {

enum class Ending : uint64_t { completed, failed, trapped, refused, unfinished };

void write(WireWriter& to, const Cost& cost) {
    to.number(cost.mapped_bytes).number(cost.copied.body_head).number(cost.copied.small).number(cost.copied.heap);
    to.number(cost.copied.fallback).number(cost.copied.wasi).number(cost.private_bytes).number(cost.instantiate_us).number(cost.run_us);
}

void read(WireReader& from, Cost& cost) {
    for (uint64_t* one : {&cost.mapped_bytes, &cost.copied.body_head, &cost.copied.small, &cost.copied.heap, &cost.copied.fallback,
                          &cost.copied.wasi, &cost.private_bytes, &cost.instantiate_us, &cost.run_us})
        *one = from.number();
}

// number, offset, length; number 0: the bytes themselves.
void write(WireWriter& to, const os::FileRange& range, std::string_view bytes, const NumberOf& number_of) {
    uint64_t number = range.fd >= 0 ? number_of(range.fd) : 0;
    to.number(number).number(range.offset).number(range.length);
    to.bytes(number ? std::string_view() : bytes);  // COPY: heap, at most kPublishInlineMax a piece, into the message
}

// False: not inside of what was given.
bool read(WireReader& from, Piece& piece, const GivenOf& given_of) {
    uint64_t number = from.number(), offset = from.number(), length = from.number();
    auto bytes = from.bytes();
    if (!from.ok()) return false;
    if (number == 0) {
        piece.bytes = bytes;  // COPY: heap, the same out of the message
        return length == 0;
    }
    auto given = given_of(number);
    if (!given || length == 0 || offset > given->size() || length > given->size() - offset) return false;
    piece.pages = std::move(given);
    piece.offset = offset;
    piece.length = length;
    return true;
}

void write_pieces(WireWriter& to, const std::vector<Piece>& pieces, const NumberOf& number_of) {
    to.number(pieces.size());
    for (const auto& piece : pieces)
        write(to, {piece.pages ? piece.pages->fd() : -1, piece.offset, piece.length}, piece.text(), number_of);
}

bool read_pieces(WireReader& from, std::vector<Piece>& pieces, const GivenOf& given_of) {
    uint64_t count = from.number();
    if (count > kRangesMax) return false;
    for (uint64_t i = 0; i < count; i++)
        if (!read(from, pieces.emplace_back(), given_of)) return false;
    return from.ok();
}

// Whole lines "Name: value\r\n" such as `header` makes them.
bool are_guest_fields(std::string_view lines) {
    if (lines.size() > kResponseHeaderBytesMax) return false;
    while (!lines.empty()) {
        size_t colon = lines.find(": "), end = lines.find("\r\n");
        if (colon == lines.npos || end == lines.npos || colon > end) return false;
        auto name = lines.substr(0, colon), value = lines.substr(colon + 2, end - colon - 2);
        if (!is_token(name) || is_host_owned(name) || !is_field_value(value)) return false;
        lines.remove_prefix(end + 2);
    }
    return true;
}

void write(WireWriter& to, const Completed& completed, const NumberOf& number_of) {
    inlay::run::write(to, completed.response, number_of);
    to.number(completed.effects.size());
    for (const auto& staged : completed.effects) {
        const auto& effect = staged.effect;
        os::FileRange pages;
        if (effect.kind == registry::ContentKind::pages) pages = {effect.fd, 0, effect.length};
        to.number(effect.is_delete).bytes(effect.name.bucket).bytes(effect.name.key).bytes(effect.content_type);
        write(to, pages, effect.inline_bytes, number_of);
    }
}

bool read(WireReader& from, StagedEffect& staged, const GivenOf& given_of) {
    auto& effect = staged.effect;
    effect.is_delete = from.number() != 0;
    effect.name = {std::string(from.bytes()), std::string(from.bytes())};
    effect.content_type = from.bytes();
    Piece content;
    if (!read(from, content, given_of) || content.offset != 0) return false;
    if (!check_name("bucket", effect.name.bucket).ok() || !check_key(effect.name.key).ok()) return false;
    if (effect.content_type.size() > kContentTypeBytesMax || !is_field_value(effect.content_type)) return false;
    effect.length = content.size();
    if (content.pages) {
        effect.kind = registry::ContentKind::pages;
        effect.fd = content.pages->fd();
        staged.pages = std::move(content.pages);
    } else {
        effect.inline_bytes = std::move(content.bytes);
    }
    return effect.inline_bytes.size() <= kPublishInlineMax;
}

bool read(WireReader& from, Completed& completed, const GivenOf& given_of) {
    if (!inlay::run::read(from, completed.response, given_of)) return false;
    uint64_t effects = from.number();
    if (effects > kPublishesMax) return false;
    for (uint64_t i = 0; i < effects; i++)
        if (!read(from, completed.effects.emplace_back(), given_of)) return false;
    return true;
}

void write(WireWriter& to, const Error& error) { to.number(static_cast<uint64_t>(error.code)).bytes(error.detail); }

Error read_error(WireReader& from) {
    uint64_t code = std::min<uint64_t>(from.number(), static_cast<uint64_t>(Errc::internal));
    return Error{static_cast<Errc>(code), std::string(from.bytes())};
}

Failed read_failed(WireReader& from) {
    auto code = static_cast<int32_t>(from.number());
    return {code, std::string(from.bytes())};
}

void read_to_failure(WireReader& from) {
    while (from.ok()) from.number();
}

}  // namespace

void write(WireWriter& to, const KeyPage& page) {
    to.number(page.keys.size());
    for (const auto& key : page.keys) to.bytes(key);
    to.bytes(page.next);
}

void read(WireReader& from, KeyPage& page) {
    const uint64_t count = std::min<uint64_t>(from.number(), kSupplyKeysMax);
    for (uint64_t i = 0; i < count; i++) page.keys.emplace_back(from.bytes());
    page.next = from.bytes();
}

void write(WireWriter& to, const Terms& terms) {
    to.number(terms.id).number(terms.attempt).number(static_cast<uint64_t>(terms.place)).number(terms.deadline_ns);
    to.number(terms.clock.resolution_ns).number(terms.clock.seed).number(terms.depth).number(terms.calls_max);
    to.number(terms.parent);
    registry::write(to, terms.trace);
}

void read(WireReader& from, Terms& terms) {
    terms.id = from.number();
    terms.attempt = static_cast<unsigned>(from.number());
    terms.place = static_cast<Place>(from.number());
    terms.deadline_ns = from.number();
    terms.clock.resolution_ns = from.number();
    terms.clock.seed = from.number();
    terms.depth = static_cast<unsigned>(from.number());
    terms.calls_max = from.number();
    terms.parent = from.number();
    registry::read(from, terms.trace);
}

void write(WireWriter& to, const Request& request, const NumberOf& number_of) {
    to.bytes(request.method).bytes(request.path).bytes(request.rest).bytes(request.query).number(request.count_private);
    to.number(request.stream != nullptr).number(request.is_call);
    to.number(request.body.size).number(request.body.copied);
    to.bytes(request.body.inline_bytes).number(request.fields.size());  // COPY: small, a body below the map threshold
    for (const auto& field : request.fields) to.bytes(field.name).bytes(field.value);
    write_pieces(to, request.inputs, number_of);
}

bool read(WireReader& from, Request& request, std::vector<HeadField>& fields, const GivenOf& given_of) {
    request.method = from.bytes();
    request.path = from.bytes();
    request.rest = from.bytes();
    request.query = from.bytes();
    request.count_private = from.number() != 0;
    bool streams = from.number() != 0;
    request.is_call = from.number() != 0;
    request.body.size = from.number();
    request.body.copied = from.number();
    request.body.inline_bytes = from.bytes();
    fields.clear();
    uint64_t count = from.number();
    for (uint64_t i = 0; i < count && i < kHeadFieldsMax && from.ok(); i++) {
        HeadField field;
        field.name = from.bytes();
        field.value = from.bytes();
        fields.push_back(field);
    }
    request.fields = fields;
    if (!read_pieces(from, request.inputs, given_of)) read_to_failure(from);
    return streams;
}

void write(WireWriter& to, const Response& response, const NumberOf& number_of) {
    to.number(response.status).number(response.has_content_type).bytes(response.fields);
    write_pieces(to, response.content, number_of);
}

bool read(WireReader& from, Response& response, const GivenOf& given_of) {
    response.status = static_cast<unsigned>(std::min<uint64_t>(from.number(), 1000));
    response.has_content_type = from.number() != 0;
    response.fields = from.bytes();
    if (response.status < 200 || response.status > 599 || !are_guest_fields(response.fields)) return false;
    return read_pieces(from, response.content, given_of);
}

void write(WireWriter& to, const Call& call, const NumberOf& number_of) {
    to.number(call.id).bytes(call.name).bytes(call.query);
    write_pieces(to, call.inputs, number_of);
}

bool read(WireReader& from, Call& call, const GivenOf& given_of) {
    call.id = from.number();
    call.name = from.bytes();
    call.query = from.bytes();
    return call.query.size() <= kCallQueryBytesMax && read_pieces(from, call.inputs, given_of);
}

void write(WireWriter& to, const CallTerms& terms) {
    to.number(terms.deadline_ns).number(terms.depth).number(terms.calls).number(terms.parent);
}

void read(WireReader& from, CallTerms& terms) {
    terms.deadline_ns = from.number();
    terms.depth = static_cast<unsigned>(std::min<uint64_t>(from.number(), kCallDepthMax));
    terms.calls = std::min(from.number(), kCallsMax);
    terms.parent = from.number();
}

void write(WireWriter& to, const CallAccount& account) {
    to.number(account.cpu_ns).number(account.mapped_bytes).number(account.failed);
    registry::write(to, account.log);
}

void read(WireReader& from, CallAccount& account) {
    account.cpu_ns = from.number();
    account.mapped_bytes = from.number();
    account.failed = from.number() != 0;
    registry::read(from, account.log);
}

void write(WireWriter& to, const Outcome& outcome, const NumberOf& number_of) {
    to.number(outcome.how.index());
    if (auto* completed = std::get_if<Completed>(&outcome.how)) write(to, *completed, number_of);
    if (auto* failed = std::get_if<Failed>(&outcome.how)) to.number(static_cast<uint32_t>(failed->code)).bytes(failed->limit_met);
    if (auto* trapped = std::get_if<Trapped>(&outcome.how)) write(to, trapped->error);
    if (auto* refused = std::get_if<Refused>(&outcome.how)) write(to, refused->error);
    write(to, outcome.cost);
    registry::write(to, outcome.log);
    registry::write(to, outcome.spans);
}

void read(WireReader& from, Outcome& outcome, const GivenOf& given_of) {
    switch (static_cast<Ending>(from.number())) {
        case Ending::completed: {
            Completed completed;
            if (!read(from, completed, given_of)) return read_to_failure(from);
            outcome.how = std::move(completed);
            break;
        }
        case Ending::failed: outcome.how = read_failed(from); break;
        case Ending::trapped: outcome.how = Trapped{read_error(from)}; break;
        case Ending::refused: outcome.how = Refused{read_error(from)}; break;
        default: return read_to_failure(from);  // A lane has nowhere to move an invocation to.
    }
    read(from, outcome.cost);
    registry::read(from, outcome.log);
    registry::read(from, outcome.spans);
    if (!from.finished()) read_to_failure(from);
}

}  // namespace inlay::run
