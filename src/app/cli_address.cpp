// Reads the address and the token of a server.
#include "app/cli_address.hpp"

#include <fmt/format.h>

// Boost.URL's own sources, here and nowhere else: Debian's library file is a package more for one call.
#include <boost/url/src.hpp>
#include <charconv>
#include <fstream>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

constexpr size_t kTokenBytesMax = 4096;

[[noreturn]] void refuse_address(std::string_view text, std::string_view why) {
    throw wrong_use(fmt::format("server \"{}\": {}", text, why),
                    fmt::format("Write it as {} with --server or INLAY_SERVER", kServerDefault));
}

bool is_port(const std::string& digits) {
    uint16_t port = 0;
    auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc() && port != 0;
}

}  // namespace

ServerAddress parse_server_address(std::string_view text) {
    auto whole = text.find("://") == text.npos ? fmt::format("http://{}", text) : std::string(text);
    auto parsed = boost::urls::parse_uri(whole);
    if (!parsed) refuse_address(text, "this is not a URL");
    const auto& url = parsed.value();
    if (url.scheme_id() != boost::urls::scheme::http) refuse_address(text, "only http is spoken here");
    if (url.has_userinfo()) refuse_address(text, "a user name has no meaning; a token comes by --token-file");
    if (url.has_query() || url.has_fragment()) refuse_address(text, "a server has no query and no fragment");
    if (url.encoded_host().empty()) refuse_address(text, "the host is missing");
    std::string port(url.port());  // Digits or nothing; Boost.URL lets any number of them pass.
    if (!port.empty() && !is_port(port)) refuse_address(text, "the port is not one of 1 to 65535");

    ServerAddress address;
    address.host = url.host_address();
    address.port = port.empty() ? "80" : port;
    address.authority = std::string(url.encoded_host_and_port());
    address.base_path = std::string(url.encoded_path());
    while (!address.base_path.empty() && address.base_path.back() == '/') address.base_path.pop_back();
    return address;
}

std::string read_token_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw wrong_use(fmt::format("token file {}: cannot be read", path), "Name a readable file with --token-file");
    std::string token(kTokenBytesMax + 1, '\0');
    file.read(token.data(), static_cast<std::streamsize>(token.size()));
    token.resize(static_cast<size_t>(file.gcount()));
    constexpr std::string_view kWhiteSpace = " \t\r\n";
    token.erase(token.find_last_not_of(kWhiteSpace) + 1);
    token.erase(0, token.find_first_not_of(kWhiteSpace));
    if (token.empty() || token.size() > kTokenBytesMax || !is_field_value(token))
        throw wrong_use(fmt::format("token file {}: it does not hold one token on one line", path),
                        "Use the file that the server was started with");
    return token;
}

}  // namespace inlay::cli
