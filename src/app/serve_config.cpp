// Reads TOML and token files.
#include "app/serve_config.hpp"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <fstream>

namespace inlay {
namespace {

Error wrong(const std::string& path, std::string_view key, std::string_view wanted) {
    return Error{Errc::bad_request, fmt::format("{}: key {:?}: {}", path, key, wanted)};
}

bool is_list_of_texts(const toml::node& node) {
    auto* list = node.as_array();
    return list && std::all_of(list->begin(), list->end(), [](const toml::node& one) { return one.is_string(); });
}

// Numbers of ClientLimits by their keys.
struct ClientKey {
    std::string_view key;
    uint64_t ClientLimits::*limit;
    uint64_t least, most;
};

constexpr uint64_t kAny = INT64_MAX;
constexpr ClientKey kClientKeys[] = {
    {"head_timeout_ms", &ClientLimits::head_timeout_ms, 1, kClientTimeoutMsMax},
    {"idle_timeout_ms", &ClientLimits::idle_timeout_ms, 1, kClientTimeoutMsMax},
    {"stall_timeout_ms", &ClientLimits::stall_timeout_ms, 1, kClientTimeoutMsMax},
    {"client_rate_min", &ClientLimits::rate_min, 0, kClientRateMinMax},
    {"connections", &ClientLimits::connections, 1, kAny},
    {"connections_per_address", &ClientLimits::connections_per_address, 1, kAny},
    {"requests_per_connection", &ClientLimits::requests_per_connection, 1, kAny},
};

// nullopt: it is no such key.
std::optional<Result<>> apply_client_limit(const std::string& path, std::string_view key, const toml::node& node, ClientLimits& limits) {
    auto* row = std::ranges::find(kClientKeys, key, &ClientKey::key);
    if (row == std::end(kClientKeys)) return std::nullopt;
    auto number = node.value_exact<int64_t>();
    if (!number || *number < 0 || static_cast<uint64_t>(*number) < row->least || static_cast<uint64_t>(*number) > row->most)
        return Result<>(wrong(path, key, fmt::format("a number from {} to {}", row->least, row->most)));
    limits.*row->limit = static_cast<uint64_t>(*number);
    return Result<>();
}

Result<> apply(const std::string& path, std::string_view key, const toml::node& node, control::ServeOptions& options,
               std::string& token_file) {
    if (auto applied = apply_client_limit(path, key, node, options.clients)) return std::move(*applied);
    auto text = node.value<std::string>();
    auto number = node.value<int64_t>();
    bool counts = number && *number > 0;
    if (key == "listen" && text) {
        INLAY_TRY(options.listen, os::parse_address(*text));
    } else if (key == "data" && text) {
        options.data_directory = *text;
    } else if (key == "token_file" && text) {
        token_file = *text;
    } else if (key == "link_roots" && is_list_of_texts(node)) {
        for (const auto& root : *node.as_array()) options.link_roots.push_back(*root.value<std::string>());
    } else if (key == "workers" && counts) {
        options.workers = static_cast<size_t>(*number);
    } else if (key == "max_body" && counts) {
        options.max_body = static_cast<uint64_t>(*number);
    } else if (key == "body_memory" && counts) {
        options.body_memory = static_cast<uint64_t>(*number);
    } else if (key == "send" && text) {
        auto way = parse_send_way(*text);
        if (!way) return wrong(path, key, "one of auto, memory, file");
        options.send = *way;
    } else if (key == "incremental" && node.is_boolean()) {
        options.incremental = *node.value<bool>();
    } else if (key == "sandbox" && node.is_boolean()) {
        options.sandbox = *node.value<bool>();
    } else if (key == "users_from" && number && *number >= 0 && *number <= control::kUsersFromMax) {
        options.users_from = static_cast<uint32_t>(*number);
    } else if (key == "hot_memory" && number && *number >= 0) {
        options.hot_memory = static_cast<uint64_t>(*number);
    } else if (key == "clock_resolution_us" && number && *number >= 0 && static_cast<uint64_t>(*number) <= kClockResolutionUsMax) {
        options.clock_resolution_us = static_cast<uint64_t>(*number);
    } else {
        return wrong(path, key, "unknown, or not of its type (text: listen, data, token_file, send; list of texts: link_roots; "
                                "true or false: sandbox; "
                                "numbers: workers, max_body, body_memory, hot_memory, clock_resolution_us, users_from, and limits of clients: docs/limits.md)");
    }
    return {};
}

}  // namespace

Result<> read_config(const std::string& path, control::ServeOptions& options, std::string& token_file) {
    auto parsed = toml::parse_file(path);
    if (!parsed)
        return Error{Errc::bad_request, fmt::format("config {:?}: {} (line {})", path, parsed.error().description(),
                                                    parsed.error().source().begin.line)};
    for (const auto& [key, node] : parsed.table()) INLAY_TRY_VOID(apply(path, key.str(), node, options, token_file));
    return {};
}

Result<std::string> read_token(const std::string& path) {
    std::ifstream file(path);
    std::string token;
    if (!file || !std::getline(file, token) || token.empty())
        return Error{Errc::bad_request, fmt::format("token file {:?}: its first line must be the token", path)};
    for (char c : token)
        if (c <= ' ' || c > '~') return Error{Errc::bad_request, fmt::format("token file {:?}: visible ASCII only", path)};
    return token;
}

}  // namespace inlay
