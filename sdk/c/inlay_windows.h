/* Sources of any size, seen piece by piece in constant address space: as windows, as records, as lines.
 *
 *     inlay_windows windows;
 *     inlay_view view;
 *     int32_t code = inlay_windows_begin(&windows, &source, 0, INLAY_REST);
 *     while (code >= 0 && (code = inlay_windows_next(&windows, &view)) > 0) use(view);
 *     if (code < 0) return inlay_fail_parameter(code, "object");
 *
 * One window moves over the source; while a piece is worked on, the next one is read in from disk. A view is valid until
 * the next call. A source that fits one window is mapped once.
 *
 * Windows begin at `begin` and whole multiples of 2 MiB behind it, so that moving one costs a single step of the host, and
 * huge pages serve it. What begins between (a line, a record that the border cut) is seen again from there, with up to
 * 2 MiB before it.
 */
#ifndef INLAY_WINDOWS_H
#define INLAY_WINDOWS_H

#include "inlay_sdk.h"

#define INLAY_WINDOW_BYTES (64u << 20)
#define INLAY_WINDOW_STEP_BYTES (2u << 20)
/* What a window holds of a line or record wherever in it that begins. */
#define INLAY_UNIT_BYTES_MAX (INLAY_WINDOW_BYTES - INLAY_WINDOW_STEP_BYTES)

typedef struct inlay_windows {
    inlay_source source;
    uint64_t begin; /* the piece of the source: [begin, end) */
    uint64_t end;
    uint64_t at;    /* where the next view begins */
    uint32_t unit;  /* bytes that are not cut: all views but the last are multiples of it */
    uint32_t reserved;
    inlay_range window;
} inlay_windows;

/* Begins with records of `record_bytes` each: views are whole records, one after the other; only the last view may end in a
 * part of one. Maps nothing yet. Returns 0. Errors: RANGE, ARGUMENT (no bytes, or more than INLAY_UNIT_BYTES_MAX). */
static inline int32_t inlay_records_begin(inlay_windows* windows, const inlay_source* source, uint64_t offset,
                                          uint64_t length, uint32_t record_bytes) {
    inlay_range none = {0, 0};
    if (offset > source->size) return INLAY_E_RANGE;
    if (length == INLAY_REST) length = source->size - offset;
    if (length > source->size - offset) return INLAY_E_RANGE;
    if (record_bytes == 0 || record_bytes > INLAY_UNIT_BYTES_MAX) return INLAY_E_ARGUMENT;
    windows->source = *source;
    windows->begin = windows->at = offset;
    windows->end = offset + length;
    windows->unit = record_bytes;
    windows->reserved = 0;
    windows->window = none;
    return 0;
}

/* Begins with views of any length. Maps nothing yet. Returns 0. Errors: RANGE. */
static inline int32_t inlay_windows_begin(inlay_windows* windows, const inlay_source* source, uint64_t offset,
                                          uint64_t length) {
    return inlay_records_begin(windows, source, offset, length, 1);
}

/* Takes the window away, if there is one. For who stops early; at the end, and after an error, it has been done. */
static inline void inlay_windows_end(inlay_windows* windows) {
    inlay_range none = {0, 0};
    if (windows->window.length != 0) inlay_unmap(windows->window.address);
    windows->window = none;
}

/* Moves the window to where `at` lies, and asks for what follows it. Returns the offset in it of `at`, or an error of inlay_map. */
static inline int32_t inlay_windows_move(inlay_windows* windows) {
    uint32_t ahead = (uint32_t)((windows->at - windows->begin) % INLAY_WINDOW_STEP_BYTES);
    uint64_t start = windows->at - ahead;
    uint64_t left = windows->end - start;
    uint64_t length = left < INLAY_WINDOW_BYTES ? left : INLAY_WINDOW_BYTES;
    inlay_range none = {0, 0};
    inlay_range old = windows->window;
    windows->window = none;
    int32_t code = old.length != 0 ? inlay_move(old.address, start, length, &windows->window)
                                   : inlay_map(windows->source.id, start, length, 0, &windows->window);
    if (code < 0) return code;
    if (left > length) {
        uint64_t next = left - length < INLAY_WINDOW_BYTES ? left - length : INLAY_WINDOW_BYTES;
        inlay_prefetch(windows->source.id, start + length, next);
    }
    return (int32_t)ahead;
}

