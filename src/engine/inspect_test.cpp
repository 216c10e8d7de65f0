// Inspect: what modules of ordinary toolchains are, and what to do about those that cannot be functions.
#include "engine/inspect.hpp"

#include <gtest/gtest.h>

#include "engine/workshop.hpp"

namespace inlay::engine {
namespace {

int32_t known(int&, uint32_t) noexcept { return 0; }
const HostFunction kHost[] = {host_function<&known>("known"), host_function<&known>("receive")};

class InspectTest : public testing::Test {
  protected:
    ModuleFacts facts_of(std::string_view module) {
        return inspect(*engine_, kHost, {reinterpret_cast<const uint8_t*>(module.data()), module.size()}, 1 << 20).value();
    }

    std::unique_ptr<Engine> engine_ = Engine::create_for_compiler(kHost).value();
};

TEST_F(InspectTest, SaysWhatAFunctionImportsAndExports) {
    auto facts = facts_of(R"((module (import "inlay" "known" (func (param i32) (result i32))) (memory (export "memory") 2 9999)
        (global (export "g") (mut i64) (i64.const 0)) (func (export "inlay_handle") (result i32) (i32.const 0)) (func (export "f") (param i64 f32 f64))))");
    EXPECT_EQ(facts.kind, "function");
    EXPECT_TRUE(facts.is_text);
    EXPECT_EQ(facts.refusal, "");
    ASSERT_EQ(facts.imports.size(), 1u);
    EXPECT_EQ(facts.imports[0].type, "(i32) -> (i32)");
    EXPECT_EQ(facts.imports[0].remedy, "");
    ASSERT_EQ(facts.exports.size(), 4u);
    EXPECT_EQ(facts.exports[0].type, "memory of 2 to 9999 pages");
    EXPECT_EQ(facts.exports[1].type, "mutable global i64");
    EXPECT_EQ(facts.exports[3].type, "(i64, f32, f64) -> ()");
    EXPECT_EQ(facts.memory->initial_bytes, 131072u);
    EXPECT_EQ(facts.memory->maximum_bytes, 9999u * 65536);
}

TEST_F(InspectTest, KnowsKinds) {
    EXPECT_EQ(facts_of(R"((module (import "inlay" "receive" (func (param i32) (result i32))) (memory (export "memory") 1) (func (export "inlay_handle") (result i32) (i32.const 0))))").kind, "stream function");
    EXPECT_EQ(facts_of(R"((module (memory (export "memory") 1) (func (export "_start"))))").kind, "WASI command");
    EXPECT_EQ(facts_of(R"((module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (func (export "_initialize"))))").kind, "WASI reactor");
    EXPECT_EQ(facts_of("(module)").kind, "module");
    const auto component = facts_of(std::string_view("\0asm\x0d\0\1\0", 8));
    EXPECT_EQ(component.kind, "component");
    EXPECT_NE(component.refusal.find("core module"), std::string::npos);
}

TEST_F(InspectTest, SaysWhatToDoAboutImportsThatAreNotThere) {
    auto refusal_of = [&](const std::string& module, const std::string& name) {
        auto facts = facts_of("(module (import \"" + module + "\" \"" + name + R"(" (func)) (memory (export "memory") 1) (func (export "inlay_handle") (result i32) (i32.const 0))))");
        EXPECT_EQ(facts.imports.at(0).remedy, remedy_for_import(module, name));
        return facts.refusal;
    };
    EXPECT_NE(refusal_of("wasi_snapshot_preview1", "fd_teleport").find("WASI preview 1 has no such function"), std::string::npos);
    EXPECT_NE(refusal_of("wasi_unstable", "fd_write").find("another WASI"), std::string::npos);
    EXPECT_NE(refusal_of("env", "puts").find("nothing defines"), std::string::npos);
    EXPECT_NE(refusal_of("env", "abort").find("--use abort="), std::string::npos);
    EXPECT_NE(refusal_of("wbg", "x").find("wasm-bindgen"), std::string::npos);
    EXPECT_NE(refusal_of("inlay", "unknown").find("misspelt"), std::string::npos);
    EXPECT_NE(refusal_of("gojs", "x").find("GOOS=wasip1"), std::string::npos);
    EXPECT_NE(refusal_of("other", "x").find("abi/inlay.h"), std::string::npos);
    EXPECT_NE(remedy_for_import("env", "memory").find("--import-memory"), std::string::npos);
}

TEST_F(InspectTest, SaysWhatIsNoModule) {
    for (auto text : {std::string_view("no module"), std::string_view("\0asm\1\0\0\0\xff", 9), std::string_view("\0\1\2", 3), std::string_view()}) {
        auto facts = facts_of(text);
        EXPECT_EQ(facts.kind, "module");
        EXPECT_FALSE(facts.refusal.empty());
        EXPECT_TRUE(facts.exports.empty());
    }
}

TEST_F(InspectTest, TellsTheFeaturesThatItsToolchainNames) {
    const std::string empty("\0asm\1\0\0\0", 8);
    auto section = [](std::string content) { return std::string(1, '\0') + static_cast<char>(content.size()) + content; };
    const std::string name = std::string(1, 15) + "target_features";
    const std::string listed = section(name + std::string("\3+\4simd-\3abc=\2xy", 16));
    auto features = [&](const std::string& module) { return facts_of(module).features; };
    EXPECT_EQ(features(empty + listed), (std::vector<std::string>{"simd", "xy"}));
    EXPECT_TRUE(features(empty).empty());
    for (size_t size = 0; size < (empty + listed).size(); size++) (void)features((empty + listed).substr(0, size));
    EXPECT_TRUE(features(empty + section(name + "\xff\xff\xff\xff\x0f")).empty()) << "a count that lies";
}

}  // namespace
}  // namespace inlay::engine
