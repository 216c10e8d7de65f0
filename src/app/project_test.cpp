// inlay.toml: what is understood, and what is refused with which words.
#include "app/project.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "app/cli_failure.hpp"
#include "os/scratch.hpp"

namespace inlay::cli {
namespace {

constexpr auto kHead = "name = \"f\"\nlang = \"c\"\n[build]\ncommand = \"make\"\nmodule = \"build/f.wasm\"\n";

Result<Project> with(std::string_view rest) { return parse_project(kHead + std::string(rest)); }
std::string refusal_of(std::string_view text) {
    auto project = parse_project(text);
    return project.ok() ? "(none)" : project.error().detail;
}
std::string refusal_with(std::string_view rest) { return refusal_of(kHead + std::string(rest)); }

TEST(Project, AllOfItIsUnderstood) {
    auto project = with(R"([deploy]
class = "heavy"
timeout = "5s"
memory = "64MiB"
isolate = true
warm = true
dir = ["/in=b", "/out=c:w"]
limit = { cpu_ms = 500, output_bytes = "1MiB" }
env = { A = "b=c" }
[[case]]
name = "one"
method = "PUT"
path = "/a%20b"
query = { n = 3, word = "a b" }
headers = { X-Own = "1" }
body = "text\n"
objects = { "b/k" = "data/file" }
dir = "/in=data:ro"
arguments = ["-l", "x"]
expect_status = 422
expect_body_file = "expected"
expect_contains = ["x", "y"]
expect_headers = { Content-Type = "text/plain" }
copied_max = 0
time_ms_max = 10
[[case]]
name = "two"
body_file = "input"
expect_contains = "z"
)");
    ASSERT_TRUE(project.ok()) << project.error().detail;
    EXPECT_EQ(project->name + " " + project->lang + " " + project->build_command + " " + project->module, "f c make build/f.wasm");
    const auto& deploy = project->deploy;
    EXPECT_EQ(deploy.run_class + deploy.timeout + deploy.memory, "heavy5s64MiB");
    EXPECT_TRUE(deploy.isolate && deploy.warm);
    EXPECT_EQ(deploy.directories, (std::vector<std::string>{"/in=b", "/out=c:w"}));
    EXPECT_EQ(deploy.limits, (std::vector<std::string>{"cpu_ms=500", "output_bytes=1MiB"}));
    EXPECT_EQ(deploy.env, std::vector<std::string>{"A=b=c"});
    ASSERT_EQ(project->cases.size(), 2u);
    const auto& one = project->cases[0];
    EXPECT_EQ(one.name + one.method + one.path + *one.body, "onePUT/a%20btext\n");
    EXPECT_EQ(one.line, 15u);
    EXPECT_EQ(one.directories, std::vector<std::string>{"/in=data:ro"});
    EXPECT_EQ(one.arguments, (std::vector<std::string>{"-l", "x"}));
    EXPECT_EQ(one.query, (Pairs{{"n", "3"}, {"word", "a b"}}));
    EXPECT_EQ(one.headers, (Pairs{{"X-Own", "1"}}));
    EXPECT_EQ(one.objects, (Pairs{{"b/k", "data/file"}}));
    EXPECT_EQ(one.expect_status, 422u);
    EXPECT_EQ(one.expect_body_file, "expected");
    EXPECT_EQ(one.expect_contains, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(one.expect_headers, (Pairs{{"Content-Type", "text/plain"}}));
    EXPECT_EQ(one.copied_max, 0u);
    EXPECT_EQ(one.time_ms_max, 10u);
    const auto& two = project->cases[1];
    EXPECT_EQ(two.body_file, "input");
    EXPECT_FALSE(two.body || two.expect_body || two.copied_max);
    EXPECT_EQ(two.expect_status, 200u);
    EXPECT_EQ(two.expect_contains, std::vector<std::string>{"z"});
}

TEST(Project, UnknownKeysAreNamedWithTheirLine) {
    EXPECT_EQ(refusal_with("[deploy]\ntime = \"5s\"\n"), "line 7: deploy has no \"time\": it has class, timeout, memory, isolate, warm, limit, env, dir");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nexpect = 3\n").substr(0, 31), "line 8: case has no \"expect\": i");
    EXPECT_EQ(refusal_with("[other]\n"), "line 6: the project has no \"other\": it has name, lang, build, deploy, case");
    EXPECT_EQ(refusal_with("args = 1\n"), "line 6: build has no \"args\": it has command, module");
}

TEST(Project, WhatIsMissingOrOfAnotherKindIsNamed) {
    EXPECT_EQ(refusal_of(""), "line 1: the project has no name: write name = \"...\"");
    EXPECT_EQ(refusal_of("name = \"a/b\"\nlang = \"c\"").substr(0, 8), "line 1: ");
    EXPECT_EQ(refusal_of("name = \"a\"\nlang = \"cobol\""), "line 2: lang = \"cobol\": write one of c, cpp, rust, go, ts");
    EXPECT_EQ(refusal_of("name = \"a\"\nlang = \"c\""), "line 1: there is no [build]: write its command and the module that it makes");
    EXPECT_EQ(refusal_of("build = 3\nname = \"a\"\nlang = \"c\""), "line 1: build is a table: write [build]");
    EXPECT_EQ(refusal_with("[deploy]\ntimeout = 5\n"), "line 7: timeout is a text: write it in quotes");
    EXPECT_EQ(refusal_with("[deploy]\nisolate = 1\n"), "line 7: isolate is true or false");
    EXPECT_EQ(refusal_with("[case]\nname = \"a\"\n").substr(0, 33), "line 6: cases are written [[case]");
    EXPECT_EQ(refusal_with("[[case]]\n"), "line 6: case has no name: write name = \"...\"");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nquery = 1\n"), "line 8: query is a table of at most 256: write query = { NAME = \"VALUE\" }");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nexpect_contains = [1]\n"), "line 8: expect_contains is a text, or a list of at most 256 texts");
}

TEST(Project, ValuesOutsideOfTheirBoundsAreRefused) {
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nexpect_status = 100\n"), "line 8: expect_status is a number from 200 to 599");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\ncopied_max = -1\n").substr(0, 32), "line 8: copied_max is a number f");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\n[[case]]\nname = \"a\"\n"), "line 9: there is a case \"a\" already");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nbody = \"\"\nbody_file = \"b\"\n"), "line 9: a case has body or body_file, not both");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nexpect_body = \"\"\nexpect_body_file = \"b\"\n").substr(0, 37), "line 9: a case has expect_body or exp");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nbody_file = \"/etc/passwd\"\n"), "line 8: \"/etc/passwd\": name a file from the project's directory");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\npath = \"a\"\n"), "line 8: path is what stands behind /f/NAME, and begins with /");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\nbody = \"\\u0000\"\n"), "line 8: body holds a byte 0: put it into a file");
    EXPECT_EQ(refusal_with("[[case]]\nname = \"a\"\narguments = [\"a\", \"\\u0000\"]\n"), "line 8: arguments holds a byte 0: put it into a file");
    EXPECT_NE(refusal_with("[[case]]\nname = \"a\"\nobjects = { absent = \"f\" }\n"), "(none)");
    EXPECT_NE(refusal_with("[deploy]\ntimeout = \"5 apples\"\n").find("this is not a duration"), std::string::npos);
    EXPECT_NE(refusal_with("[deploy]\nlimit = { apples = 3 }\n").find("this is no limit"), std::string::npos);
    std::string many;
    for (size_t i = 0; i <= kProjectCasesMax; i++) many += fmt::format("[[case]]\nname = \"{}\"\n", i);
    EXPECT_EQ(refusal_with(many), "line 6: cases are written [[case]], at most 1000 of them");
}

