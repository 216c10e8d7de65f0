// Accounts: a function's is its own, counts over all workers, and begins at nothing.
#include "control/accounts.hpp"

#include <gtest/gtest.h>

namespace inlay::control {
namespace {

class AccountsTest : public testing::Test {
  protected:
    void add_cpu(size_t worker, uint32_t account, uint64_t us) {
        registry::FunctionAccount::add(memory_.state().accounts[worker][account].cpu_ns, us * 1000);
    }

    registry::SharedMemory memory_ = registry::SharedMemory::open(registry::SharedMemory::create_file().value().get()).value();
    Accounts accounts_{memory_.state(), 2};
};

TEST_F(AccountsTest, AFunctionKeepsItsOwn) {
    auto first = accounts_.account_of("first"), second = accounts_.account_of("second");
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(accounts_.account_of("first"), first);
}

TEST_F(AccountsTest, UsageIsThatOfAllWorkers) {
    uint32_t account = *accounts_.account_of("f");
    auto& rows = memory_.state().accounts;
    uint64_t value = 1;
    for (size_t worker : {0, 1})
        for (auto* one : {&rows[worker][account].invocations, &rows[worker][account].refused, &rows[worker][account].overruns,
                          &rows[worker][account].in_flight})
            registry::FunctionAccount::add(*one, value++);
    add_cpu(0, account, 30);
    add_cpu(1, account, 12);
    registry::FunctionAccount::add(rows[1][account].lost_ns, 5'999);
    auto usage = accounts_.usage_of("f");
    EXPECT_EQ(usage.invocations, 6u);
    EXPECT_EQ(usage.refused, 8u);
    EXPECT_EQ(usage.overruns, 10u);
    EXPECT_EQ(usage.in_flight, 12u);
    EXPECT_EQ(usage.cpu_us, 42u);
    EXPECT_EQ(usage.lost_us, 5u);
    EXPECT_EQ(accounts_.usage_of("another").cpu_us, 0u);
}

TEST_F(AccountsTest, AnAccountGoesOnToAnotherFunctionLastAndAtNothing) {
    uint32_t account = *accounts_.account_of("old");
    add_cpu(0, account, 30);
    accounts_.forget("old");
    accounts_.forget("old");
    std::optional<uint32_t> given;
    for (size_t i = 0; i < kFunctionsMax; i++) given = accounts_.account_of("f" + std::to_string(i));
    EXPECT_EQ(given, account);
    EXPECT_EQ(accounts_.account_of("one more"), std::nullopt);
    std::string name = "f" + std::to_string(kFunctionsMax - 1);
    EXPECT_EQ(accounts_.usage_of(name).cpu_us, 0u);
    add_cpu(1, account, 4);
    EXPECT_EQ(accounts_.usage_of(name).cpu_us, 4u);
}

TEST_F(AccountsTest, MetricsTellOfThoseThatUsedMost) {
    for (size_t i = 0; i < kMetricFunctionsMax + 2; i++) add_cpu(0, *accounts_.account_of("f" + std::to_string(i)), i);
    auto text = accounts_.metrics();
    auto tells = [&](const std::string& line) { return text.find("\n" + line + "\n") != text.npos; };
    EXPECT_TRUE(tells("inlay_function_cpu_microseconds_total{function=\"f257\"} 257"));
    EXPECT_TRUE(tells("inlay_function_cpu_microseconds_total{function=\"f2\"} 2"));
    EXPECT_EQ(text.find("\"f1\""), text.npos);
    EXPECT_TRUE(tells("# TYPE inlay_function_in_flight gauge"));
}

TEST_F(AccountsTest, TellsWhoHasCalledWhom) {
    uint32_t caller = *accounts_.account_of("caller"), callee = *accounts_.account_of("callee");
    registry::count_edge(memory_.state(), caller, callee, {true, 5'000, 7});
    registry::count_edge(memory_.state(), caller, callee, {false, 5'000, 7});
    const auto text = accounts_.edge_metrics();
    for (auto line : {"inlay_edge_calls_total{caller=\"caller\",callee=\"callee\"} 2\n", "inlay_edge_failed_total{caller=\"caller\",callee=\"callee\"} 1\n",
                      "inlay_edge_cpu_microseconds_total{caller=\"caller\",callee=\"callee\"} 10\n", "inlay_edge_mapped_bytes_total{caller=\"caller\",callee=\"callee\"} 14\n",
                      "inlay_edges_not_counted_total 0\n"})
        EXPECT_NE(text.find(line), text.npos) << line << text;
    EXPECT_EQ(accounts_.forget("callee"), callee);
    EXPECT_EQ(accounts_.edge_metrics().find("callee=\"callee\""), std::string::npos);
}

}  // namespace
}  // namespace inlay::control
