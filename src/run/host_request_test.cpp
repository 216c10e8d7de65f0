// The request's parts as a guest asks for them.
#include <gtest/gtest.h>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kName = 1024, kBuffer = 2048, kBeyond = 65536;

class HostRequest : public testing::Test {
  protected:
    HostRequest() {
        trial_.request.method = "PURGE";
        trial_.request.path = "/f/trial/a%20b";
        trial_.request.rest = "/a%20b";
        trial_.request.query = "q=a+b&q=2&empty=&%6b=v";
        trial_.request.fields = fields_;
        trial_.environment = std::string("MODE=fast\0EMPTY=\0", 17);
    }
    // The part's text; the code if there is none.
    std::string part(uint32_t part, const std::string& name = "") {
        std::string before = text_at(kName, name);
        int32_t length = trial_.code(call("request", {part, kName, name.size(), kBuffer, 1000}), before);
        if (length < 0) return std::to_string(length);
        return trial_.response_of("(i32.store (i32.const 16) (i32.const 2048)) (i32.store (i32.const 20) " +
                                      call("request", {part, kName, name.size(), kBuffer, 1000}) + ")" + then("respond", {16, 1}),
                                  before);
    }

    const std::vector<HeadField> fields_{{"Accept", "text/plain"}, {"X-Empty", ""}, {"accept", "*/*"}};
    Trial trial_;
};

TEST_F(HostRequest, GivesEachPart) {
    EXPECT_EQ(part(INLAY_PART_METHOD), "PURGE");
    EXPECT_EQ(part(INLAY_PART_PATH), "/f/trial/a%20b");
    EXPECT_EQ(part(INLAY_PART_REST), "/a%20b");
    EXPECT_EQ(part(INLAY_PART_QUERY), "q=a+b&q=2&empty=&%6b=v");
    EXPECT_EQ(part(INLAY_PART_FUNCTION), "trial");
    EXPECT_EQ(part(INLAY_PART_INVOCATION), "0000000000000abc");
}

TEST_F(HostRequest, FindsParametersByName) {
    EXPECT_EQ(part(INLAY_PART_PARAMETER, "q"), "a b") << "the first one, decoded";
    EXPECT_EQ(part(INLAY_PART_PARAMETER, "empty"), "");
    EXPECT_EQ(part(INLAY_PART_PARAMETER, "k"), "v");
    EXPECT_EQ(part(INLAY_PART_PARAMETER, "Q"), std::to_string(INLAY_E_ABSENT));
}

TEST_F(HostRequest, FindsHeadersInAnyCaseAndJoinsThem) {
    EXPECT_EQ(part(INLAY_PART_HEADER, "ACCEPT"), "text/plain, */*");
    EXPECT_EQ(part(INLAY_PART_HEADER, "x-empty"), "");
    EXPECT_EQ(part(INLAY_PART_HEADER, "x-absent"), std::to_string(INLAY_E_ABSENT));
}

TEST_F(HostRequest, FindsTheFunctionsEnvironment) {
    EXPECT_EQ(part(INLAY_PART_ENV, "MODE"), "fast");
    EXPECT_EQ(part(INLAY_PART_ENV, "EMPTY"), "");
    EXPECT_EQ(part(INLAY_PART_ENV, "mode"), std::to_string(INLAY_E_ABSENT));
}

TEST_F(HostRequest, WritesNothingWhereThereIsNoRoom) {
    std::string peek = "(i32.load8_u (i32.const 2048))";
    EXPECT_EQ(trial_.code(call("request", {INLAY_PART_METHOD, 0, 0, kBuffer, 4})), 5);
    EXPECT_EQ(trial_.code(then("request", {INLAY_PART_METHOD, 0, 0, kBuffer, 4}) + peek), 0);
    EXPECT_EQ(trial_.code(then("request", {INLAY_PART_METHOD, 0, 0, kBuffer, 5}) + peek), 'P');
    EXPECT_EQ(trial_.code(call("request", {INLAY_PART_METHOD, 0, 0, 0, 0})), 5) << "asks for the length only";
}

TEST_F(HostRequest, EveryErrorHasItsCode) {
    EXPECT_EQ(trial_.code(call("request", {0, 0, 0, kBuffer, 9})), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial_.code(call("request", {10, 0, 0, kBuffer, 9})), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial_.code(call("request", {-1, 0, 0, kBuffer, 9})), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial_.code(call("request", {INLAY_PART_METHOD, 0, 0, kBeyond - 8, 9})), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("request", {INLAY_PART_METHOD, 0, 0, kBuffer, -1})), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("request", {INLAY_PART_HEADER, kBeyond - 8, 9, kBuffer, 9})), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("request", {INLAY_PART_METHOD, kBeyond - 8, 9, kBuffer, 9})), 5) << "a name that nobody asks for";
}

}  // namespace
}  // namespace inlay::run