TEST(Project, HostileTextIsRefusedBeforeTheLibrarySeesIt) {
    EXPECT_EQ(refusal_with("# \xc3\xa4\n"), "line 6: this file is ASCII: write other letters as \\uXXXX, in quotes");
    EXPECT_EQ(refusal_with(std::string(65536, '.')), "line 6: more than 200 dots in one line: put long texts into files");
    EXPECT_NE(refusal_with("[ a]]"), "(none)");
    EXPECT_NE(refusal_with("name = "), "(none)");
}

// A file that is cut off anywhere, or wrong in any byte, is read or refused with a line.
TEST(Project, DamagedTextIsReadOrRefused) {
    const std::string whole = std::string(kHead) + "[deploy]\nlimit = { cpu_ms = 500 }\n[[case]]\nname = 'a'\nquery = { n = \"x\\u0041\" }\n"
                              "expect_contains = [\"x\", \"y\"]\ncopied_max = 0x10\n[[case]]\nname = \"\"\"b\"\"\"\nobjects = { \"b/k\" = \"f\" }\n";
    ASSERT_EQ(refusal_of(whole), "(none)");
    size_t read = 0, refused = 0;
    auto look = [&](const std::string& text) {
        const auto refusal = refusal_of(text);
        refusal == "(none)" ? read++ : refused++;
        EXPECT_TRUE(refusal == "(none)" || refusal.starts_with("line ")) << refusal;
    };
    for (size_t at = 0; at < whole.size(); at++) {
        look(whole.substr(0, at));
        for (char other : {'\0', '\n', '"', '[', ']', '{', '.', '=', '\\', '9', '\x7f', '\xff'}) {
            auto damaged = whole;
            damaged[at] = other;
            look(damaged);
        }
    }
    EXPECT_GT(read, 100u);
    EXPECT_GT(refused, 1000u);
}

TEST(Project, AFileThatIsNotThereSaysHowToMakeOne) {
    os::Scratch scratch;
    try {
        read_project(scratch.path());
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code, kExitWrongUse);
        EXPECT_NE(failure.detail.find("inlay.toml: there is no project here"), std::string::npos);
        EXPECT_NE(failure.next_step.find("inlay new"), std::string::npos);
    }
}

}  // namespace
}  // namespace inlay::cli
