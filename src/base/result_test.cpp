// Result and the table of codes.
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/wire.hpp"

namespace inlay {
namespace {

Result<std::unique_ptr<int>> half(int n) {
    if (n % 2) return Error{Errc::bad_request, "odd"};
    return std::make_unique<int>(n / 2);
}

Result<int> quarter(int n) {
    INLAY_TRY(auto first, half(n));
    INLAY_TRY(auto second, half(*first));
    return *second;
}

TEST(Result, TryPassesValuesOnAndReturnsErrors) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(6).error().detail, "odd");
}

TEST(Result, DiskFullIsToldFromOtherFailures) {
    EXPECT_EQ(os_error("write", ENOSPC).code, Errc::no_space);
    EXPECT_EQ(os_error("write", EDQUOT).code, Errc::no_space);
    EXPECT_EQ(os_error("write", EIO).code, Errc::io_error);
}

TEST(ErrcTable, NamesAreUniqueAndStatusesAreErrors) {
    std::set<std::string_view> names;
    for (uint16_t i = 0; i < kErrcCount; i++) {
        const auto& row = traits(static_cast<Errc>(i));
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_GE(row.http_status, 400);
        EXPECT_LT(row.http_status, 600);
        EXPECT_FALSE(row.title.empty());
    }
    EXPECT_EQ(traits(static_cast<Errc>(9999)).name, "internal");
}

TEST(Wire, ReadsBackWhatWasWritten) {
    auto message = WireWriter().number(7).bytes("seven").bytes("").take();
    WireReader reader(message);
    EXPECT_EQ(reader.number(), 7u);
    EXPECT_EQ(reader.bytes(), "seven");
    EXPECT_EQ(reader.bytes(), "");
    EXPECT_TRUE(reader.finished());
}

TEST(Wire, NeverReadsPastTheEnd) {
    auto message = WireWriter().number(1'000'000).take() + "short";
    WireReader reader(message);
    EXPECT_EQ(reader.bytes(), "");
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.number(), 0u);
    EXPECT_FALSE(reader.finished());
}

}  // namespace
}  // namespace inlay