/* Gives the next view. Returns 1, or 0 when there are no more. Errors: those of inlay_map. */
static inline int32_t inlay_windows_next(inlay_windows* windows, inlay_view* view) {
    view->data = 0;
    view->size = 0;
    if (windows->at == windows->end) {
        inlay_windows_end(windows);
        return 0;
    }
    int32_t ahead = inlay_windows_move(windows);
    if (ahead < 0) return ahead;
    view->data = (const uint8_t*)(uintptr_t)windows->window.address + ahead;
    view->size = windows->window.length - (uint32_t)ahead;
    if (view->size != windows->end - windows->at) view->size -= view->size % windows->unit;
    windows->at += view->size;
    return 1;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

/*     inlay_lines lines;
 *     inlay_view line;
 *     int32_t code = inlay_lines_begin(&lines, &source, 0, INLAY_REST);
 *     while (code >= 0 && (code = inlay_lines_next(&lines, &line)) > 0) use(line); */
typedef struct inlay_lines {
    inlay_windows windows;
    inlay_view rest; /* of the view, not given yet */
} inlay_lines;

/* Returns 0. Errors: RANGE. */
static inline int32_t inlay_lines_begin(inlay_lines* lines, const inlay_source* source, uint64_t offset, uint64_t length) {
    lines->rest.data = 0;
    lines->rest.size = 0;
    return inlay_windows_begin(&lines->windows, source, offset, length);
}

static inline void inlay_lines_end(inlay_lines* lines) { inlay_windows_end(&lines->windows); }

/* Bytes before the first newline, or all of them. Loads up to 7 bytes past the end. */
static inline uint32_t inlay_line_length(inlay_view text) {
    const uint64_t ones = 0x0101010101010101u;
    for (uint32_t i = 0; i < text.size; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, text.data + i, 8);
        word ^= ones * '\n';
        /* The lowest byte that was a newline gets its highest bit; bytes above it may get theirs for nothing. */
        uint64_t newlines = (word - ones) & ~word & (ones << 7);
        if (newlines == 0) continue;
        uint32_t at = i + (uint32_t)__builtin_ctzll(newlines) / 8;
        return at < text.size ? at : text.size;
    }
    return text.size;
}

/* Gives the next line, without its newline. A last line without one counts, an empty one does not. Returns 1, or 0 when there
 * are no more. Errors: those of inlay_map; LIMIT: a line is longer than INLAY_UNIT_BYTES_MAX (use inlay_windows for such text). */
static inline int32_t inlay_lines_next(inlay_lines* lines, inlay_view* line) {
    inlay_windows* windows = &lines->windows;
    uint32_t length = inlay_line_length(lines->rest);
    if (length == lines->rest.size && (windows->at < windows->end || length == 0)) {
        /* The window's border cuts this line, or none is begun: it is seen whole from its beginning. */
        windows->at -= length;
        int32_t code = inlay_windows_next(windows, &lines->rest);
        if (code <= 0) return code;
        length = inlay_line_length(lines->rest);
        if (length == lines->rest.size && windows->at < windows->end) {
            inlay_windows_end(windows);
            lines->rest.size = 0;
            return INLAY_E_LIMIT;
        }
    }
    uint32_t used = length < lines->rest.size ? length + 1 : length;
    line->data = lines->rest.data;
    line->size = length;
    lines->rest.data += used;
    lines->rest.size -= used;
    return 1;
}

#endif
