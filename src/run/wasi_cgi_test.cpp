// CGI: arguments and variables from a request, and heads of responses.
#include "run/wasi_cgi.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

using Texts = std::vector<std::string>;

class WasiCgi : public testing::Test, public WasiTrial {
  protected:
    Texts arguments(std::string_view query) {
        request.query = query;
        auto found = arguments_of(invocation);
        return found.ok() ? *found : Texts{"(" + found.error().detail + ")"};
    }
    void want_cgi() { function.record.env = std::string("INLAY_CGI=1\0", 12); }
    // What becomes of a response: status, fields, content; or the error.
    std::string head_of(const std::string& content, bool in_pages = false) {
        Piece piece;
        piece.bytes = content;
        if (in_pages) piece = spooled(content);
        invocation.response = Response{};
        invocation.response_headers = 0;
        invocation.response.content.push_back(std::move(piece));
        auto taken = take_cgi_head(invocation);
        if (!taken.ok()) return taken.error().detail;
        return std::to_string(invocation.response.status) + " " + content_of(invocation.response);
    }
    Piece spooled(const std::string& content) {
        Spool spool(0);
        EXPECT_EQ(spool.write(invocation, 0, content), kSuccess);
        return spool.take(invocation);
    }
};

TEST_F(WasiCgi, ArgumentsAreTheValuesOfArgInTheirOrder) {
    EXPECT_EQ(arguments(""), (Texts{"trial"}));
    EXPECT_EQ(arguments("arg=a&other=b&arg=&arg=c%20d+e%26"), (Texts{"trial", "a", "", "c d e&"}));
    EXPECT_EQ(arguments("other=arg"), (Texts{"trial"}));
}

TEST_F(WasiCgi, AQueryWithoutEqualsIsWords) {
    EXPECT_EQ(arguments("one+two%20three"), (Texts{"trial", "one", "two three"}));
}

TEST_F(WasiCgi, ArgumentsThatCannotBeGivenAreAnError) {
    EXPECT_EQ(arguments("arg=%zz").front()[0], '(');
    EXPECT_EQ(arguments("arg=a%00b").front()[0], '(') << "a NUL would end it";
}

TEST_F(WasiCgi, VariablesAreThoseOfTheDeployAndWithCgiOfTheRequest) {
    function.record.env = std::string("A=1\0B=2=3\0", 10);
    EXPECT_EQ(environment_of(invocation), (Texts{"A=1", "B=2=3"}));
    want_cgi();
    const HeadField fields[] = {{"X-Own", "a"}, {"x-own", "b"}, {"Authorization", "secret"}, {"Proxy", "evil"}, {"Content-Type", "text/x"}};
    request.fields = fields;
    request.method = "POST";
    request.path = "/f/trial/more/%41";
    request.rest = "/more/%41";
    request.query = "a=b";
    request.body.size = 4;
    const auto found = environment_of(invocation);
    auto has = [&](const std::string& one) { return std::find(found.begin(), found.end(), one) != found.end(); };
    for (const char* one : {"REQUEST_METHOD=POST", "SCRIPT_NAME=/f/trial", "PATH_INFO=/more/A", "QUERY_STRING=a=b", "CONTENT_LENGTH=4", "CONTENT_TYPE=text/x",
                            "HTTP_X_OWN=a, b"})
        EXPECT_TRUE(has(one)) << one;
    for (const auto& one : found)
        EXPECT_TRUE(!one.starts_with("HTTP_") || one.starts_with("HTTP_X_OWN")) << one << ": credentials, and what some take for a proxy";
}

TEST_F(WasiCgi, IsWantedWhereTheDeploySaysSo) {
    EXPECT_FALSE(wants_cgi(invocation));
    want_cgi();
    EXPECT_TRUE(wants_cgi(invocation));
    for (const char* no : {"INLAY_CGI=", "INLAY_CGI=0"}) {
        function.record.env = std::string(no) + '\0';
        EXPECT_FALSE(wants_cgi(invocation)) << no;
    }
}

TEST_F(WasiCgi, AHeadIsTakenOffTheContent) {
    for (bool in_pages : {false, true}) {
        EXPECT_EQ(head_of("Status: 404 Not Found\r\nX-One: 1\r\n\r\ncontent", in_pages), "404 content");
        EXPECT_EQ(invocation.response_headers, 1u);
        EXPECT_EQ(head_of("Content-Type: text/x\n\n", in_pages), "200 ");
        EXPECT_EQ(head_of("\ncontent\n\nmore", in_pages), "200 content\n\nmore") << "an empty head";
    }
}

TEST_F(WasiCgi, WhatIsNoHeadIsAnErrorWithItsRemedy) {
    const std::string long_head = "X: " + std::string(kCgiHeadBytesMax, 'x') + "\n\n";
    const Texts cases{"", "no head", "X: 1\ncontent", "Status: 99\n\n", "Status: 600\n\n", "Status: x\n\n", "Bad Name: 1\n\n", ": 1\n\n", "X: a\rb\n\n", long_head};
    for (const auto& bad : cases) EXPECT_NE(head_of(bad).find("INLAY_CGI"), std::string::npos) << bad.substr(0, 50);
    invocation.response = Response{};
    EXPECT_FALSE(take_cgi_head(invocation).ok()) << "nothing at all";
}

}  // namespace
}  // namespace inlay::run::wasi
