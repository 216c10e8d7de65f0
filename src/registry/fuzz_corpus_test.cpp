// The committed corpus of pipelines.
#include <gtest/gtest.h>

#include "../../fuzz/corpus.hpp"
#include "../../fuzz/plan.hpp"

namespace inlay {
namespace {

using std::string_view_literals::operator""sv;

TEST(FuzzCorpus, HoldsForPlans) { fuzz::run_corpus("plan", "\0\n\"{]=\x80"sv, fuzz::plan::one_input); }

}  // namespace
}  // namespace inlay
