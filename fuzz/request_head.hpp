// What must hold for HeadReader on any bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/check.hpp"
#include "input_text.hpp"
#include "base/field_rules.hpp"
#include "serve/request_head.hpp"

namespace inlay::fuzz::request_head {

inline bool lies_in(std::string_view part, std::string_view whole) {
    constexpr std::less_equal<const char*> not_after;
    return not_after(whole.data(), part.data()) && not_after(part.data() + part.size(), whole.data() + whole.size());
}

inline void check_head(const RequestHead& head, std::string_view bytes) {
    INLAY_CHECK(lies_in(head.target, bytes) && is_token(head.method_text));
    INLAY_CHECK(head.path == "*" || (head.path.starts_with('/') && all_bytes(head.path, kTargetByte)));
    INLAY_CHECK(head.has_query || head.query.empty());
    INLAY_CHECK(!(head.chunked && head.content_length));
    INLAY_CHECK(head.version_minor <= 1 && !(head.chunked && head.version_minor == 0));
    INLAY_CHECK(head.fields.size() <= kHeadFieldsMax);
    for (const auto& field : head.fields) {
        INLAY_CHECK(lies_in(field.name, bytes) && is_token(field.name));
        INLAY_CHECK(is_field_value(field.value) && (field.value.empty() || lies_in(field.value, bytes)));
    }
}

// Sense does not depend on the way in: all at once, or byte by byte.
inline void one_input(std::span<const uint8_t> input) {
    const auto bytes = as_text(input);
    HeadReader whole, bytewise;
    const auto step = whole.parse(bytes);
    HeadStep last = bytewise.parse(bytes.substr(0, 0));
    size_t given = 0;
    while (last.kind == HeadStep::Kind::incomplete && given < bytes.size()) last = bytewise.parse(bytes.substr(0, ++given));
    INLAY_CHECK(last.kind == step.kind && last.consumed == step.consumed && last.code == step.code);
    INLAY_CHECK((step.kind == HeadStep::Kind::error) != step.detail.empty());
    if (step.kind != HeadStep::Kind::complete) return;

    INLAY_CHECK(step.consumed == given && step.consumed <= kHeadBytesMax);
    INLAY_CHECK(bytes.substr(0, step.consumed).ends_with("\r\n\r\n"));
    check_head(whole.head(), bytes.substr(0, step.consumed));
    INLAY_CHECK(whole.head().path == bytewise.head().path && whole.head().host == bytewise.head().host);
    INLAY_CHECK(whole.head().content_length == bytewise.head().content_length);
    INLAY_CHECK(whole.head().fields.size() == bytewise.head().fields.size());
}

}  // namespace inlay::fuzz::request_head
