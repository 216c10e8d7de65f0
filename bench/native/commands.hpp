// Answers commands from stdin, one per line, so that a driver can let two running programs take turns.
//
//     -> NAME [NUMBER [NUMBER]]        <- one line; the end of stdin ends the program
//
// A measurement that cannot go on ends the program with what failed: no half figures.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace bench {

[[noreturn]] inline void give_up(const std::string& what) {
    std::cerr << what << ": " << std::strerror(errno) << '\n';
    std::exit(1);
}

inline void require(bool holds, const char* what) {
    if (!holds) give_up(what);
}

inline uint64_t clock_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

inline std::string median_us(std::vector<uint64_t>& values_ns) {
    auto middle = values_ns.begin() + static_cast<ptrdiff_t>(values_ns.size() / 2);
    std::nth_element(values_ns.begin(), middle, values_ns.end());
    return std::to_string(static_cast<double>(*middle) / 1e3);
}

using Command = std::function<std::string(uint64_t first, uint64_t second)>;

inline void serve_commands(const std::map<std::string, Command>& commands) {
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string name;
        uint64_t first = 0, second = 0;
        words >> name >> first >> second;
        auto found = commands.find(name);
        require(found != commands.end(), "unknown command");
        std::cout << found->second(first, second) << std::endl;
    }
}

}  // namespace bench
