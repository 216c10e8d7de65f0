/* Sums one column of an Arrow IPC file where it lies; nulls do not count.
 *
 * Of a file with large batches only the pages of this column are brought in from disk: the whole of it is mapped for random access,
 * and what is long of the column once more, piece by piece, to be read in at a stretch.
 *
 * Whole numbers are summed modulo 2^64. The sum of floats must not depend on the language or the machine, and yet be fast: eight
 * sums go side by side. Sum k adds, in order, the rows of each batch whose number in that batch is k modulo 8; then
 * ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
 */
#include "inlay_arrow.h"
#include "inlay_double.h"

enum { LANES = 8, ROUND = 32, COLUMN_BYTES_MAX = 1024 };
/* Below this size of a batch, reading all of the file costs no more than seeking in it. */
#define BATCH_BYTES_MIN (4u << 20)
#define PIECE_BYTES_MIN (256u << 10)
#define PIECE_ROWS_MAX (8u << 20)


typedef struct sums {
    uint64_t whole[LANES];
    double floats[LANES];
} sums;

/* Adds a chunk to the lanes. Without nulls 32 rows a round: the host's deadline check costs as much as 64 bytes of them. A null
 * adds 0, which changes no sum: none of them is ever -0. */
#define DEFINE_ADD(name, type, wide, lanes)                                                              \
    static void name(const inlay_arrow_chunk* chunk, sums* total) {                                      \
        const uint8_t* at = chunk->values;                                                               \
        const uint64_t full = chunk->rows - chunk->rows % LANES;                                         \
        uint64_t row = 0;                                                                                \
        type values[LANES];                                                                              \
        wide sum[LANES];                                                                                 \
        for (int k = 0; k < LANES; k++) sum[k] = total->lanes[k];                                        \
        for (; chunk->validity == 0 && full - row >= ROUND; row += ROUND) {                              \
            for (int i = 0; i < ROUND; i += LANES, at += sizeof values) {                                \
                __builtin_memcpy(values, at, sizeof values);                                             \
                for (int k = 0; k < LANES; k++) sum[k] += (wide)values[k];                               \
            }                                                                                            \
        }                                                                                                \
        for (; row < full; row += LANES, at += sizeof values) {                                          \
            uint32_t valid = chunk->validity == 0 ? 0xff : chunk->validity[row / LANES];                 \
            __builtin_memcpy(values, at, sizeof values);                                                 \
            for (int k = 0; k < LANES; k++) sum[k] += (valid >> k & 1) != 0 ? (wide)values[k] : 0;       \
        }                                                                                                \
        for (uint32_t k = 0; k < chunk->rows % LANES; k++, at += sizeof(type)) {                         \
            __builtin_memcpy(values, at, sizeof(type));                                                  \
            if (chunk->validity == 0 || (chunk->validity[row / LANES] >> k & 1) != 0) sum[k] += (wide)values[0]; \
        }                                                                                                \
        for (int k = 0; k < LANES; k++) total->lanes[k] = sum[k];                                        \
    }

DEFINE_ADD(add_i8, int8_t, uint64_t, whole)
DEFINE_ADD(add_i16, int16_t, uint64_t, whole)
DEFINE_ADD(add_i32, int32_t, uint64_t, whole)
DEFINE_ADD(add_64, uint64_t, uint64_t, whole)
DEFINE_ADD(add_u8, uint8_t, uint64_t, whole)
DEFINE_ADD(add_u16, uint16_t, uint64_t, whole)
DEFINE_ADD(add_u32, uint32_t, uint64_t, whole)
DEFINE_ADD(add_f32, float, double, floats)
DEFINE_ADD(add_f64, double, double, floats)

static void add(const inlay_arrow_column* column, const inlay_arrow_chunk* chunk, sums* total) {
    int is_signed = column->kind == INLAY_ARROW_SIGNED;
    if (column->kind == INLAY_ARROW_FLOAT) {
        column->value_bytes == 4 ? add_f32(chunk, total) : add_f64(chunk, total);
        return;
    }
    switch (column->value_bytes) {
        case 1: is_signed ? add_i8(chunk, total) : add_u8(chunk, total); break;
        case 2: is_signed ? add_i16(chunk, total) : add_u16(chunk, total); break;
        case 4: is_signed ? add_i32(chunk, total) : add_u32(chunk, total); break;
        default: add_64(chunk, total);
    }
}

