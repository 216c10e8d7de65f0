// Takes a request head apart line by line.
#include "serve/request_head.hpp"

#include "base/check.hpp"
#include "base/field_rules.hpp"
#include "base/query.hpp"

namespace inlay {
namespace {

constexpr HeadStep kGoOn{};

constexpr HeadStep error(Errc code, std::string_view detail) { return {HeadStep::Kind::error, code, 0, detail}; }
constexpr HeadStep bad(std::string_view detail) { return error(Errc::bad_request, detail); }
constexpr bool is_error(const HeadStep& step) { return step.kind == HeadStep::Kind::error; }

Method method_of(std::string_view text) {
    switch (text.size()) {
        case 3: return text == "GET" ? Method::get : text == "PUT" ? Method::put : Method::other;
        case 4: return text == "HEAD" ? Method::head : text == "POST" ? Method::post : Method::other;
        case 5: return text == "PATCH" ? Method::patch : Method::other;
        case 6: return text == "DELETE" ? Method::delete_ : Method::other;
        case 7: return text == "OPTIONS" ? Method::options : Method::other;
        default: return Method::other;
    }
}

// HTTP-version of RFC 9112, section 2.3; anything but 1.0 and 1.1 is an error.
HeadStep check_version(std::string_view version) {
    constexpr std::string_view name = "HTTP/";
    const bool well_formed = version.size() == name.size() + 3 && version.starts_with(name) &&
                             is_byte(version[5], kDigitByte) && version[6] == '.' && is_byte(version[7], kDigitByte);
    if (!well_formed) return bad("the request line does not end in a version, send METHOD TARGET HTTP/1.1");
    if (version[5] != '1' || version[7] > '1')
        return error(Errc::unsupported_version, "this server speaks HTTP/1.1 and HTTP/1.0");
    return kGoOn;
}

// reg-name of RFC 3986, section 3.2.2: each '%' is followed by two hex digits.
bool is_reg_name(std::string_view text) {
    if (!all_bytes(text, kRegNameByte)) return false;
    for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
        if (text.size() - at < 3 || !all_bytes(text.substr(at + 1, 2), kHexByte)) return false;
    return true;
}

bool is_ip_literal(std::string_view text) {
    if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
    for (char c : text.substr(1, text.size() - 2))
        if (!is_byte(c, kHexByte) && c != ':' && c != '.') return false;
    return true;
}

// uri-host [ ":" port ] with something in it; no user, no zone, no IPvFuture.
bool is_authority(std::string_view text) {
    const size_t bracket = text.rfind(']');
    const size_t colon = text.find(':', bracket == text.npos ? 0 : bracket);
    const auto name = text.substr(0, colon);
    const auto port = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    if (name.empty() || port.size() > 5 || !all_bytes(port, kDigitByte)) return false;
    return name.front() == '[' ? is_ip_literal(name) : is_reg_name(name);
}

// Skips blanks, `mark`, blanks when the mark is there.
bool skip_mark(std::string_view& text, char mark) {
    const auto rest = trim_blanks(text);
    if (!rest.starts_with(mark)) return false;
    text = trim_blanks(rest.substr(1));
    return true;
}

std::string_view take_token(std::string_view& text) {
    const auto token = text.substr(0, count_front(text, kTokenByte));
    text.remove_prefix(token.size());
    return token;
}

// Skips a quoted string of RFC 9110, section 5.6.4, whose bytes are field bytes already.
bool skip_quoted(std::string_view& text) {
    for (size_t i = 1; i < text.size(); i++) {
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return true;
        }
    }
    return false;
}

enum class Codings { malformed, chunked_misplaced, others };

// Reads transfer codings with their parameters (RFC 9112, section 7) that are not just "chunked".
Codings classify_codings(std::string_view list) {
    bool chunked = false;
    do {
        const auto coding = take_token(list);
        if (coding.empty()) return Codings::malformed;
        if (chunked) return Codings::chunked_misplaced;
        chunked = equal_ignoring_case(coding, "chunked");
        while (skip_mark(list, ';')) {
            if (chunked) return Codings::chunked_misplaced;
            if (take_token(list).empty() || !skip_mark(list, '=')) return Codings::malformed;
            if (list.starts_with('"') ? !skip_quoted(list) : take_token(list).empty()) return Codings::malformed;
        }
    } while (skip_mark(list, ','));
    return list.empty() ? Codings::others : Codings::malformed;
}

}  // namespace

