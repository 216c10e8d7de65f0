/* Tables of a FlatBuffer that anybody may have written, as inlay_arrow.h needs them.
 *
 * A position is an offset from the beginning of the buffer; 0 is none, because there the root's offset lies. What does not lie
 * inside the buffer sets `is_damaged` and reads as 0 or as none: a reader looks at that once, before it uses what it has read.
 * Nothing is aligned for sure. Numbers are little-endian, as those of the machine are (wasm32, x86-64, AArch64).
 *
 *     table:   i32 distance back to its vtable | fields
 *     vtable:  u16 its size | u16 size of the table | u16 for each field: its offset in the table, 0: absent
 *     vector:  u32 count | elements           strings are vectors of bytes
 */
#ifndef INLAY_FLAT_H
#define INLAY_FLAT_H

#include <stdint.h>

typedef struct inlay_flat {
    const uint8_t* data;
    uint64_t size;
    uint32_t is_damaged;
} inlay_flat;

typedef struct inlay_flat_table {
    uint64_t at; /* 0: there is none, and all its fields are absent */
    uint64_t vtable;
    uint32_t vtable_size;
    uint32_t size;
} inlay_flat_table;

typedef struct inlay_flat_vector {
    uint64_t at; /* of the first element */
    uint32_t count;
} inlay_flat_vector;

static inline int32_t inlay_flat_equal(const uint8_t* bytes, const char* text, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        if (bytes[i] != (uint8_t)text[i]) return 0;
    }
    return 1;
}

static inline int32_t inlay_flat_holds(inlay_flat* flat, uint64_t at, uint64_t size) {
    if (at <= flat->size && size <= flat->size - at) return 1;
    flat->is_damaged = 1;
    return 0;
}

static inline uint32_t inlay_flat_u16(inlay_flat* flat, uint64_t at) {
    uint16_t value = 0;
    if (inlay_flat_holds(flat, at, sizeof value)) __builtin_memcpy(&value, flat->data + at, sizeof value);
    return value;
}

static inline uint32_t inlay_flat_u32(inlay_flat* flat, uint64_t at) {
    uint32_t value = 0;
    if (inlay_flat_holds(flat, at, sizeof value)) __builtin_memcpy(&value, flat->data + at, sizeof value);
    return value;
}

static inline uint64_t inlay_flat_u64(inlay_flat* flat, uint64_t at) {
    uint64_t value = 0;
    if (inlay_flat_holds(flat, at, sizeof value)) __builtin_memcpy(&value, flat->data + at, sizeof value);
    return value;
}

/* The table that begins there. */
static inline inlay_flat_table inlay_flat_table_at(inlay_flat* flat, uint64_t at) {
    inlay_flat_table table = {0, 0, 0, 0};
    if (at == 0) return table;
    /* A distance that leads before the beginning wraps to a position beyond the end. */
    uint64_t vtable = at - (uint64_t)(int64_t)(int32_t)inlay_flat_u32(flat, at);
    uint32_t vtable_size = inlay_flat_u16(flat, vtable);
    if (!inlay_flat_holds(flat, vtable, 4)) return table;
    uint32_t size = inlay_flat_u16(flat, vtable + 2);
    if (vtable_size < 4 || size < 4) flat->is_damaged = 1;
    if (!inlay_flat_holds(flat, vtable, vtable_size) || !inlay_flat_holds(flat, at, size) || flat->is_damaged) return table;
    table.at = at;
    table.vtable = vtable;
    table.vtable_size = vtable_size;
    table.size = size;
    return table;
}

/* Where a field of so many bytes lies; 0: it is absent. */
static inline uint64_t inlay_flat_field(inlay_flat* flat, const inlay_flat_table* table, uint32_t number, uint32_t bytes) {
    uint32_t slot = 4 + 2 * number;
    if (slot + 2 > table->vtable_size) return 0;
    uint32_t offset = inlay_flat_u16(flat, table->vtable + slot);
    if (offset == 0) return 0;
    if (offset < 4 || offset + bytes > table->size) {
        flat->is_damaged = 1;
        return 0;
    }
    return table->at + offset;
}

/* Where the offset that lies there leads; 0 leads to 0. */
static inline uint64_t inlay_flat_follow(inlay_flat* flat, uint64_t at) {
    if (at == 0) return 0;
    uint64_t target = at + inlay_flat_u32(flat, at);
    return inlay_flat_holds(flat, target, 4) ? target : 0;
}

static inline inlay_flat_table inlay_flat_root(inlay_flat* flat) {
    uint64_t at = inlay_flat_u32(flat, 0);
    if (at == 0) flat->is_damaged = 1;
    return inlay_flat_table_at(flat, at);
}

/* ---- fields of tables: numbers are 0 where they are absent ---------------------------------------------------------- */

static inline uint32_t inlay_flat_u8_in(inlay_flat* flat, const inlay_flat_table* table, uint32_t number) {
    uint64_t at = inlay_flat_field(flat, table, number, 1);
    return at != 0 ? flat->data[at] : 0; /* inside: the table is */
}

static inline uint32_t inlay_flat_u16_in(inlay_flat* flat, const inlay_flat_table* table, uint32_t number) {
    uint64_t at = inlay_flat_field(flat, table, number, 2);
    return at != 0 ? inlay_flat_u16(flat, at) : 0;
}

static inline uint32_t inlay_flat_u32_in(inlay_flat* flat, const inlay_flat_table* table, uint32_t number) {
    uint64_t at = inlay_flat_field(flat, table, number, 4);
    return at != 0 ? inlay_flat_u32(flat, at) : 0;
}

static inline uint64_t inlay_flat_u64_in(inlay_flat* flat, const inlay_flat_table* table, uint32_t number) {
    uint64_t at = inlay_flat_field(flat, table, number, 8);
    return at != 0 ? inlay_flat_u64(flat, at) : 0;
}

static inline inlay_flat_table inlay_flat_table_in(inlay_flat* flat, const inlay_flat_table* table, uint32_t number) {
    return inlay_flat_table_at(flat, inlay_flat_follow(flat, inlay_flat_field(flat, table, number, 4)));
}

/* A vector whose elements have so many bytes; empty where it is absent. */
static inline inlay_flat_vector inlay_flat_vector_in(inlay_flat* flat, const inlay_flat_table* table, uint32_t number,
                                                     uint32_t element_bytes) {
    inlay_flat_vector vector = {0, 0};
    uint64_t at = inlay_flat_follow(flat, inlay_flat_field(flat, table, number, 4));
    if (at == 0) return vector;
    uint32_t count = inlay_flat_u32(flat, at);
    if (!inlay_flat_holds(flat, at + 4, (uint64_t)count * element_bytes)) return vector;
    vector.at = at + 4;
    vector.count = count;
    return vector;
}

#endif
