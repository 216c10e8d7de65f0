// The committed corpora of lists of ranges and of paths.
#include <gtest/gtest.h>

#include "../../fuzz/corpus.hpp"
#include "../../fuzz/range_list.hpp"
#include "../../fuzz/wasi_path.hpp"

namespace inlay {
namespace {

using std::string_view_literals::operator""sv;

TEST(FuzzCorpus, HoldsForRangeLists) { fuzz::run_corpus("range_list", "\0\1\7\x7f\x80\xff"sv, fuzz::range_list::one_input); }

TEST(FuzzCorpus, HoldsForPathsOfWasiPrograms) { fuzz::run_corpus("wasi_path", "\0./a\xc3\xff"sv, fuzz::wasi_path::one_input); }

}  // namespace
}  // namespace inlay