std::optional<std::string_view> RequestHead::find(std::string_view name) const noexcept {
    for (const auto& field : fields)
        if (equal_ignoring_case(field.name, name)) return field.value;
    return std::nullopt;
}

void HeadReader::reset() noexcept {
    head_ = {};
    base_ = nullptr;
    line_at_ = scanned_ = field_count_ = 0;
    stage_ = Stage::begin;
    absolute_ = has_host_ = has_coding_ = says_close_ = says_keep_alive_ = false;
}

HeadStep HeadReader::parse(std::string_view buffered) noexcept {
    INLAY_CHECK(stage_ != Stage::ended);
    if (buffered.data() != base_) {
        reset();
        base_ = buffered.data();
    }
    const auto window = buffered.substr(0, kHeadBytesMax);
    for (;;) {
        const size_t line_end = window.find('\n', scanned_);
        if (line_end == window.npos) return wait_for_line(window);
        const auto line = window.substr(line_at_, line_end - line_at_);
        scanned_ = line_at_ = line_end + 1;
        const auto step = line.ends_with('\r') ? take_line(line.substr(0, line.size() - 1))
                                               : bad("a line ends in a bare LF, end it in CR LF");
        if (is_error(step)) stage_ = Stage::ended;
        if (step.kind != HeadStep::Kind::incomplete) return step;
    }
}

// What can be said before the end of a line has come.
HeadStep HeadReader::wait_for_line(std::string_view window) noexcept {
    auto step = kGoOn;
    scanned_ = window.size();
    const bool before_fields = stage_ == Stage::begin || stage_ == Stage::request_line;
    const bool may_be_empty_line = stage_ == Stage::begin && window.size() == line_at_ + 1 && window.back() == '\r';
    if (before_fields && line_at_ < window.size() && !is_byte(window[line_at_], kTokenByte) && !may_be_empty_line) {
        step = bad("the request does not begin with a method; is the client speaking TLS?");
    } else if (window.size() == kHeadBytesMax) {
        step = error(Errc::head_too_large, "the request head is longer than 16 KiB");
    }
    if (is_error(step)) stage_ = Stage::ended;
    return step;
}

HeadStep HeadReader::take_line(std::string_view line) noexcept {
    if (stage_ == Stage::fields) return line.empty() ? finish() : take_field(line);
    if (line.empty() && stage_ == Stage::begin) {
        // RFC 9112, section 2.2: some clients end content with an extra CR LF.
        stage_ = Stage::request_line;
        return kGoOn;
    }
    stage_ = Stage::fields;
    return take_request_line(line);
}

HeadStep HeadReader::take_request_line(std::string_view line) noexcept {
    head_.method_text = take_token(line);
    if (head_.method_text.empty() || !line.starts_with(' '))
        return bad("the request line does not begin with a method and one space");
    line.remove_prefix(1);
    const auto target = line.substr(0, count_front(line, kTargetByte));
    if (target.empty() || target.size() == line.size() || line[target.size()] != ' ')
        return bad("the request target is missing or holds a byte that is not allowed, percent-encode it");
    const auto version = line.substr(target.size() + 1);
    if (auto step = check_version(version); is_error(step)) return step;
    head_.version_minor = static_cast<uint8_t>(version.back() - '0');
    head_.method = method_of(head_.method_text);
    head_.target = target;
    return take_target(target);
}

// RFC 9112, section 3.2: origin-form, absolute-form, asterisk-form; the authority-form belongs to CONNECT.
HeadStep HeadReader::take_target(std::string_view target) noexcept {
    constexpr std::string_view scheme = "http://";
    if (head_.method_text == "CONNECT")
        return error(Errc::not_implemented, "CONNECT is not implemented, this is no proxy");
    if (target == "*" && head_.method == Method::options) {
        head_.path = target;
        return kGoOn;
    }
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
        absolute_ = true;
        target.remove_prefix(scheme.size());
        head_.host = target.substr(0, target.find_first_of("/?"));
        if (!is_authority(head_.host)) return bad("the request target names no valid host");
        target.remove_prefix(head_.host.size());
    } else if (target.front() != '/') {
        return bad("the request target is neither a path nor an http URL");
    }
    const size_t mark = target.find('?');
    head_.has_query = mark != target.npos;
    head_.path = target.substr(0, mark);
    if (head_.path.empty()) head_.path = "/";
    if (head_.has_query) head_.query = target.substr(mark + 1);
    return kGoOn;
}

