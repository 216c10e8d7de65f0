// Request heads for tests: those to accept, and a catalogue of those to refuse, each with its code.
#pragma once

#include <string>
#include <string_view>

#include "base/errc.hpp"
#include "base/limits.hpp"

namespace inlay {

using std::string_view_literals::operator""sv;

inline constexpr std::string_view kGoodHeads[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /b/f?x=1&y=2 HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    "GET /? HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a?b?c HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET //x/%2e%2E/'\"<>[]{}|\\^`;:@!$&()*+,= HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a_b~c.d%20e\r\nContent-Length: 18446744073709551615\r\n\r\n",
    "POST /x HTTP/1.1\r\nhOST: a\r\ncONTENT-lENGTH:\t 0012 \t\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\ntransfer-encoding:CHUNKED \r\nExpect: 100-Continue\r\n\r\n",
    "DELETE /x HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
    "PATCH /x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nConnection: close\r\n\r\n",
    "GET http://example.com/p?q HTTP/1.1\r\nHost: other\r\n\r\n",
    "GET HTTP://[2001:db8::1]:8080 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n",
    "get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "M-SEARCH!#$%&'*+.^_`|~09 /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nBlank: \t \r\nTab:a\tb\r\nObs: \xff\x80\r\nColon: a:b\r\n\r\n",
    "GET / HTTP/1.1\r\nAccept: x\r\nHost: a\r\naccept: y\r\nACCEPT: z\r\n\r\n",
};

struct BadHead {
    // What `text` is: a whole head, the request line of one, or a field line of a POST with a Host.
    enum class Part { whole, request_line, field };
    Part part;
    std::string_view text;
    Errc code = Errc::bad_request;

