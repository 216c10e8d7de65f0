// Admission: concurrency and rate hold over all workers, and what ends, or dies, gives its place back.
#include "registry/admission.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace inlay::registry {
namespace {

constexpr uint64_t kNow = 5'000'000'000, kSecond = 1'000'000'000;

class AdmissionTest : public testing::Test {
  protected:
    AdmissionTest() { function_.record.name = "f"; }

    bool admits(Admission& worker, uint64_t now_ns = kNow) {
        auto admitted = worker.admit(function_, now_ns);
        if (!admitted.ok()) {
            EXPECT_EQ(admitted.error().code, Errc::function_over_limit);
            refusal_ = admitted.error().detail;
            return false;
        }
        under_way_.push_back(std::move(admitted).value());
        return true;
    }
    // How many begin at this time, one after the other and each over at once.
    int begun(Admission& worker, uint64_t now_ns) {
        int count = 0;
        for (; admits(worker, now_ns) && count < 1000; count++) under_way_.clear();
        return count;
    }

    SharedMemory memory_ = SharedMemory::open(SharedMemory::create_file().value().get()).value();
    Function function_;
    Admission first_{memory_.state(), 0, 2}, second_{memory_.state(), 1, 2};
    std::vector<InFlight> under_way_;
    std::string refusal_;
};

TEST_F(AdmissionTest, AsManyAreUnderWayInAllWorkersAsTheFunctionsConcurrency) {
    function_.record.limits.concurrency = 3;
    EXPECT_TRUE(admits(first_) && admits(second_) && admits(first_));
    EXPECT_FALSE(admits(second_) || admits(first_));
    EXPECT_EQ(refusal_, "function \"f\" has 3 invocations under way, its concurrency: retry later, or deploy it with --limit concurrency=N");
    under_way_.erase(under_way_.begin() + 1);
    EXPECT_TRUE(admits(first_)) << "what has ended gives its place back, also to another worker";
    EXPECT_FALSE(admits(first_));
    EXPECT_EQ(first_.account_of(function_).invocations.load() + second_.account_of(function_).invocations.load(), 4u);
    EXPECT_EQ(first_.account_of(function_).refused.load() + second_.account_of(function_).refused.load(), 3u);
}

TEST_F(AdmissionTest, OneFunctionsLimitIsNotAnothers) {
    function_.record.limits.concurrency = 1;
    EXPECT_TRUE(admits(first_));
    function_.account = 1;
    EXPECT_TRUE(admits(first_));
    EXPECT_FALSE(admits(first_));
}

TEST_F(AdmissionTest, InASecondAsManyBeginInAllWorkersAsTheFunctionsRate) {
    function_.record.limits.rate = 10;
    EXPECT_EQ(begun(first_, kNow), 10) << "a bucket's worth at once";
    EXPECT_EQ(begun(second_, kNow), 0);
    EXPECT_NE(refusal_.find("has 10 invocations begun within a second, its rate"), std::string::npos) << refusal_;
    EXPECT_EQ(begun(second_, kNow + kSecond / 10 - 1), 0);
    EXPECT_EQ(begun(second_, kNow + kSecond / 10), 1) << "and from then on one by one";
    EXPECT_EQ(begun(first_, kNow + kSecond / 2), 4);
    EXPECT_EQ(begun(first_, kNow + 100 * kSecond), 10) << "no more than one bucket is saved up";
}

TEST_F(AdmissionTest, ARateOfOneLetsOneBeginEachSecond) {
    function_.record.limits.rate = 1;
    for (uint64_t second = 0; second < 3; second++) EXPECT_EQ(begun(first_, kNow + second * kSecond), 1);
}

TEST_F(AdmissionTest, ThatIsRefusedAtItsRateTakesNoPlace) {
    function_.record.limits.rate = 1;
    EXPECT_TRUE(admits(first_));
    EXPECT_FALSE(admits(first_));
    under_way_.clear();
    EXPECT_EQ(first_.account_of(function_).in_flight.load(), 0u);
}

}  // namespace
}  // namespace inlay::registry
