// Answers as documents.
#include "app/cli_answer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace inlay::cli {
namespace {

TEST(AnswerDocument, HasStatusCostAndType) {
    EXPECT_EQ(answer_document(201, Cost{1, 2, 3, 4, 5}, "text/plain").dump(),
              R"({"status":201,"cost":{"mapped":1,"copied":2,"private":3,"instantiate_us":4,"run_us":5},"content_type":"text/plain"})");
    EXPECT_EQ(answer_document(404, std::nullopt, "").dump(), R"({"status":404,"cost":null,"content_type":""})");
}

TEST(AnswerDocument, HasTextAsItIsAndBytesInBase64) {
    nlohmann::ordered_json text, bytes;
    add_content(text, "ü\n");
    add_content(bytes, "\xff");
    EXPECT_EQ(text.dump(), "{\"body\":\"ü\\n\"}");
    EXPECT_EQ(bytes.dump(), R"({"body_base64":"/w=="})");
    EXPECT_EQ(content_in(text), "ü\n");
    EXPECT_EQ(content_in(bytes), "\xff");
    EXPECT_EQ(content_in(nlohmann::ordered_json::object()), "");
}

}  // namespace
}  // namespace inlay::cli
