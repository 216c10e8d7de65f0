// Arguments and variables from the request; a head from the response.
#include "run/wasi_cgi.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "../../abi/inlay.h"
#include "base/field_rules.hpp"
#include "base/query.hpp"
#include "base/text_list.hpp"
#include "os/file.hpp"
#include "run/host_api.hpp"

namespace inlay::run::wasi {
namespace {

// The variable of a field: "HTTP_" and its name in capitals, "-" as "_".
std::string variable_of(std::string_view field_name) {
    std::string name = "HTTP_";
    for (char c : field_name) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return name;
}

bool is_hidden(std::string_view field_name) {  // RFC 3875 section 4.1.18: credentials and what has a variable of its own.
    for (std::string_view one : {"authorization", "proxy-authorization", "content-length", "content-type", "proxy"})
        if (equal_ignoring_case(field_name, one)) return true;
    return false;
}

void add_request(const Request& request, std::vector<std::string>& variables) {
    const auto given = static_cast<ptrdiff_t>(variables.size());  // By the deploy: a client neither adds to those nor takes their place.
    variables.push_back("GATEWAY_INTERFACE=CGI/1.1");
    variables.push_back(fmt::format("REQUEST_METHOD={}", request.method));
    variables.push_back(fmt::format("QUERY_STRING={}", request.query));
    variables.push_back(fmt::format("SCRIPT_NAME={}", request.path.substr(0, request.path.size() - std::min(request.path.size(), request.rest.size()))));
    auto rest = percent_decode(request.rest, Plus::literal);
    if (rest.ok() && rest->find('\0') == rest->npos) variables.push_back("PATH_INFO=" + *rest);
    if (request.body.size > 0) variables.push_back(fmt::format("CONTENT_LENGTH={}", request.body.size));
    for (const auto& field : request.fields) {
        if (equal_ignoring_case(field.name, "content-type")) variables.push_back(fmt::format("CONTENT_TYPE={}", field.value));
        if (is_hidden(field.name) || field.name.find('_') != field.name.npos) continue;  // "X_Y" would be taken for "X-Y".
        const std::string name = variable_of(field.name) + "=";
        if (std::any_of(variables.begin(), variables.begin() + given, [&](const auto& one) { return one.starts_with(name); })) continue;
        auto known = std::find_if(variables.begin() + given, variables.end(), [&](const auto& one) { return one.starts_with(name); });
        if (known == variables.end())
            variables.push_back(name + std::string(field.value));
        else
            known->append(", ").append(field.value);  // RFC 9110 section 5.3
    }
}

Error bad_head(const Invocation& invocation, std::string_view why) {
    return Error{Errc::function_trapped, fmt::format("function {:?} is deployed with INLAY_CGI, but what it wrote {}: write fields and an empty line before the content, "
                                                     "or deploy it without",
                                                     invocation.function.record.name, why)};
}

// The beginning of the response's content, as far as a head can go.
std::string beginning_of(const Response& response) {
    if (response.content.empty()) return {};
    const Piece& first = response.content.front();
    if (!first.pages) return std::string(first.text().substr(0, kCgiHeadBytesMax));  // COPY: a head, no content
    std::string text(std::min<uint64_t>(first.length, kCgiHeadBytesMax), '\0');
    if (!os::read_exactly_at(first.pages->fd(), text.data(), text.size(), first.offset).ok()) text.clear();  // COPY: a head, no content
    return text;
}

void drop_front(Response& response, size_t bytes) {
    Piece& first = response.content.front();
    if (first.pages) {
        first.offset += bytes;
        first.length -= bytes;
    } else {
        first.bytes.erase(0, bytes);
    }
    if (first.size() == 0) response.content.erase(response.content.begin());
}

// False: the line is no field that a function may set.
bool take_line(Invocation& invocation, std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == line.npos) return false;
    auto name = line.substr(0, colon), value = trim_blanks(line.substr(colon + 1));
    if (equal_ignoring_case(name, "content-length")) return true;  // It is what it is.
    if (equal_ignoring_case(name, "location") && invocation.response.status == 200) invocation.response.status = 302;  // RFC 3875 section 6.2.3
    if (!equal_ignoring_case(name, "status")) return add_header(invocation, name, value) == 0;
    auto status = parse_u64(value.substr(0, value.find(' ')));
    if (!status || *status < 200 || *status > 599) return false;
    invocation.response.status = static_cast<unsigned>(*status);
    return true;
}

}  // namespace

Result<std::vector<std::string>> arguments_of(const Invocation& invocation) {
    std::vector<std::string> arguments{invocation.function.record.name};
    std::string_view query = invocation.request.query;
    const bool is_words = query.find('=') == query.npos;
    const char between = is_words ? '+' : '&';
    while (!query.empty()) {
        auto one = query.substr(0, query.find(between));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        if (!is_words && !one.starts_with("arg=")) continue;
        INLAY_TRY(auto word, percent_decode(is_words ? one : one.substr(4), is_words ? Plus::literal : Plus::space));
        if (word.find('\0') != word.npos) return Error{Errc::bad_request, "an argument holds a NUL"};
        arguments.push_back(std::move(word));
    }
    return arguments;
}

std::vector<std::string> environment_of(const Invocation& invocation) {
    std::vector<std::string> variables;
    std::string_view given = invocation.function.record.env;
    while (!given.empty()) variables.emplace_back(take_text(given));
    if (wants_cgi(invocation)) add_request(invocation.request, variables);
    return variables;
}

bool wants_cgi(const Invocation& invocation) {
    auto wanted = invocation.function.environment("INLAY_CGI");
    return wanted && !wanted->empty() && *wanted != "0";
}

Result<> take_cgi_head(Invocation& invocation) {
    const std::string beginning = beginning_of(invocation.response);
    std::string_view rest = beginning;
    for (;;) {
        const size_t end = rest.find('\n');
        if (end == rest.npos) return bad_head(invocation, "has no head");
        auto line = rest.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        rest.remove_prefix(end + 1);
        if (line.empty()) break;
        if (!take_line(invocation, line)) return bad_head(invocation, "begins with a head in which a line is no field that it may set");
    }
    drop_front(invocation.response, beginning.size() - rest.size());
    return {};
}

}  // namespace inlay::run::wasi
