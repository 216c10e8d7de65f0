// Findings: each says what is in force and, unless it is good, what would be gained and how.
#include "app/cli_findings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/scratch_directory.hpp"

namespace inlay::cli {
namespace {

const Finding* find(const std::vector<Finding>& findings, std::string_view name) {
    auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) { return finding.name == name; });
    return found == findings.end() ? nullptr : &*found;
}

TEST(Findings, SayWhatIsInForceAndWhatToDo) {
    store::ScratchDirectory scratch;
    for (const auto& finding : examine_machine(scratch / ".")) {
        EXPECT_FALSE(finding.in_force.empty()) << finding.name;
        EXPECT_EQ(finding.verdict == Verdict::good, finding.gain.empty()) << finding.name;
        EXPECT_TRUE(finding.verdict != Verdict::wrong || !finding.remedy.empty()) << finding.name;
        EXPECT_TRUE(finding.verdict != Verdict::good || !finding.fix) << finding.name;
    }
}

TEST(Findings, OfADataDirectoryComeWhenOneIsNamed) {
    store::ScratchDirectory scratch;
    EXPECT_EQ(find(examine_machine(""), "filesystem"), nullptr);
    auto with = examine_machine(scratch / ".");
    ASSERT_NE(find(with, "filesystem"), nullptr);
    auto absent = examine_machine(scratch / "absent");
    ASSERT_NE(find(absent, "data directory"), nullptr);
    EXPECT_EQ(find(absent, "data directory")->verdict, Verdict::wrong);
}

TEST(Findings, AMemoryFilesystemIsWrongForObjects) {
    store::MountedFilesystem mounted("tmpfs");
    if (!mounted.reason().empty()) GTEST_SKIP() << mounted.reason();
    EXPECT_EQ(find(examine_machine(mounted.path()), "filesystem")->verdict, Verdict::wrong);
}

}  // namespace
}  // namespace inlay::cli