HeadStep HeadReader::take_field(std::string_view line) noexcept {
    if (is_blank(line.front())) return bad("a header line begins with a blank; folded lines are not allowed");
    const auto name = take_token(line);
    if (name.empty() || !line.starts_with(':'))
        return bad("a header line is not NAME: VALUE, or its name holds a byte that is not allowed");
    line.remove_prefix(1);
    if (!all_bytes(line, kValueByte)) return bad("a header value holds a control byte");
    if (field_count_ == fields_.size())
        return error(Errc::head_too_large, "the request has more than 100 header fields");
    const HeadField field{name, trim_blanks(line)};
    fields_[field_count_++] = field;
    return take_known_field(field);
}

HeadStep HeadReader::take_known_field(const HeadField& field) noexcept {
    const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
    switch (field.name.size()) {
        case 4: return is("host") ? take_host(field.value) : kGoOn;
        case 6:
            if (!is("expect")) return kGoOn;
            if (!equal_ignoring_case(field.value, "100-continue"))
                return error(Errc::expectation_failed, "the only expectation that can be met is 100-continue");
            head_.expect_continue = head_.version_minor > 0;
            return kGoOn;
        case 10: return is("connection") ? take_connection(field.value) : kGoOn;
        case 14: return is("content-length") ? take_content_length(field.value) : kGoOn;
        case 17: return is("transfer-encoding") ? take_transfer_encoding(field.value) : kGoOn;
        default: return kGoOn;
    }
}

HeadStep HeadReader::take_host(std::string_view value) noexcept {
    if (has_host_) return bad("the request has two Host fields, send one");
    has_host_ = true;
    if (!value.empty() && !is_authority(value)) return bad("the Host field is not HOST or HOST:PORT");
    if (!absolute_) head_.host = value;
    return kGoOn;
}

HeadStep HeadReader::take_content_length(std::string_view value) noexcept {
    if (head_.content_length) return bad("the request has two Content-Length fields, send one");
    if (value.empty() || !all_bytes(value, kDigitByte)) return bad("the Content-Length is not one decimal number");
    head_.content_length = parse_u64(value);
    if (!head_.content_length) return error(Errc::body_too_large, "the Content-Length does not fit into 64 bits");
    return kGoOn;
}

HeadStep HeadReader::take_transfer_encoding(std::string_view value) noexcept {
    if (has_coding_) return bad("the request has two Transfer-Encoding fields, send one");
    has_coding_ = true;
    if (head_.version_minor == 0) return bad("HTTP/1.0 has no Transfer-Encoding, send Content-Length");
    head_.chunked = equal_ignoring_case(value, "chunked");
    if (head_.chunked) return kGoOn;
    switch (classify_codings(value)) {
        case Codings::malformed: return bad("the Transfer-Encoding is malformed, send chunked");
        case Codings::chunked_misplaced: return bad("chunked is not the last transfer coding, or has parameters");
        case Codings::others: break;
    }
    return error(Errc::not_implemented, "the only transfer coding that is implemented is chunked");
}

HeadStep HeadReader::take_connection(std::string_view value) noexcept {
    while (!value.empty()) {
        const auto option = take_list_element(value);
        if (option.empty()) continue;
        if (!is_token(option)) return bad("the Connection field is not a list of options");
        says_close_ = says_close_ || equal_ignoring_case(option, "close");
        says_keep_alive_ = says_keep_alive_ || equal_ignoring_case(option, "keep-alive");
    }
    return kGoOn;
}

HeadStep HeadReader::finish() noexcept {
    stage_ = Stage::ended;
    if (!has_host_ && head_.version_minor > 0) return bad("the request has no Host field");
    if (head_.content_length && has_coding_) return bad("the request has both Content-Length and Transfer-Encoding");
    head_.keep_alive = !says_close_ && (head_.version_minor > 0 || says_keep_alive_);
    head_.fields = {fields_.data(), field_count_};
    return {HeadStep::Kind::complete, Errc::bad_request, line_at_, {}};
}

}  // namespace inlay
