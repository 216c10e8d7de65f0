// The committed fuzz corpus, its prefixes and its one-byte mutations, through the properties that the fuzzers check.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../../fuzz/byte_range.hpp"
#include "../../fuzz/chunk_decoder.hpp"
#include "../../fuzz/query.hpp"
#include "../../fuzz/request_head.hpp"

namespace inlay {
namespace {

using OneInput = void (*)(std::span<const uint8_t>);

using std::string_view_literals::operator""sv;

// Bytes that mean something to some reader.
constexpr std::string_view kTellingBytes = "\r\n\t :;,=&%+-/?#*\"\\[09aFgZ\x01\x7f\x80\xff\0"sv;

std::filesystem::path corpus_of(std::string_view reader) {
    const auto repository = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    return repository / "fuzz" / "corpus" / reader;
}

std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run_prefixes_and_mutations(std::vector<uint8_t> bytes, OneInput one_input) {
    for (size_t size = 0; size <= bytes.size(); size++) {
        // A vector of that very size: AddressSanitizer sees a read past its end.
        const std::vector<uint8_t> prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        one_input(prefix);
    }
    for (auto& byte : bytes) {
        const auto original = byte;
        for (char c : kTellingBytes) {
            byte = static_cast<uint8_t>(c);
            one_input(bytes);
        }
        byte = original;
    }
}

void run_corpus(std::string_view reader, OneInput one_input) {
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(corpus_of(reader))) {
        run_prefixes_and_mutations(read_bytes(entry.path()), one_input);
        files++;
    }
    EXPECT_GE(files, 10u) << corpus_of(reader);
}

TEST(FuzzCorpus, HoldsForTheHeadReader) { run_corpus("request_head", fuzz::request_head::one_input); }
TEST(FuzzCorpus, HoldsForTheChunkDecoder) { run_corpus("chunk_decoder", fuzz::chunk_decoder::one_input); }
TEST(FuzzCorpus, HoldsForQueries) { run_corpus("query", fuzz::query::one_input); }
TEST(FuzzCorpus, HoldsForByteRanges) { run_corpus("byte_range", fuzz::byte_range::one_input); }

}  // namespace
}  // namespace inlay
