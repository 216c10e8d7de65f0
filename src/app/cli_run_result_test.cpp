// Results of run: what is told of a response. The rest is seen from outside.
#include "app/cli_run_result.hpp"

#include <gtest/gtest.h>

#include "app/cli_failure.hpp"
#include "os/scratch.hpp"

namespace inlay::cli {
namespace {

run::Outcome completed(const std::string& content, unsigned status = 200) {
    run::Completed how;
    how.response.status = status;
    how.response.content.push_back({content, nullptr, 0, 0});
    return {std::move(how), {}, {}};
}

Result<> same() { return {}; }
Result<> shrunk() { return Error{Errc::object_changed, "the file is shorter"}; }

class RunResultTest : public testing::Test {
  protected:
    std::string path() { return scratch_.path() + "/answer"; }
    int tell(run::Outcome outcome, const std::function<Result<>()>& unchanged = same, std::optional<ObjectName> absent = {}) {
        return RunResult({"f", path(), "", {}, false, Output::text}).tell(outcome, unchanged, absent);
    }
    Failure failure_of(run::Outcome outcome, const std::function<Result<>()>& unchanged = same, std::optional<ObjectName> absent = {}) {
        try {
            tell(std::move(outcome), unchanged, absent);
        } catch (const Failure& failure) {
            return failure;
        }
        return {};
    }

    os::Scratch scratch_;
};

TEST_F(RunResultTest, ContentGoesToItsFile) {
    EXPECT_EQ(tell(completed("content")), kExitDone);
    EXPECT_EQ(scratch_.content("answer"), "content");
    EXPECT_EQ(tell(completed("", 302)), kExitDone);
    EXPECT_EQ(scratch_.content("answer"), "");
}

TEST_F(RunResultTest, AFailureLeavesNoFileAndNamesItsReason) {
    EXPECT_EQ(failure_of({run::Failed{7}, {}, {}}).detail, "function \"f\" returned 7; nothing it staged took effect");
    EXPECT_EQ(failure_of({run::Trapped{{Errc::function_trapped, "why"}}, {}, {}}).type, "urn:inlay:problem:function-trapped");
    EXPECT_EQ(tell(completed("content", 404)), kExitFailed);
    EXPECT_EQ(scratch_.content("answer"), "(absent)");
}

TEST_F(RunResultTest, AFailureTellsOfTheObjectThatWasNotGiven) {
    EXPECT_EQ(failure_of({run::Failed{1}, {}, {}}, same, ObjectName{"b", "k"}).next_step,
              "It asked for the object b/k, which it was not given: add --object b/k=FILE");
    EXPECT_EQ(tell(completed("content"), same, ObjectName{"b", "k"}), kExitDone) << "a function may do without";
}

TEST_F(RunResultTest, NothingCountsThatWasReadFromAFileThatShrank) {
    EXPECT_EQ(failure_of(completed("content"), shrunk).status, traits(Errc::object_changed).http_status);
    EXPECT_EQ(failure_of({run::Failed{1}, {}, {}}, shrunk).detail, "the file is shorter");
    EXPECT_EQ(failure_of({run::Trapped{{Errc::object_changed, "where"}}, {}, {}}, shrunk).detail, "where") << "which says more";
    EXPECT_EQ(scratch_.content("answer"), "(absent)");
}

TEST_F(RunResultTest, TheContentTypeIsWhatAServerWouldSay) {
    run::Response response;
    EXPECT_EQ(content_type_of(response), "");
    response.fields = "X-Content-Type: a\r\ncontent-TYPE: text/plain; a=b\r\nOther: c\r\n";
    EXPECT_EQ(content_type_of(response), "text/plain; a=b");
    response.fields.clear();
    response.content.push_back({"x", nullptr, 0, 0});
    EXPECT_EQ(content_type_of(response), "application/octet-stream");
}

}  // namespace
}  // namespace inlay::cli
