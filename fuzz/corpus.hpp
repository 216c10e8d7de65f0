// For tests: a committed corpus, its prefixes and its one-byte mutations, through the properties that the fuzzers check.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

namespace inlay::fuzz {

using OneInput = void (*)(std::span<const uint8_t>);

inline std::filesystem::path corpus_of(std::string_view reader) {
    return std::filesystem::path(__FILE__).parent_path() / "corpus" / reader;
}

inline std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void run_prefixes_and_mutations(std::vector<uint8_t> bytes, std::string_view telling_bytes, OneInput one_input) {
    for (size_t size = 0; size <= bytes.size(); size++) {
        // A vector of that very size: AddressSanitizer sees a read past its end.
        const std::vector<uint8_t> prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        one_input(prefix);
    }
    for (auto& byte : bytes) {
        const auto original = byte;
        for (char c : telling_bytes) {
            byte = static_cast<uint8_t>(c);
            one_input(bytes);
        }
        byte = original;
    }
}

// `telling_bytes`: those that mean something to the reader.
inline void run_corpus(std::string_view reader, std::string_view telling_bytes, OneInput one_input) {
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(corpus_of(reader))) {
        run_prefixes_and_mutations(read_bytes(entry.path()), telling_bytes, one_input);
        files++;
    }
    EXPECT_GE(files, 10u) << corpus_of(reader);
}

}  // namespace inlay::fuzz
