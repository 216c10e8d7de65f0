// Addresses and tokens: the forms that are understood, and the refusals.
#include "app/cli_address.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

TEST(ServerAddresses, AreHttpUrlsOrHostAndPort) {
    auto address = parse_server_address("http://127.0.0.1:8080");
    EXPECT_EQ(address.host, "127.0.0.1");
    EXPECT_EQ(address.port, "8080");
    EXPECT_EQ(address.authority, "127.0.0.1:8080");
    EXPECT_EQ(address.base_path, "");
    EXPECT_EQ(parse_server_address("localhost:81").url(), "http://localhost:81");
    EXPECT_EQ(parse_server_address("http://h/base/").base_path, "/base");
    EXPECT_EQ(parse_server_address("http://h").port, "80");
}

TEST(ServerAddresses, LoseTheBracketsOfIpv6OnlyForConnecting) {
    auto address = parse_server_address("http://[::1]:8080/");
    EXPECT_EQ(address.host, "::1");
    EXPECT_EQ(address.authority, "[::1]:8080");
}

TEST(ServerAddresses, RefuseWhatCannotBeMeant) {
    for (auto text : {"", "https://h", "ftp://h", "http://", "http://u:p@h", "http://h?q", "http://h#f", "http://h:99999",
                      "http://h:0", "a b"}) {
        try {
            parse_server_address(text);
            ADD_FAILURE() << text;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit_code, kExitWrongUse) << text;
        }
    }
}

TEST(TokenFiles, HoldOneTokenOnOneLine) {
    std::string path = testing::TempDir() + "inlay_token_test";
    auto write = [&](std::string_view content) { std::ofstream(path, std::ios::binary) << content; };
    write("  secret-token\r\n");
    EXPECT_EQ(read_token_file(path), "secret-token");
    write("two\nlines");
    EXPECT_THROW(read_token_file(path), Failure);
    write("\n");
    EXPECT_THROW(read_token_file(path), Failure);
    write(std::string(5000, 'x'));
    EXPECT_THROW(read_token_file(path), Failure);
    std::remove(path.c_str());
    EXPECT_THROW(read_token_file(path), Failure);
}

}  // namespace
}  // namespace inlay::cli
