// Metrics: sums over all processes, in the format that Prometheus reads.
#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

namespace inlay {
namespace {

struct Parsed {
    std::map<std::string, std::string> values;  // By name and labels.
    std::map<std::string, int> kinds, helps;    // How often each name has one.
    std::string odd;                            // Lines of no known form.
};

Parsed parse(const std::string& text) {
    Parsed parsed;
    std::istringstream lines(text);
    std::string current;
    for (std::string line; std::getline(lines, line);) {
        size_t space = line.rfind(' ');
        if (line.starts_with("# HELP ")) {
            current = line.substr(7, line.find(' ', 7) - 7);
            parsed.helps[current]++;
        } else if (line.starts_with("# TYPE ")) {
            bool known = line == "# TYPE " + current + " counter" || line == "# TYPE " + current + " gauge";
            known ? void(parsed.kinds[current]++) : void(parsed.odd += line + "\n");
        } else if (line.starts_with(current + " ") || line.starts_with(current + "{")) {
            parsed.values[line.substr(0, space)] = line.substr(space + 1);
        } else {
            parsed.odd += line + "\n";
        }
    }
    return parsed;
}

class MetricsTest : public testing::Test {
  protected:
    std::unique_ptr<std::array<CounterBlock, 3>> blocks_ = std::make_unique<std::array<CounterBlock, 3>>();
    CounterBlock& first_ = (*blocks_)[0];
    CounterBlock& last_ = (*blocks_)[2];
};

TEST_F(MetricsTest, CountersAddAndSubtract) {
    first_.add(Counter::connections_open);
    first_.add(Counter::connections_open, 4);
    first_.subtract(Counter::connections_open, 2);
    EXPECT_EQ(first_.get(Counter::connections_open), 3u);
    first_.clear(Counter::connections_open);
    EXPECT_EQ(first_.get(Counter::connections_open), 0u);
    EXPECT_EQ(last_.get(Counter::connections_open), 0u);
}

TEST_F(MetricsTest, ThreadsLoseNoCount) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([this] {
            for (int n = 0; n < 10'000; n++) first_.add_shared(Counter::bytes_sent);
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(first_.get(Counter::bytes_sent), 40'000u);
}

TEST_F(MetricsTest, TheTextIsTheSumOverAllBlocks) {
    first_.add(Counter::requests_invoke, 5);
    last_.add(Counter::requests_invoke, 6);
    last_.add(Counter::requests_bad, 1);
    auto parsed = parse(format_metrics(*blocks_));
    EXPECT_EQ(parsed.values["inlay_requests_total{kind=\"invoke\"}"], "11");
    EXPECT_EQ(parsed.values["inlay_requests_total{kind=\"bad\"}"], "1");
    EXPECT_EQ(parsed.values["inlay_connections_open"], "0");
    EXPECT_EQ(parse(format_metrics({})).values.size(), parsed.values.size()) << "all of them are there without a block";
}

TEST_F(MetricsTest, EachCounterHasItsRowAndEachNameItsHeader) {
    for (size_t i = 0; i < static_cast<size_t>(Counter::count_); i++) first_.add(static_cast<Counter>(i), 1000 + i);
    auto parsed = parse(format_metrics(*blocks_));
    EXPECT_EQ(parsed.odd, "");
    EXPECT_EQ(parsed.values.size(), static_cast<size_t>(Counter::count_));
    std::set<std::string> sums;
    for (const auto& [name, value] : parsed.values) sums.insert(value);
    EXPECT_EQ(sums.size(), static_cast<size_t>(Counter::count_)) << "no two rows show the same counter";
    for (const auto& [name, count] : parsed.helps) EXPECT_EQ(count, 1) << name << " stands in two places";
    EXPECT_EQ(parsed.kinds, parsed.helps);
    for (const auto& [name, count] : parsed.kinds)
        EXPECT_TRUE(name.ends_with("_open") || name.ends_with("_waiting") || name.ends_with("_total") || name.ends_with("_bytes"))
            << name << ": counters end so";
}

TEST_F(MetricsTest, RowsStandForTheirCounters) {
    first_.add(Counter::commits_total, 1), first_.add(Counter::copied_bytes_heap, 2), first_.add(Counter::responses_5xx, 3);
    auto parsed = parse(format_metrics(*blocks_));
    EXPECT_EQ(parsed.values["inlay_commits_total"], "1");
    EXPECT_EQ(parsed.values["inlay_copied_bytes_total{reason=\"heap\"}"], "2");
    EXPECT_EQ(parsed.values["inlay_responses_total{class=\"5xx\"}"], "3");
}

}  // namespace
}  // namespace inlay
