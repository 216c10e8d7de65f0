// Compiled code on disk: damage is noticed.
#include "registry/compiled_file.hpp"

#include <gtest/gtest.h>

#include "os/memfd.hpp"

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

TEST(CompiledFile, IsMappedAndCheckedInOneStep) {
    std::string code = "some code";
    auto mapped = map_compiled_file(os::create_memfd_of("test", compiled_file_head(code) + code).value().get());
    ASSERT_TRUE(mapped.ok());
    EXPECT_EQ(std::string(mapped->code.begin(), mapped->code.end()), code);
    for (const char* damaged : {"", "x", "00000000000000000000000000000000code"})
        EXPECT_EQ(map_compiled_file(os::create_memfd_of("test", damaged).value().get()).error().code, Errc::corrupt) << damaged;
    EXPECT_EQ(map_compiled_file(-1).error().code, Errc::io_error);
}

TEST(CompiledFile, TellsHowTheFunctionTakesBodiesWithoutBeingLoaded) {
    for (auto way : {BodyWay::whole, BodyWay::streams}) {
        auto file = os::create_memfd_of("test", compiled_file_head("code", way) + "code").value();
        EXPECT_EQ(body_way_of_compiled_file(file.get()).value(), way);
        EXPECT_EQ(map_compiled_file(file.get())->way, way);
    }
    for (const char* damaged : {"", "00000000000000000000000000000000code", "00000000000000000000000000000000sometimecode"})
        EXPECT_EQ(body_way_of_compiled_file(os::create_memfd_of("test", damaged).value().get()).error().code, Errc::corrupt) << damaged;
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
