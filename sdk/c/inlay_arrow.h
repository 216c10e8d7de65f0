/* Columns of an Arrow IPC file, seen where they lie: a reader of the format's footer and record batches.
 *
 *     inlay_arrow_file file;
 *     inlay_arrow_column column;
 *     inlay_arrow_chunk chunk;
 *     int32_t code = inlay_arrow_open(&file, data, size);
 *     if (code == 0) code = inlay_arrow_find(&file, "price", 5, &column);
 *     while (code >= 0 && (code = inlay_arrow_next(&column, &chunk)) > 0) use(chunk);
 *
 * Read are whole numbers and floats of 8 to 64 bits, uncompressed, little-endian, of metadata version 4 or 5. Nothing is copied
 * or allocated; only the footer, the batches' heads and what the caller looks at are touched. Header-only C11 without libc.
 *
 * The bytes may be anybody's: each offset and length is checked before it is followed, and the work is bounded by the size of
 * the file (INLAY_ARROW_FIELDS_MAX, INLAY_ARROW_DEPTH_MAX, and no more bytes in heads and chunks than there are). Values need not be
 * aligned: load them with __builtin_memcpy.
 *
 * The format: https://arrow.apache.org/docs/format/Columnar.html, with File.fbs, Message.fbs and Schema.fbs beside it.
 *
 *     "ARROW1" 0 0 | ... batches, each: head, body ... | footer | i32 size of the footer | "ARROW1"
 */
#ifndef INLAY_ARROW_H
#define INLAY_ARROW_H

#include "inlay_flat.h"

#define INLAY_ARROW_FIELDS_MAX 65536
#define INLAY_ARROW_DEPTH_MAX 64

enum inlay_arrow_error {
    INLAY_ARROW_E_NOT_A_FILE = -1,
    INLAY_ARROW_E_BIG_ENDIAN = -2,
    INLAY_ARROW_E_DAMAGED = -3,
    INLAY_ARROW_E_COMPRESSED = -4,
    INLAY_ARROW_E_LIMIT = -5,
    INLAY_ARROW_E_NO_COLUMN = -6, /* this and what follows is about the column */
    INLAY_ARROW_E_TYPE = -7
};

enum inlay_arrow_kind { INLAY_ARROW_SIGNED = 1, INLAY_ARROW_UNSIGNED = 2, INLAY_ARROW_FLOAT = 3 };

typedef struct inlay_arrow_file {
    const uint8_t* data;
    uint64_t size;
    inlay_flat footer;
    inlay_flat_vector fields;  /* of tables */
    inlay_flat_vector batches; /* of blocks: i64 offset, i32 size of the head, 4 bytes of nothing, i64 size of the body */
    uint32_t version;          /* of the metadata, as it is written: 3 is version 4 */
} inlay_arrow_file;

/* A column, and how far inlay_arrow_next has come in it. */
typedef struct inlay_arrow_column {
    const inlay_arrow_file* file;
    uint32_t kind;        /* inlay_arrow_kind */
    uint32_t value_bytes; /* 1, 2, 4 or 8 */
    uint32_t node;        /* its place among the nodes of a batch, */
    uint32_t buffer;      /* of its validity among the buffers, where views have no buffers of their own, */
    uint32_t views;       /* and how many columns of views come before it, which do have some */
    uint32_t batch;       /* the next one */
    uint64_t bytes_left;  /* heads and values that can still come: no more than the file has bytes */
} inlay_arrow_column;

/* The column's values in one batch. */
typedef struct inlay_arrow_chunk {
    const uint8_t* values;
    const uint8_t* validity; /* one bit for each row, from the lowest on, 0: null. 0 where no row is null. */
    uint64_t rows;
} inlay_arrow_chunk;

/* What to tell a reader of an error, without a full stop. From NO_COLUMN down it is about the column, else about the file. */
static inline const char* inlay_arrow_words_of(int32_t code) {
    switch (code) {
        case INLAY_ARROW_E_NOT_A_FILE: return "this is not an Arrow IPC file of format version 4 or 5";
        case INLAY_ARROW_E_BIG_ENDIAN: return "it is big-endian, and only little-endian ones are read";
        case INLAY_ARROW_E_COMPRESSED: return "its columns are compressed: write it without compression";
        case INLAY_ARROW_E_LIMIT: return "it has too many columns, or they are nested too deeply";
        case INLAY_ARROW_E_NO_COLUMN: return "the file has no such column";
        case INLAY_ARROW_E_TYPE: return "this is no plain column of whole numbers or floats of 8 to 64 bits";
        default: return "it is damaged: an offset or a length in it does not fit";
    }
}

