// What `inlay serve` reads from files: every key, and a word for everything that is wrong.
#include "app/serve_config.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "store/scratch_directory.hpp"

namespace inlay {
namespace {

class ServeConfigTest : public testing::Test {
  protected:
    std::string file(const std::string& content) {
        std::string path = scratch_ / "file";
        std::ofstream(path) << content;
        return path;
    }
    // The error's words; empty if there is none.
    std::string read(const std::string& content) {
        auto verdict = read_config(file(content), options_, token_file_);
        EXPECT_TRUE(verdict.ok() || verdict.error().code == Errc::bad_request);
        return verdict.ok() ? "" : verdict.error().detail;
    }
    std::string token_of(const std::string& content) {
        auto token = read_token(file(content));
        return token.ok() ? *token : "error: " + token.error().detail.substr(token.error().detail.rfind(": ") + 2);
    }

    store::ScratchDirectory scratch_;
    control::ServeOptions options_;
    std::string token_file_;
};

TEST_F(ServeConfigTest, ReadsEveryKey) {
    EXPECT_EQ(read("listen = \"[::1]:9000\"\ndata = \"somewhere\"\ntoken_file = \"secret\"\nworkers = 3\n"
                   "max_body = 4_096\nbody_memory = 8192 # bytes\nsend = \"file\"\nlink_roots = [\"/a\", \"/b\"]\nhot_memory = 0\n"
                   "clock_resolution_us = 0\nincremental = true\n"),
              "");
    EXPECT_EQ(options_.listen.text(), "[::1]:9000");
    EXPECT_EQ(options_.data_directory, "somewhere");
    EXPECT_EQ(token_file_, "secret");
    EXPECT_EQ(options_.workers, 3u);
    EXPECT_EQ(options_.max_body, 4096u);
    EXPECT_EQ(options_.body_memory, 8192u);
    EXPECT_EQ(options_.send, SendWay::file);
    EXPECT_EQ(options_.link_roots, (std::vector<std::string>{"/a", "/b"}));
    EXPECT_EQ(options_.hot_memory, 0u);
    EXPECT_EQ(options_.clock_resolution_us, 0u);
    EXPECT_TRUE(options_.incremental);
    EXPECT_NE(read("incremental = 1"), "");
}

TEST_F(ServeConfigTest, ReadsTheLimitsOfClients) {
    EXPECT_EQ(read("head_timeout_ms = 1\nidle_timeout_ms = 2\nstall_timeout_ms = 3\nclient_rate_min = 0\nconnections = 5\n"
                   "connections_per_address = 6\nrequests_per_connection = 7\n"),
              "");
    const auto& limits = options_.clients;
    EXPECT_EQ(limits.head_timeout_ms, 1u);
    EXPECT_EQ(limits.idle_timeout_ms, 2u);
    EXPECT_EQ(limits.stall_timeout_ms, 3u);
    EXPECT_EQ(limits.rate_min, 0u);
    EXPECT_EQ(limits.connections, 5u);
    EXPECT_EQ(limits.connections_per_address, 6u);
    EXPECT_EQ(limits.requests_per_connection, 7u);
}

TEST_F(ServeConfigTest, ALimitOfClientsOutOfItsRangeIsShownWithIt) {
    for (std::string line : {"head_timeout_ms = 0", "idle_timeout_ms = -1", "stall_timeout_ms = 86400001", "client_rate_min = 1073741825",
                             "connections = 0", "connections_per_address = \"1\"", "requests_per_connection = 1.5"})
        EXPECT_NE(read(line).find("a number from "), std::string::npos) << line;
    EXPECT_EQ(read("stall_timeout_ms = 86400000\nclient_rate_min = 1073741824\n"), "");
}

TEST_F(ServeConfigTest, WhatIsNotSaidStaysAsItIs) {
    options_.workers = 7;
    EXPECT_EQ(read("max_body = 1\n"), "");
    EXPECT_EQ(options_.workers, 7u);
    EXPECT_EQ(options_.listen.text(), "127.0.0.1:8080");
    EXPECT_EQ(read(""), "");
}

TEST_F(ServeConfigTest, AWrongKeyIsNamed) {
    for (const char* line : {"max_bodies = 1", "workers = \"3\"", "workers = 0", "workers = -1", "workers = 1.5", "max_body = 0",
                             "listen = 8080", "data = 1", "token_file = true", "[workers]\na = 1", "workers = [1]", "link_roots = \"/a\"",
                             "link_roots = [1]"}) {
        auto words = read(line);
        EXPECT_NE(words.find("unknown, or not of its type"), std::string::npos) << line << ": " << words;
        EXPECT_NE(words.find(line[0] == '[' ? "workers" : std::string(line).substr(0, std::string(line).find(' '))), std::string::npos) << words;
    }
}

TEST_F(ServeConfigTest, AWrongWayToSendIsShownWithThoseThereAre) {
    EXPECT_NE(read("send = \"post\"").find("one of auto, memory, file"), std::string::npos);
}

TEST_F(ServeConfigTest, AWrongAddressIsShownWithAnExample) {
    EXPECT_NE(read("listen = \"localhost:8080\"").find("write it as 127.0.0.1:8080"), std::string::npos);
}

TEST_F(ServeConfigTest, WhatIsNoTomlIsToldWithItsLine) {
    EXPECT_NE(read("workers = 1\nmax_body =\n").find("(line 2)"), std::string::npos);
    EXPECT_NE(read("workers = 1\nworkers = 2\n"), "") << "twice";
    auto absent = read_config(scratch_ / "absent", options_, token_file_);
    ASSERT_FALSE(absent.ok());
    EXPECT_NE(absent.error().detail.find("absent"), std::string::npos);
}

TEST_F(ServeConfigTest, ATokenIsTheFirstLine) {
    EXPECT_EQ(token_of("secret"), "secret");
    EXPECT_EQ(token_of("secret\nmore\n"), "secret");
    EXPECT_EQ(token_of("~!x"), "~!x");
}

TEST_F(ServeConfigTest, ATokenThatCannotStandInAHeaderIsRefused) {
    for (const char* content : {"", "\n", "\nsecret\n"}) EXPECT_EQ(token_of(content), "error: its first line must be the token") << content;
    for (const char* content : {"se cret", "secret ", "secret\r\n", "se\tcret", "s\xc3\xa9" "cret", "se\x7f" "cret"})
        EXPECT_EQ(token_of(content), "error: visible ASCII only") << content;
    EXPECT_FALSE(read_token(scratch_ / "absent").ok());
}

}  // namespace
}  // namespace inlay
