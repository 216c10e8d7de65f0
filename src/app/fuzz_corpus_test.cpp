// The committed corpus of streams: here, because their client is read as a worker does it, and their guests need an engine of their own.
#include <gtest/gtest.h>

#include "../../fuzz/corpus.hpp"
#include "../../fuzz/stream.hpp"

namespace inlay {
namespace {

using std::string_view_literals::operator""sv;

TEST(FuzzCorpus, HoldsForStreams) { fuzz::run_corpus("stream", "\0\7\x29\x80\xff"sv, fuzz::stream::one_input); }

}  // namespace
}  // namespace inlay
