// Sums the little-endian 64-bit words of its input modulo 2^64, as sum.c does: spans of them in a range of windows.
#include "inlay_windows.hpp"

namespace {

// A piece may begin at any byte.
struct [[gnu::packed]] Word {
    uint64_t value;
};

// The compiler makes vectors of this.
uint64_t sum_of(inlay::Span<const Word> words) {
    uint64_t sum = 0;
    for (const Word& word : words) sum += word.value;
    return sum;
}

}  // namespace

INLAY_ANSWER {
    uint64_t offset = 0, sum = 0;
    INLAY_TRY(inlay::Source source, inlay::Source::input());
    if (inlay_parameter_u64("offset", &offset) < 0) return inlay::Error{INLAY_E_ARGUMENT, "offset"};
    if (offset > source.size()) return inlay::Error{INLAY_E_RANGE, "offset"};
    uint64_t length = source.size() - offset;
    if (inlay_parameter_u64("length", &length) < 0) return inlay::Error{INLAY_E_ARGUMENT, "length"};
    if (length > source.size() - offset) return inlay::Error{INLAY_E_RANGE, "length"};

    // No word is cut: all windows but the last are as long as each other, whole multiples of 2 MiB.
    inlay::Windows windows(source, offset, length);
    for (inlay::Bytes bytes : windows) sum += sum_of({reinterpret_cast<const Word*>(bytes.data()), bytes.size() / uint32_t{sizeof(Word)}});
    if (windows.error().code < 0) return windows.error();
    return inlay::Answer(inlay_respond_u64(sum));
}
