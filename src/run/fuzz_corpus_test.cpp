// The committed corpus of lists of ranges.
#include <gtest/gtest.h>

#include "../../fuzz/corpus.hpp"
#include "../../fuzz/range_list.hpp"

namespace inlay {
namespace {

using std::string_view_literals::operator""sv;

TEST(FuzzCorpus, HoldsForRangeLists) { fuzz::run_corpus("range_list", "\0\1\7\x7f\x80\xff"sv, fuzz::range_list::one_input); }

}  // namespace
}  // namespace inlay
