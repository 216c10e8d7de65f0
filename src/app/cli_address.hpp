// Where the server is, and what to show at its door.
#pragma once

#include <string>
#include <string_view>

namespace inlay::cli {

inline constexpr std::string_view kServerDefault = "http://127.0.0.1:8080";

struct ServerAddress {
    std::string host;       // A name or an address, IPv6 without brackets.
    std::string port;       // Decimal.
    std::string authority;  // As it goes into the Host field.
    std::string base_path;  // Before every path of the API; empty or "/..." without a slash at its end.

    std::string url() const { return "http://" + authority + base_path; }
};

// Reads "http://HOST[:PORT][/PATH]" or "HOST:PORT". Throws Failure (wrong use) for anything else: another scheme, user
// information, a query.
ServerAddress parse_server_address(std::string_view text);

// The bearer token in a file, without white space around it. Throws Failure when there is none, or none that fits a field.
std::string read_token_file(const std::string& path);

}  // namespace inlay::cli