/* Reads the footer. `file` keeps `data`. Returns 0. Errors: NOT_A_FILE, DAMAGED, BIG_ENDIAN. */
static inline int32_t inlay_arrow_open(inlay_arrow_file* file, const uint8_t* data, uint64_t size) {
    enum { BEGIN_BYTES = 8, END_BYTES = 10, MAGIC_BYTES = 6, V4 = 3, V5 = 4 };
    inlay_flat whole = {data, size, 0};
    file->data = data;
    file->size = size;
    if (size < BEGIN_BYTES + END_BYTES) return INLAY_ARROW_E_NOT_A_FILE;
    if (!inlay_flat_equal(data, "ARROW1", MAGIC_BYTES) || !inlay_flat_equal(data + size - MAGIC_BYTES, "ARROW1", MAGIC_BYTES)) {
        return INLAY_ARROW_E_NOT_A_FILE;
    }
    uint64_t footer_bytes = inlay_flat_u32(&whole, size - END_BYTES);
    if (footer_bytes > size - BEGIN_BYTES - END_BYTES) return INLAY_ARROW_E_DAMAGED;
    inlay_flat flat = {data + size - END_BYTES - footer_bytes, footer_bytes, 0};
    inlay_flat_table footer = inlay_flat_root(&flat);
    inlay_flat_table schema = inlay_flat_table_in(&flat, &footer, 1);
    uint64_t endianness = inlay_flat_u16_in(&flat, &schema, 0);
    file->version = inlay_flat_u16_in(&flat, &footer, 0);
    file->fields = inlay_flat_vector_in(&flat, &schema, 1, 4);
    file->batches = inlay_flat_vector_in(&flat, &footer, 3, 24);
    file->footer = flat;
    if (flat.is_damaged || schema.at == 0) return INLAY_ARROW_E_DAMAGED;
    if (file->version != V4 && file->version != V5) return INLAY_ARROW_E_NOT_A_FILE;
    return endianness == 0 ? 0 : INLAY_ARROW_E_BIG_ENDIAN;
}

/* ---- the schema --------------------------------------------------------------------------------------------------- */

enum inlay_arrow_type { /* of Schema.fbs */
    INLAY_ARROW_TYPE_NULL = 1,
    INLAY_ARROW_TYPE_INT = 2,
    INLAY_ARROW_TYPE_FLOAT = 3,
    INLAY_ARROW_TYPE_UNION = 14,
    INLAY_ARROW_TYPE_LAST = 26
};

/* What fields of one type have in a batch: buffers, and for views more of them, whose number stands in the batch. */
static inline uint32_t inlay_arrow_buffers_of(uint64_t type) {
    static const uint8_t kBuffers[INLAY_ARROW_TYPE_LAST + 1] = {
        0, 0, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 2, 1, 2, 2, 3, 3, 2, 0, 2, 2, 3, 3,
    };
    return kBuffers[type];
}

/* Adds to the column's place what a field and its children have in a batch. Returns 0. Errors: DAMAGED, LIMIT. */
static inline int32_t inlay_arrow_pass(inlay_arrow_column* column, inlay_flat* flat, const inlay_flat_table* field,
                                       uint32_t depth) {
    enum { BINARY_VIEW = 23, UTF8_VIEW = 24, DENSE = 1 };
    inlay_flat_table dictionary = inlay_flat_table_in(flat, field, 4);
    uint64_t type = inlay_flat_u8_in(flat, field, 2);
    if (flat->is_damaged || type == 0 || type > INLAY_ARROW_TYPE_LAST) return INLAY_ARROW_E_DAMAGED;
    if (depth > INLAY_ARROW_DEPTH_MAX || ++column->node > INLAY_ARROW_FIELDS_MAX) return INLAY_ARROW_E_LIMIT;
    if (dictionary.at != 0) { /* its indexes; the children are those of the dictionary */
        column->buffer += 2;
        return 0;
    }
    column->buffer += inlay_arrow_buffers_of(type);
    column->views += type == BINARY_VIEW || type == UTF8_VIEW;
    if (type == INLAY_ARROW_TYPE_UNION) {
        inlay_flat_table kind = inlay_flat_table_in(flat, field, 3);
        column->buffer += inlay_flat_u16_in(flat, &kind, 0) == DENSE;
        column->buffer += column->file->version == 3; /* version 4 has a validity for it */
    }
    inlay_flat_vector children = inlay_flat_vector_in(flat, field, 5, 4);
    for (uint32_t i = 0; i < children.count; i++) {
        inlay_flat_table child = inlay_flat_table_at(flat, inlay_flat_follow(flat, children.at + 4 * (uint64_t)i));
        int32_t code = inlay_arrow_pass(column, flat, &child, depth + 1);
        if (code < 0) return code;
    }
    return flat->is_damaged ? INLAY_ARROW_E_DAMAGED : 0;
}

