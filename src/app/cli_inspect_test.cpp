// What is said of a module.
#include "app/cli_inspect.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace inlay::cli {
namespace {

engine::ModuleFacts some_facts() {
    engine::ModuleFacts facts;
    facts.kind = "function";
    facts.bytes = 2048;
    facts.imports = {{"inlay", "body", "(i32) -> (i32)", ""}, {"inlay", "map", "(i32) -> (i32)", ""}, {"env", "puts", "(i32) -> (i32)", "link it"}};
    facts.exports = {{"inlay_handle", "() -> (i32)"}, {"memory", "memory of 2 pages"}};
    facts.memory = engine::ModuleFacts::Memory{131072, {}};
    facts.refusal = "an import is not known";
    return facts;
}

TEST(DescribeModule, SaysWhatIsThereAndWhatIsMissing) {
    EXPECT_EQ(describe_module("f.wasm", json_of(some_facts())),
              "f.wasm: function, 2.0 KiB\n"
              "  memory   128.0 KiB, no maximum\n"
              "  imports  inlay: body, map\n"
              "  unknown  env.puts (i32) -> (i32): link it\n"
              "  exports  inlay_handle () -> (i32), memory memory of 2 pages\n"
              "  it cannot be deployed: an import is not known\n");
}

TEST(DescribeModule, IsSafeToShow) {
    auto facts = some_facts();
    facts.imports[2].name = "\x1b[2J";
    facts.refusal.clear();
    facts.memory = {};
    const auto text = describe_module("f.wasm", json_of(facts));
    EXPECT_EQ(text.find('\x1b'), text.npos);
    EXPECT_NE(text.find("it can be deployed"), text.npos);
    EXPECT_NE(text.find("none is exported"), text.npos);
}

}  // namespace
}  // namespace inlay::cli
