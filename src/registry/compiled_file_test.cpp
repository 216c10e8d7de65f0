// Compiled code on disk: damage is noticed.
#include "registry/compiled_file.hpp"

#include <gtest/gtest.h>

namespace inlay::registry {
namespace {

std::span<const uint8_t> bytes_of(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(CompiledFile, GivesBackTheCodeThatWasPutIn) {
    std::string code = "some code", file = compiled_file_head(code) + code;
    auto found = code_of_compiled_file(bytes_of(file));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(std::string(found->begin(), found->end()), code);
}

TEST(CompiledFile, NoticesEveryChangedByteAndEveryCut) {
    std::string code = "some code", file = compiled_file_head(code) + code;
    for (size_t i = 0; i < file.size(); i++) {
        std::string changed = file;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(code_of_compiled_file(bytes_of(changed)).ok()) << i;
        EXPECT_FALSE(code_of_compiled_file(bytes_of(file.substr(0, i))).ok()) << i;
    }
}

}  // namespace
}  // namespace inlay::registry
