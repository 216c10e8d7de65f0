// Host functions: the request's parts.
#include <cstring>

#include "base/field_rules.hpp"
#include "base/query.hpp"
#include "run/host_api.hpp"

namespace inlay::run::host {
namespace {

// All fields of that name, joined as RFC 9110 section 5.3 says.
std::optional<std::string> joined_fields(const Request& request, std::string_view name) {
    std::optional<std::string> joined;
    for (const auto& field : request.fields) {
        if (!equal_ignoring_case(field.name, name)) continue;
        if (joined)
            joined->append(", ").append(field.value);
        else
            joined = std::string(field.value);
    }
    return joined;
}

// The part's text, in `storage` where it has to be made. nullopt: absent.
std::optional<std::string_view> find_part(const Invocation& invocation, uint32_t part, std::string_view name,
                                          std::optional<std::string>& storage) {
    const Request& request = invocation.request;
    switch (part) {
        case INLAY_PART_METHOD: return request.method;
        case INLAY_PART_PATH: return request.path;
        case INLAY_PART_REST: return request.rest;
        case INLAY_PART_QUERY: return request.query;
        case INLAY_PART_PARAMETER:
            if (auto found = find_parameter(request.query, name); found.ok()) storage = std::move(found).value();
            break;
        case INLAY_PART_HEADER: storage = joined_fields(request, name); break;
        case INLAY_PART_ENV: return invocation.function.environment(name);
        case INLAY_PART_FUNCTION: return invocation.function.record.name;
        case INLAY_PART_INVOCATION: storage = invocation.id_text(); break;
    }
    if (!storage) return std::nullopt;
    return *storage;
}

}  // namespace

int32_t request(Invocation& invocation, uint32_t part, GuestPtr name, GuestLen name_length, GuestPtr buffer,
                GuestLen capacity) noexcept {
    if (part < INLAY_PART_METHOD || part > INLAY_PART_INVOCATION) return INLAY_E_ARGUMENT;
    bool by_name = part == INLAY_PART_PARAMETER || part == INLAY_PART_HEADER || part == INLAY_PART_ENV;
    auto wanted = by_name ? guest_text(invocation, name, name_length) : std::string_view();
    if (!wanted || !invocation.memory) return INLAY_E_POINTER;
    auto room = invocation.memory->bytes(buffer, capacity);
    if (!room) return INLAY_E_POINTER;
    std::optional<std::string> storage;
    auto text = find_part(invocation, part, *wanted, storage);
    if (!text) return INLAY_E_ABSENT;
    if (!text->empty() && text->size() <= room->size())
        std::memcpy(room->data(), text->data(), text->size());  // COPY: part of the head, no content.
    return static_cast<int32_t>(text->size());
}

}  // namespace inlay::run::host
