// The price of one invocation, as the Inlay-Cost response field states it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inlay::cli {

struct Cost {
    uint64_t mapped_bytes = 0;
    uint64_t copied_bytes = 0;
    uint64_t private_bytes = 0;
    uint64_t instantiate_us = 0;
    uint64_t run_us = 0;

    friend bool operator==(const Cost&, const Cost&) = default;
};

// Reads "mapped=BYTES, copied=BYTES, private=BYTES, instantiate_us=N, run_us=N" (a dictionary of RFC 8941) in any order.
// Members it does not know are passed over; a missing or malformed one of the five makes it nullopt.
std::optional<Cost> parse_cost(std::string_view field);

// "cost: mapped 50,331,648 bytes, copied 0 bytes, private 4,096 bytes, instantiated in 5 us, ran for 20,133 us".
std::string format_cost(const Cost& cost);

}  // namespace inlay::cli
