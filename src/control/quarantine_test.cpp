// Who ends too many workers is not run any more; who ends few, or lets time pass, is.
#include "control/quarantine.hpp"

#include <gtest/gtest.h>

namespace inlay::control {
namespace {

constexpr const char* kHow = "signal 11 (Segmentation fault)";

TEST(Quarantine, TheLastCrashThatIsOneTooManyBeginsIt) {
    Quarantine quarantine;
    for (unsigned crash = 1; crash < kCrashesMax; crash++) {
        EXPECT_FALSE(quarantine.note_crash("v", kHow, crash));
        EXPECT_EQ(quarantine.reason("v"), nullptr);
    }
    EXPECT_TRUE(quarantine.note_crash("v", kHow, kCrashesMax));
    ASSERT_NE(quarantine.reason("v"), nullptr);
    EXPECT_NE(quarantine.reason("v")->find("signal 11"), std::string::npos);
}

TEST(Quarantine, OneMoreCrashOfThemDoesNotBeginItAgain) {
    Quarantine quarantine;
    for (unsigned crash = 0; crash < kCrashesMax; crash++) quarantine.note_crash("v", kHow, 1);
    EXPECT_FALSE(quarantine.note_crash("v", "another end", 2));
    EXPECT_EQ(quarantine.reason("v")->find("another"), std::string::npos);
}

TEST(Quarantine, AnotherVersionIsAnother) {
    Quarantine quarantine;
    for (unsigned crash = 0; crash < kCrashesMax; crash++) quarantine.note_crash("v", kHow, 1);
    EXPECT_EQ(quarantine.reason("w"), nullptr);
    EXPECT_FALSE(quarantine.note_crash("w", kHow, 1));
}

TEST(Quarantine, CrashesThatLieFarApartAreForgiven) {
    Quarantine quarantine;
    for (unsigned crash = 0; crash < 5 * kCrashesMax; crash++) EXPECT_FALSE(quarantine.note_crash("v", kHow, crash * (kCrashWindowMs + 1)));
}

TEST(Quarantine, AnyThreeWithinTheTimeCountWhateverCameBefore) {
    Quarantine quarantine;
    EXPECT_FALSE(quarantine.note_crash("v", kHow, 0));
    for (unsigned crash = 1; crash < kCrashesMax; crash++) EXPECT_FALSE(quarantine.note_crash("v", kHow, kCrashWindowMs + crash));
    EXPECT_TRUE(quarantine.note_crash("v", kHow, kCrashWindowMs + 100));
}

TEST(Quarantine, RemembersABoundedNumberAndThoseInQuarantineForLongest) {
    Quarantine quarantine;
    for (unsigned crash = 0; crash < kCrashesMax; crash++) quarantine.note_crash("bad", kHow, 1);
    for (size_t other = 0; other < 2 * kCrashRecordsMax; other++) quarantine.note_crash("v" + std::to_string(other), kHow, 2 + other);
    EXPECT_NE(quarantine.reason("bad"), nullptr);
    // The first of the others were forgotten: their next crash is their first.
    for (unsigned crash = 1; crash < kCrashesMax; crash++) EXPECT_FALSE(quarantine.note_crash("v0", kHow, 3));
}

}  // namespace
}  // namespace inlay::control
