// Sums one column of an Arrow IPC file where it lies: the same answer as colsum.c, over the C++ face of the reader.
#include "inlay_arrow.hpp"
#include "inlay_double.h"

namespace {

constexpr uint32_t kLanes = 8;
constexpr uint32_t kColumnBytesMax = 1024;

// Sums side by side: row i of a chunk goes to lane i modulo 8. Of Wide: uint64_t, modulo 2^64, or double.
template <typename Wide>
struct Lanes {
    Wide sums[kLanes] = {};

    template <typename T>
    void add(inlay::arrow::Chunk chunk) {
        const inlay::arrow::Values<T> values = chunk.values<T>();
        const uint64_t whole = values.size() - values.size() % kLanes;
        uint64_t row = 0;
        for (; !chunk.has_nulls() && row < whole; row += kLanes) {
            for (uint32_t k = 0; k < kLanes; k++) sums[k] += static_cast<Wide>(values[row + k]);
        }
        for (; row < values.size(); row += kLanes) {
            const uint32_t valid = chunk.valid_bits(row);
            for (uint32_t k = 0; k < kLanes; k++) {
                if ((valid >> k & 1) != 0) sums[k] += static_cast<Wide>(values[row + k]);
            }
        }
    }
    Wide total() const {
        return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    }
};

template <typename T>
struct Sum {
    using Wide = uint64_t;
    static void write(inlay_text& text, uint64_t total) {
        const bool is_negative = static_cast<T>(-1) < 0 && total >> 63 != 0;
        if (is_negative) inlay_text_add_byte(&text, '-');
        inlay_text_add_u64(&text, is_negative ? -total : total);
    }
};

struct FloatSum {
    using Wide = double;
    static void write(inlay_text& text, double total) { inlay_text_add_double(&text, total); }
};
template <>
struct Sum<float> : FloatSum {};
template <>
struct Sum<double> : FloatSum {};

inlay::Answer fail_arrow(int32_t code, inlay::Text name) {
    static char line[kColumnBytesMax + 256];
    inlay_text text = {line, sizeof line, 0, 0};
    if (code > INLAY_ARROW_E_NO_COLUMN) {
        inlay_text_add(&text, "the file: ");
    } else {
        inlay_text_add(&text, "column=");
        inlay_text_add_bytes(&text, name.data(), name.size());
        inlay_text_add(&text, ": ");
    }
    inlay_text_add(&text, inlay_arrow_words_of(code));
    inlay_text_add_byte(&text, '\n');
    inlay_status(422);
    return inlay::respond("text/plain", inlay::Text(text.data, text.size));
}

}  // namespace

INLAY_ANSWER {
    static char name_buffer[kColumnBytesMax];
    static char line[32];
    inlay_text text = {line, sizeof line, 0, 0};
    auto asked = inlay::parameter("column", name_buffer);
    if (asked.error().code == INLAY_E_ABSENT) return inlay::fail(400, "column: this parameter is needed");
    INLAY_TRY(inlay::Text name, asked);
    INLAY_TRY(inlay::Window input, inlay::map_input());

    inlay::arrow::File file(input.bytes());
    inlay::arrow::Column column = file.column(name);
    if (column.error().code < 0) return fail_arrow(column.error().code, name);
    column.visit([&]<typename T>(inlay::arrow::Type<T>) {
        Lanes<typename Sum<T>::Wide> lanes;
        for (inlay::arrow::Chunk chunk : column) lanes.template add<T>(chunk);
        Sum<T>::write(text, lanes.total());
    });
    if (column.error().code < 0) return fail_arrow(column.error().code, name);
    inlay_text_add_byte(&text, '\n');
    return inlay::respond("text/plain", inlay::Text(text.data, text.size));
}
