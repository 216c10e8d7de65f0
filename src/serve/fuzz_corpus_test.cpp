// The committed corpora of the readers of text.
#include <gtest/gtest.h>

#include <string_view>

#include "../../fuzz/byte_range.hpp"
#include "../../fuzz/chunk_decoder.hpp"
#include "../../fuzz/corpus.hpp"
#include "../../fuzz/query.hpp"
#include "../../fuzz/request_head.hpp"

namespace inlay {
namespace {

using std::string_view_literals::operator""sv;

// Bytes that mean something to some reader.
constexpr std::string_view kTellingBytes = "\r\n\t :;,=&%+-/?#*\"\\[09aFgZ\x01\x7f\x80\xff\0"sv;

TEST(FuzzCorpus, HoldsForTheHeadReader) { fuzz::run_corpus("request_head", kTellingBytes, fuzz::request_head::one_input); }
TEST(FuzzCorpus, HoldsForTheChunkDecoder) { fuzz::run_corpus("chunk_decoder", kTellingBytes, fuzz::chunk_decoder::one_input); }
TEST(FuzzCorpus, HoldsForQueries) { fuzz::run_corpus("query", kTellingBytes, fuzz::query::one_input); }
TEST(FuzzCorpus, HoldsForByteRanges) { fuzz::run_corpus("byte_range", kTellingBytes, fuzz::byte_range::one_input); }

}  // namespace
}  // namespace inlay