    std::string head() const {
        if (part == Part::request_line) return std::string(text) + "\r\nHost: a\r\n\r\n";
        if (part == Part::field) return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(text) + "\r\n\r\n";
        return std::string(text);
    }
};

inline constexpr auto kWhole = BadHead::Part::whole;
inline constexpr auto kRequestLine = BadHead::Part::request_line;
inline constexpr auto kField = BadHead::Part::field;

inline constexpr BadHead kBadHeads[] = {
    // Line ends and empty lines.
    {kWhole, "\n"},
    {kWhole, "\r\r"},
    {kWhole, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {kWhole, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\nHost: a\n\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\r\n"},
    {kWhole, "GET / HTTP/1.1\rHost: a\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"},
    {kField, "X: a\rb"},
    {kField, "X: a\r"},
    {kField, "X\r: a"},
    // Other protocols.
    {kWhole, "\x16\x03\x01\x02"sv},
    {kWhole, "\0"sv},
    {kWhole, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Errc::unsupported_version},
    // Methods.
    {kRequestLine, " GET / HTTP/1.1"},
    {kRequestLine, "\tGET / HTTP/1.1"},
    {kRequestLine, "GET\t/ HTTP/1.1"},
    {kRequestLine, "GET"},
    {kRequestLine, "GET/ HTTP/1.1"},
    {kRequestLine, "G(T / HTTP/1.1"},
    {kRequestLine, "G\0T / HTTP/1.1"sv},
    {kRequestLine, "G\xc3\x84T / HTTP/1.1"},
    {kRequestLine, "/ HTTP/1.1"},
    {kRequestLine, "CONNECT a:80 HTTP/1.1", Errc::not_implemented},
    {kRequestLine, "CONNECT / HTTP/1.1", Errc::not_implemented},
    // Targets.
    {kRequestLine, "GET  / HTTP/1.1"},
    {kRequestLine, "GET /  HTTP/1.1"},
    {kRequestLine, "GET /a b HTTP/1.1"},
    {kRequestLine, "GET /a\tHTTP/1.1"},
    {kRequestLine, "GET  HTTP/1.1"},
    {kRequestLine, "GET /#f HTTP/1.1"},
    {kRequestLine, "GET /a?b#f HTTP/1.1"},
    {kRequestLine, "GET /\x7f HTTP/1.1"},
    {kRequestLine, "GET /\x80 HTTP/1.1"},
    {kRequestLine, "GET /\xc3\xa4 HTTP/1.1"},
    {kRequestLine, "GET /a\0b HTTP/1.1"sv},
    {kRequestLine, "GET a HTTP/1.1"},
    {kRequestLine, "GET ?a HTTP/1.1"},
    {kRequestLine, "GET * HTTP/1.1"},
    {kRequestLine, "OPTIONS ** HTTP/1.1"},
    {kRequestLine, "OPTIONS *?a HTTP/1.1"},
    {kRequestLine, "GET a:80 HTTP/1.1"},
    {kRequestLine, "GET https://a/ HTTP/1.1"},
    {kRequestLine, "GET ftp://a/ HTTP/1.1"},
    {kRequestLine, "GET http:/a HTTP/1.1"},
    {kRequestLine, "GET http:// HTTP/1.1"},
    {kRequestLine, "GET http:///a HTTP/1.1"},
    {kRequestLine, "GET http://:80/ HTTP/1.1"},
    {kRequestLine, "GET http://u@a/ HTTP/1.1"},
    {kRequestLine, "GET http://a:b/ HTTP/1.1"},
    {kRequestLine, "GET http://[::1/ HTTP/1.1"},
    // Versions.
    {kRequestLine, "GET /"},
    {kRequestLine, "GET / "},
    {kRequestLine, "GET / HTTP/1.1 "},
    {kRequestLine, "GET / http/1.1"},
    {kRequestLine, "GET / HTTP/1"},
    {kRequestLine, "GET / HTTP/11"},
    {kRequestLine, "GET / HTTP/1.10"},
    {kRequestLine, "GET / HTTP/1,1"},
    {kRequestLine, "GET / HTTP/+.1"},
    {kRequestLine, "GET / HTTP/1.x"},
    {kRequestLine, "GET / HTTPS/1.1"},
    {kRequestLine, "GET / HTTP/0.9", Errc::unsupported_version},
    {kRequestLine, "GET / HTTP/1.2", Errc::unsupported_version},
    {kRequestLine, "GET / HTTP/2.0", Errc::unsupported_version},
    {kRequestLine, "GET / HTTP/9.9", Errc::unsupported_version},
    // Field lines.
    {kField, " X: a"},
    {kField, "X: a\r\n b"},
    {kField, "X: a\r\n\tb"},
    {kField, "X : a"},
    {kField, "X\t: a"},
    {kField, ": a"},
    {kField, "X"},
    {kField, "X a"},
    {kField, "X(: a"},
    {kField, "X\0: a"sv},
    {kField, "X\xff: a"},
    {kField, "X: a\0b"sv},
    {kField, "X: a\x01" "b"},
    {kField, "X: a\x1b[0m"},
    {kField, "X: a\x7f"},
    {kWhole, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    // Hosts.
    {kWhole, "GET / HTTP/1.1\r\n\r\n"},
    {kWhole, "GET http://a/ HTTP/1.1\r\n\r\n"},
    {kWhole, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
    {kField, "Host: a"},
    {kField, "hOsT: b"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a%2\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: [v1.x]\r\n\r\n"},
    {kWhole, "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"},
    // Lengths.
    {kField, "Content-Length:"},
    {kField, "Content-Length: -1"},
    {kField, "Content-Length: +1"},
    {kField, "Content-Length: 0x10"},
    {kField, "Content-Length: 1.0"},
    {kField, "Content-Length: 1e3"},
    {kField, "Content-Length: 1 2"},
    {kField, "Content-Length: 4, 4"},
    {kField, "Content-Length: 4,"},
    {kField, "Content-Length: \"4\""},
    {kField, "Content-Length: 4;"},
    {kField, "Content-Length: 4\r\nContent-Length: 4"},
    {kField, "Content-Length: 4\r\ncontent-length: 5"},
    {kField, "Content-Length: 18446744073709551616", Errc::body_too_large},
    {kField, "Content-Length: 99999999999999999999999999", Errc::body_too_large},
    {kField, "Content-Length: 4\r\nTransfer-Encoding: chunked"},
    {kField, "Transfer-Encoding: chunked\r\nContent-Length: 0"},
    // Transfer codings.
    {kWhole, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {kWhole, "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n"},
    {kField, "Transfer-Encoding:"},
    {kField, "Transfer-Encoding: ,chunked"},
    {kField, "Transfer-Encoding: chunked,"},
    {kField, "Transfer-Encoding: chunked, chunked"},
    {kField, "Transfer-Encoding: chunked, gzip"},
    {kField, "Transfer-Encoding: chunked;q=1"},
    {kField, "Transfer-Encoding: \"chunked\""},
    {kField, "Transfer-Encoding: 'chunked' x"},
    {kField, "Transfer-Encoding: chunked x"},
    {kField, "Transfer-Encoding: gzip;"},
    {kField, "Transfer-Encoding: gzip;a"},
    {kField, "Transfer-Encoding: gzip;a=\"b"},
    {kField, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"},
    {kField, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", Errc::not_implemented},
    {kField, "Transfer-Encoding: xchunked", Errc::not_implemented},
    {kField, "Transfer-Encoding: chunkedx", Errc::not_implemented},
    {kField, "Transfer-Encoding: identity", Errc::not_implemented},
    {kField, "Transfer-Encoding: gzip", Errc::not_implemented},
    {kField, "Transfer-Encoding: gzip, chunked", Errc::not_implemented},
    {kField, "Transfer-Encoding: gzip ; a=\"b\\\",c\" ;d = e , chunked", Errc::not_implemented},
    // Expectations and options.
    {kField, "Expect:", Errc::expectation_failed},
    {kField, "Expect: 200-ok", Errc::expectation_failed},
    {kField, "Expect: 100-continue, 100-continue", Errc::expectation_failed},
    {kField, "Connection: a b"},
    {kField, "Connection: close;"},
};

// A well-formed head of exactly that many bytes. Requires: at least 40.
inline std::string head_of_size(size_t size) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    head.append(size - head.size() - 4, 'x');
    return head + "\r\n\r\n";
}

}  // namespace inlay
