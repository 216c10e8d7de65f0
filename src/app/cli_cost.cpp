// Reads and shows the Inlay-Cost field.
#include "app/cli_cost.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "app/cli_quantity.hpp"

namespace inlay::cli {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<uint64_t> parse_number(std::string_view text) {
    uint64_t number = 0;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
    return number;
}

struct Member {
    std::string_view name;
    uint64_t Cost::* value;
};

constexpr std::array<Member, 5> kMembers{{{"mapped", &Cost::mapped_bytes},
                                          {"copied", &Cost::copied_bytes},
                                          {"private", &Cost::private_bytes},
                                          {"instantiate_us", &Cost::instantiate_us},
                                          {"run_us", &Cost::run_us}}};

// The value of the member `name`, nullopt where it is absent.
std::optional<std::string_view> find_member(std::string_view field, std::string_view name) {
    while (!field.empty()) {
        size_t comma = field.find(',');
        auto member = trim(field.substr(0, comma));
        size_t equals = member.find('=');
        if (equals != member.npos && member.substr(0, equals) == name) return member.substr(equals + 1);
        field = comma == field.npos ? std::string_view() : field.substr(comma + 1);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Cost> parse_cost(std::string_view field) {
    Cost cost;
    for (const Member& member : kMembers) {
        auto text = find_member(field, member.name);
        auto number = text ? parse_number(*text) : std::nullopt;
        if (!number) return std::nullopt;
        cost.*member.value = *number;
    }
    return cost;
}

std::string format_cost(const Cost& cost) {
    return fmt::format("cost: mapped {} bytes, copied {} bytes, private {} bytes, instantiated in {} us, ran for {} us",
                       format_count(cost.mapped_bytes), format_count(cost.copied_bytes), format_count(cost.private_bytes),
                       format_count(cost.instantiate_us), format_count(cost.run_us));
}

}  // namespace inlay::cli
