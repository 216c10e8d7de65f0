// Formats and reads version ids.
#include "store/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "os/process.hpp"

namespace inlay::store {
namespace {

constexpr size_t kEpochBytes = 8;

uint32_t random_number() {
    uint32_t number = 0;
    os::fill_random(&number, sizeof number);
    return number;
}

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

VersionSource::VersionSource(uint32_t epoch) : epoch_(epoch), random_(random_number()) {}

std::string VersionSource::next() {
    return fmt::format("{:08x}{:08x}{:016x}", epoch_, random_, counter_.fetch_add(1, std::memory_order_relaxed));
}

bool is_version(std::string_view text) noexcept {
    return text.size() == kVersionBytes && std::all_of(text.begin(), text.end(), is_hex_digit);
}

uint32_t epoch_of(std::string_view version) {
    INLAY_CHECK(is_version(version));
    uint32_t epoch = 0;
    std::from_chars(version.data(), version.data() + kEpochBytes, epoch, 16);
    return epoch;
}

}  // namespace inlay::store
