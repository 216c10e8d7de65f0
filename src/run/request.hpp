// Request: what an invocation is given. Views into the connection's buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/head_field.hpp"
#include "os/pages.hpp"
#include "registry/function.hpp"
#include "run/piece.hpp"

namespace inlay::run {

class Stream;

// A request's content: a few bytes that came with the head, or pages of a memfd from offset 0.
struct Body {
    std::string_view inline_bytes;           // Below the copy threshold.
    std::shared_ptr<const os::Pages> pages;  // From the threshold on.
    uint64_t size = 0;
    uint64_t copied = 0;                     // Bytes that were copied into the pages, because they came with the head or in small chunks.
};

// Valid until: the invocation ends.
struct Request {
    std::string_view method;
    std::string_view path;
    std::string_view rest;
    std::string_view query;
    std::span<const HeadField> fields;
    Body body;
    bool is_call = false;        // Of another function: there is no body but the first of these.
    std::vector<Piece> inputs;
    Stream* stream = nullptr;    // The body is none, but comes through this; so does the response go.
    bool count_private = false;  // Count private pages, which costs 10 ms per GiB.
    std::vector<std::shared_ptr<const registry::Object>> opened;  // By an earlier attempt; opened by name, these are found first.

    // nullptr: no earlier attempt has opened it.
    std::shared_ptr<const registry::Object> find_opened(const ObjectName& name) const {
        for (const auto& object : opened)
            if (object->record.name == name) return object;
        return nullptr;
    }
};

}  // namespace inlay::run