/* Reads the column's type. Returns 0. Errors: DAMAGED, TYPE. */
static inline int32_t inlay_arrow_read_type(inlay_arrow_column* column, inlay_flat* flat, const inlay_flat_table* field) {
    inlay_flat_table dictionary = inlay_flat_table_in(flat, field, 4);
    inlay_flat_table type = inlay_flat_table_in(flat, field, 3);
    uint64_t number = inlay_flat_u8_in(flat, field, 2);
    uint64_t bits = 0;
    if (number == INLAY_ARROW_TYPE_INT) {
        bits = inlay_flat_u32_in(flat, &type, 0);
        column->kind = inlay_flat_u8_in(flat, &type, 1) != 0 ? INLAY_ARROW_SIGNED : INLAY_ARROW_UNSIGNED;
    } else if (number == INLAY_ARROW_TYPE_FLOAT) {
        uint64_t precision = inlay_flat_u16_in(flat, &type, 0); /* 0: half, 1: single, 2: double */
        bits = precision == 1 || precision == 2 ? 32 * precision : 0;
        column->kind = INLAY_ARROW_FLOAT;
    }
    column->value_bytes = (uint32_t)bits / 8;
    if (flat->is_damaged) return INLAY_ARROW_E_DAMAGED;
    if (dictionary.at != 0) return INLAY_ARROW_E_TYPE;
    return bits == 8 || bits == 16 || bits == 32 || bits == 64 ? 0 : INLAY_ARROW_E_TYPE;
}

/* Finds the first column of that name. It keeps `file`. Returns 0. Errors: NO_COLUMN, TYPE, DAMAGED, LIMIT. */
static inline int32_t inlay_arrow_find(const inlay_arrow_file* file, const char* name, uint32_t length,
                                       inlay_arrow_column* column) {
    inlay_flat flat = file->footer;
    inlay_arrow_column none = {file, 0, 0, 0, 0, 0, 0, file->size};
    *column = none;
    for (uint32_t i = 0; i < file->fields.count; i++) {
        inlay_flat_table field = inlay_flat_table_at(&flat, inlay_flat_follow(&flat, file->fields.at + 4 * (uint64_t)i));
        inlay_flat_vector called = inlay_flat_vector_in(&flat, &field, 0, 1);
        if (flat.is_damaged) return INLAY_ARROW_E_DAMAGED;
        if (called.count == length && inlay_flat_equal(flat.data + called.at, name, length)) {
            return inlay_arrow_read_type(column, &flat, &field);
        }
        int32_t code = inlay_arrow_pass(column, &flat, &field, 1);
        if (code < 0) return code;
    }
    return INLAY_ARROW_E_NO_COLUMN;
}

/* ---- record batches ----------------------------------------------------------------------------------------------- */

/* One batch's head and body. */
typedef struct inlay_arrow_batch {
    inlay_flat head;
    inlay_flat_table table;
    const uint8_t* body;
    uint64_t body_bytes;
} inlay_arrow_batch;

/* Reads where the column's next batch lies. Returns 0. Errors: DAMAGED, COMPRESSED. */
static inline int32_t inlay_arrow_batch_at(const inlay_arrow_column* column, inlay_arrow_batch* batch) {
    enum { BLOCK_BYTES = 24, RECORD_BATCH = 3 };
    const inlay_arrow_file* file = column->file;
    inlay_flat footer = file->footer, whole = {file->data, file->size, 0};
    uint64_t block = file->batches.at + BLOCK_BYTES * (uint64_t)column->batch;
    uint64_t offset = inlay_flat_u64(&footer, block), head_bytes = inlay_flat_u32(&footer, block + 8);
    batch->body_bytes = inlay_flat_u64(&footer, block + 16);
    if (offset > file->size || head_bytes > file->size - offset) return INLAY_ARROW_E_DAMAGED;
    if (batch->body_bytes > file->size - offset - head_bytes) return INLAY_ARROW_E_DAMAGED;
    batch->body = file->data + offset + head_bytes;
    /* Since 0.15 of Arrow a head begins with ff ff ff ff. */
    uint64_t size = inlay_flat_u32(&whole, offset);
    uint64_t prefix_bytes = size == UINT32_MAX ? 8 : 4;
    if (prefix_bytes == 8) size = inlay_flat_u32(&whole, offset + 4);
    if (whole.is_damaged || head_bytes < prefix_bytes || size > head_bytes - prefix_bytes) return INLAY_ARROW_E_DAMAGED;
    inlay_flat head = {file->data + offset + prefix_bytes, size, 0};
    inlay_flat_table message = inlay_flat_root(&head);
    uint64_t kind = inlay_flat_u8_in(&head, &message, 1);
    batch->table = inlay_flat_table_in(&head, &message, 2);
    inlay_flat_table compression = inlay_flat_table_in(&head, &batch->table, 3);
    batch->head = head;
    if (head.is_damaged || batch->table.at == 0 || kind != RECORD_BATCH) return INLAY_ARROW_E_DAMAGED;
    return compression.at == 0 ? 0 : INLAY_ARROW_E_COMPRESSED;
}

