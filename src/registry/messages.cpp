// Writes and reads the messages, field by field.
#include "registry/messages.hpp"

#include "base/limits.hpp"

namespace inlay::registry {
namespace {

// Counts in messages are bounded by what a datagram can hold; this bounds the loop before the first allocation.
constexpr uint64_t kItemsMax = kMessageBytesMax / 8;

void write(WireWriter& to, const store::Precondition& precondition) {
    to.number(precondition.must_be_absent).number(precondition.must_exist).bytes(precondition.must_match_version);
}

void read(WireReader& from, store::Precondition& precondition) {
    precondition.must_be_absent = from.number() != 0;
    precondition.must_exist = from.number() != 0;
    precondition.must_match_version = from.bytes();
}

}  // namespace

void write(WireWriter& to, const store::ObjectRecord& record) {
    to.bytes(record.name.bucket).bytes(record.name.key).bytes(record.version).number(record.size_bytes);
    to.bytes(record.content_type).number(record.modified_ms).bytes(record.link_path).bytes(record.link_stamp);
}

void read(WireReader& from, store::ObjectRecord& record) {
    record.name.bucket = from.bytes();
    record.name.key = from.bytes();
    record.version = from.bytes();
    record.size_bytes = from.number();
    record.content_type = from.bytes();
    record.modified_ms = from.number();
    record.link_path = from.bytes();
    record.link_stamp = from.bytes();
}

void write(WireWriter& to, const store::FunctionRecord& record) {
    to.bytes(record.name).bytes(record.version).bytes(record.module_hash).number(record.module_bytes);
    for (const auto& row : kFunctionLimits) to.number(record.limits.*row.value);
    to.bytes(record.env).number(record.deployed_ms).bytes(name_of(record.run_class)).number(record.isolated);
    to.bytes(record.directories).number(record.warm);
}

void read(WireReader& from, store::FunctionRecord& record) {
    record.name = from.bytes();
    record.version = from.bytes();
    record.module_hash = from.bytes();
    record.module_bytes = from.number();
    for (const auto& row : kFunctionLimits) record.limits.*row.value = from.number();
    record.env = from.bytes();
    record.deployed_ms = from.number();
    record.run_class = parse_function_class(from.bytes()).value_or(FunctionClass::automatic);
    record.isolated = from.number() != 0;
    record.directories = from.bytes();
    record.warm = from.number() != 0;
}

void write(WireWriter& to, const Listing& listing) {
    to.number(static_cast<uint64_t>(listing.kind)).bytes(listing.name).bytes(listing.prefix).bytes(listing.after);
    to.number(listing.limit);
}

void read(WireReader& from, Listing& listing) {
    listing.kind = static_cast<ListingKind>(from.number());
    listing.name = from.bytes();
    listing.prefix = from.bytes();
    listing.after = from.bytes();
    listing.limit = from.number();
}

void write(WireWriter& to, const LogLines& lines) {
    to.bytes(lines.function).bytes(lines.invocation).bytes(lines.trace).number(lines.lines.size());
    for (const auto& line : lines.lines) to.number(line.level).bytes(line.text);
}

void read(WireReader& from, LogLines& lines) {
    for (std::string* text : {&lines.function, &lines.invocation, &lines.trace}) *text = from.bytes().substr(0, kNameBytesMax);
    uint64_t count = from.number();
    for (uint64_t i = 0; i < count && i < kItemsMax && from.ok(); i++) {
        LogLines::Line line;
        line.level = from.number();
        line.text = from.bytes();
        lines.lines.push_back(std::move(line));
    }
}

void write(WireWriter& to, const CommitAnswer& answer) {
    to.number(answer.copied_bytes).number(answer.effects.size());
    for (const auto& one : answer.effects) to.number(one.created).bytes(one.version);
}

void read(WireReader& from, CommitAnswer& answer) {
    answer.copied_bytes = from.number();
    uint64_t count = from.number();
    for (uint64_t i = 0; i < count && i < kItemsMax && from.ok(); i++) {
        CommitAnswer::One one;
        one.created = from.number() != 0;
        one.version = from.bytes();
        answer.effects.push_back(std::move(one));
    }
}

void write(WireWriter& to, const ContentBegin& begin) {
    to.number(begin.number).number(begin.expected).number(begin.ring_bytes).bytes(begin.owner);
}

void read(WireReader& from, ContentBegin& begin) {
    begin.number = from.number();
    begin.expected = from.number();
    begin.ring_bytes = from.number();
    begin.owner = from.bytes();
}

void write(WireWriter& to, const std::vector<Effect>& effects, std::vector<int>& fds) {
    to.number(effects.size());
    for (const auto& effect : effects) {
        to.number(effect.is_delete).bytes(effect.name.bucket).bytes(effect.name.key).bytes(effect.content_type);
        write(to, effect.precondition);
        to.number(static_cast<uint64_t>(effect.kind)).bytes(effect.inline_bytes).number(effect.length);
        to.number(effect.begun);
        if (!effect.is_delete && effect.kind == ContentKind::pages) fds.push_back(effect.fd);
    }
}

void read(WireReader& from, std::vector<Effect>& effects, size_t fds) {
    uint64_t count = from.number();
    int next_fd = 0;
    for (uint64_t i = 0; i < count && i < kItemsMax && from.ok(); i++) {
        Effect effect;
        effect.is_delete = from.number() != 0;
        effect.name.bucket = from.bytes();
        effect.name.key = from.bytes();
        effect.content_type = from.bytes();
        read(from, effect.precondition);
        effect.kind = static_cast<ContentKind>(from.number());
        effect.inline_bytes = from.bytes();
        effect.length = from.number();
        effect.begun = from.number();
        bool has_pages = !effect.is_delete && effect.kind == ContentKind::pages;
        if (has_pages) effect.fd = next_fd++;
        bool has_none = effect.is_delete || effect.kind == ContentKind::inline_bytes || effect.kind == ContentKind::begun;
        if (!has_pages && !has_none) effect.fd = static_cast<int>(fds);
        effects.push_back(std::move(effect));
    }
    // A message that speaks of more descriptors than it brought, or of unknown kinds, is read to failure.
    bool whole = from.finished() && effects.size() == count && static_cast<size_t>(next_fd) <= fds;
    for (const auto& effect : effects) whole = whole && effect.fd < static_cast<int>(fds);
    if (!whole) {
        effects.clear();
        while (from.ok()) from.number();
    }
}

Result<> read_verdict(WireReader& from) {
    uint64_t failed = from.number();
    Error error;
    if (failed) {
        error.code = static_cast<Errc>(from.number());
        error.detail = from.bytes();
    }
    if (!from.ok()) return Error{Errc::internal, "an answer of the supervisor is damaged"};
    if (failed) return error;
    return {};
}

}  // namespace inlay::registry
