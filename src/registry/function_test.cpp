// A function's environment.
#include "registry/function.hpp"

#include <gtest/gtest.h>

namespace inlay::registry {
namespace {

Function with(std::string environment) {
    Function function;
    function.record.env = std::move(environment);
    return function;
}

TEST(FunctionEnvironment, FindsVariablesByTheirWholeName) {
    auto function = with(std::string("A=1\0AB=2\0EMPTY=\0EQUALS=a=b\0", 28));
    EXPECT_EQ(function.environment("A"), "1");
    EXPECT_EQ(function.environment("AB"), "2");
    EXPECT_EQ(function.environment("EMPTY"), "");
    EXPECT_EQ(function.environment("EQUALS"), "a=b");
    EXPECT_EQ(function.environment("B"), std::nullopt);
    EXPECT_EQ(function.environment("a"), std::nullopt);
    EXPECT_EQ(function.environment(""), std::nullopt);
    EXPECT_EQ(function.environment("EQUALS=a"), std::nullopt);
}

TEST(FunctionEnvironment, ThatIsEmptyOrOddHoldsNothing) {
    EXPECT_EQ(with("").environment("A"), std::nullopt);
    EXPECT_EQ(with(std::string("\0\0", 2)).environment("A"), std::nullopt);
    EXPECT_EQ(with("A").environment("A"), std::nullopt) << "no value";
    EXPECT_EQ(with("A=1").environment("A"), "1") << "no end";
    EXPECT_EQ(with(std::string("A\0A=2\0", 6)).environment("A"), "2");
}

TEST(Object, IsAllOfItsFile) {
    Object object;
    object.record.size_bytes = 7;
    object.file = os::Fd();
    EXPECT_EQ(object.whole().fd, -1);
    EXPECT_EQ(object.whole().offset, 0u);
    EXPECT_EQ(object.whole().length, 7u);
}

}  // namespace
}  // namespace inlay::registry