/* The bytes of a buffer, of which `need` are wanted; 0: it has not got them. */
static inline const uint8_t* inlay_arrow_buffer(inlay_arrow_batch* batch, uint64_t number, uint64_t need) {
    inlay_flat_vector buffers = inlay_flat_vector_in(&batch->head, &batch->table, 2, 16);
    if (number >= buffers.count) return 0;
    uint64_t offset = inlay_flat_u64(&batch->head, buffers.at + 16 * number);
    uint64_t length = inlay_flat_u64(&batch->head, buffers.at + 16 * number + 8);
    if (offset > batch->body_bytes || length > batch->body_bytes - offset || need > length) return 0;
    return batch->body + offset;
}

/* How many buffers the columns of views before the column have besides their two. */
static inline uint64_t inlay_arrow_view_buffers(inlay_arrow_batch* batch, uint32_t views) {
    uint64_t buffers = 0;
    if (views == 0) return 0;
    inlay_flat_vector counts = inlay_flat_vector_in(&batch->head, &batch->table, 4, 8);
    if (counts.count < views) batch->head.is_damaged = 1;
    for (uint32_t i = 0; i < views && i < counts.count; i++) {
        uint64_t count = inlay_flat_u64(&batch->head, counts.at + 8 * (uint64_t)i);
        if (count > batch->head.size) batch->head.is_damaged = 1; /* a buffer takes 16 bytes there; and no sum overflows */
        buffers += count;
    }
    return buffers;
}

/* Gives the column's values in the next batch that has rows. Returns 1, or 0 when there are no more. Errors: DAMAGED, COMPRESSED. */
static inline int32_t inlay_arrow_next(inlay_arrow_column* column, inlay_arrow_chunk* chunk) {
    chunk->rows = 0;
    for (; chunk->rows == 0; column->batch++) {
        inlay_arrow_batch batch;
        if (column->batch >= column->file->batches.count) return 0;
        int32_t code = inlay_arrow_batch_at(column, &batch);
        if (code < 0) return code;
        inlay_flat_vector nodes = inlay_flat_vector_in(&batch.head, &batch.table, 1, 16);
        uint64_t rows = inlay_flat_u64_in(&batch.head, &batch.table, 0);
        uint64_t node = nodes.at + 16 * (uint64_t)column->node;
        uint64_t node_rows = column->node < nodes.count ? inlay_flat_u64(&batch.head, node) : rows + 1;
        uint64_t nulls = column->node < nodes.count ? inlay_flat_u64(&batch.head, node + 8) : 0;
        uint64_t buffer = column->buffer + inlay_arrow_view_buffers(&batch, column->views);
        if (batch.head.is_damaged || node_rows != rows || nulls > rows) return INLAY_ARROW_E_DAMAGED;
        /* Neither heads nor values of different batches overlap: who says so would have the same bytes read for ever. */
        if (batch.head.size > column->bytes_left) return INLAY_ARROW_E_DAMAGED;
        column->bytes_left -= batch.head.size;
        if (rows > column->bytes_left / column->value_bytes) return INLAY_ARROW_E_DAMAGED;
        column->bytes_left -= rows * column->value_bytes;
        chunk->rows = rows;
        if (rows == 0) continue;
        chunk->values = inlay_arrow_buffer(&batch, buffer + 1, rows * column->value_bytes);
        chunk->validity = nulls != 0 ? inlay_arrow_buffer(&batch, buffer, (rows + 7) / 8) : 0;
        if (chunk->values == 0 || (nulls != 0 && chunk->validity == 0)) return INLAY_ARROW_E_DAMAGED;
    }
    return 1;
}

#endif