static int32_t respond_sum(uint32_t kind, const sums* total) {
    static char line[32];
    inlay_text text = {line, sizeof line, 0, 0};
    const double* f = total->floats;
    uint64_t whole = 0;
    for (int k = 0; k < LANES; k++) whole += total->whole[k];
    if (kind == INLAY_ARROW_FLOAT) {
        inlay_text_add_double(&text, ((f[0] + f[4]) + (f[2] + f[6])) + ((f[1] + f[5]) + (f[3] + f[7])));
    } else if (kind == INLAY_ARROW_SIGNED && whole >> 63 != 0) {
        inlay_text_add_byte(&text, '-');
        inlay_text_add_u64(&text, -whole);
    } else {
        inlay_text_add_u64(&text, whole);
    }
    inlay_text_add_byte(&text, '\n');
    return inlay_respond_bytes("text/plain", text.data, text.size);
}

static int32_t fail_arrow(int32_t code, const char* column, uint32_t length) {
    static char line[COLUMN_BYTES_MAX + 256];
    inlay_text text = {line, sizeof line, 0, 0};
    inlay_text_add(&text, code <= INLAY_ARROW_E_NO_COLUMN ? "column=" : "the file");
    if (code <= INLAY_ARROW_E_NO_COLUMN) inlay_text_add_bytes(&text, column, length);
    inlay_text_add(&text, ": ");
    inlay_text_add(&text, inlay_arrow_words_of(code));
    inlay_text_add_byte(&text, '\n');
    int32_t status = inlay_status(422);
    return status < 0 ? status : inlay_respond_bytes("text/plain", text.data, text.size);
}

/* Adds a chunk to the sums, by windows of its own where it is long. */
static void add_by_pieces(const inlay_source* source, const inlay_arrow_column* column, inlay_arrow_chunk chunk, sums* total) {
    uint64_t rows = chunk.rows;
    for (; rows != 0; rows -= chunk.rows) {
        inlay_view view = {0, 0};
        const uint8_t* values = chunk.values;
        chunk.rows = rows < PIECE_ROWS_MAX ? rows : PIECE_ROWS_MAX;
        uint64_t bytes = chunk.rows * column->value_bytes;
        /* Where there is no room for one more window, the bytes are seen in the first. */
        if (bytes >= PIECE_BYTES_MIN) inlay_map_view(source, (uint64_t)(values - column->file->data), bytes, 0, &view);
        if (view.data != 0) chunk.values = view.data;
        add(column, &chunk, total);
        if (view.data != 0) inlay_unmap(inlay_address_of(view.data));
        chunk.values = values + bytes;
        if (chunk.validity != 0) chunk.validity += chunk.rows / LANES;
    }
}

/* Maps the whole input, for random access where its batches are large. Returns 0. Errors: those of inlay_map. */
static int32_t map_file(const inlay_source* source, inlay_view* view) {
    inlay_arrow_file file;
    uint32_t flags = source->size < BATCH_BYTES_MIN ? 0 : INLAY_MAP_RANDOM;
    int32_t code = inlay_map_view(source, 0, INLAY_REST, flags, view);
    if (code < 0 || flags == 0) return code;
    code = inlay_arrow_open(&file, view->data, view->size);
    if (code < 0 || view->size / BATCH_BYTES_MIN >= file.batches.count) return 0; /* who opens it again is told of an error */
    inlay_unmap(inlay_address_of(view->data));
    return inlay_map_view(source, 0, INLAY_REST, 0, view);
}

INLAY_FUNCTION {
    static char name[COLUMN_BYTES_MAX];
    sums total = {{0}, {0}};
    inlay_source source;
    inlay_view view;
    inlay_arrow_file file;
    inlay_arrow_column column;
    inlay_arrow_chunk chunk;
    int32_t length = inlay_parameter("column", name, sizeof name);
    if (length == INLAY_E_ABSENT) return inlay_fail(400, "column: this parameter is needed");
    if (length < 0) return inlay_fail_parameter(length, "column");
    int32_t code = inlay_input_source(&source);
    if (code >= 0) code = map_file(&source, &view);
    if (code < 0) return inlay_fail_parameter(code, "object");

    code = inlay_arrow_open(&file, view.data, view.size);
    if (code == 0) code = inlay_arrow_find(&file, name, (uint32_t)length, &column);
    while (code >= 0 && (code = inlay_arrow_next(&column, &chunk)) > 0) add_by_pieces(&source, &column, chunk, &total);
    if (code < 0) return fail_arrow(code, name, (uint32_t)length);
    return respond_sum(column.kind, &total);
}
