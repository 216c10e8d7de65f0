/* Part of inlay_testing.h: the contract's functions, but for calls of other functions.
 *
 * All pointers are native ones, which are trusted; addresses in ranges are not. */
#ifndef INLAY_TESTING_HOST_H
#define INLAY_TESTING_HOST_H

#include "inlay_testing.h"

static inline int inlay_test_is_text(const inlay_test_named* named, const char* text, uint32_t length, int any_case) {
    if (named->name == 0 || strlen(named->name) != length) return 0;
    return any_case ? strncasecmp(named->name, text, length) == 0 : memcmp(named->name, text, length) == 0;
}

/* A zero-terminated copy. */
static inline const char* inlay_test_text(const char* text, uint32_t length) {
    return (const char*)inlay_test_keep(text, length).data;
}

#ifdef __cplusplus
extern "C" {
#endif

int32_t inlay_request(uint32_t part, const char* name, uint32_t name_length, char* buffer, uint32_t capacity) {
    int is_named = part == INLAY_PART_PARAMETER || part == INLAY_PART_HEADER || part == INLAY_PART_ENV;
    if (part < INLAY_PART_METHOD || part > INLAY_PART_INVOCATION) return INLAY_E_ARGUMENT;
    for (const inlay_test_named* one = inlay_test_now->parts; one != 0; one = one->next) {
        if (one->part != part) continue;
        if (is_named && !inlay_test_is_text(one, name, name_length, part == INLAY_PART_HEADER)) continue;
        if (one->value.size <= capacity) memcpy(buffer, one->value.data, (size_t)one->value.size);
        return (int32_t)one->value.size;
    }
    return INLAY_E_ABSENT;
}

/* ---- sources and windows --------------------------------------------------------------------------------------------- */

static inline inlay_test_named* inlay_test_source(uint32_t id) {
    inlay_test_named* source = inlay_test_now->sources;
    while (source != 0 && (source->part != id || source->name == 0)) source = source->next;
    return source;
}

static inline int32_t inlay_test_tell_source(const inlay_test_named* source, inlay_source* out) {
    if (source == 0) return INLAY_E_ABSENT;
    out->id = source->part;
    out->reserved = 0;
    out->size = source->value.size;
    return 0;
}

int32_t inlay_call_input(uint32_t index, inlay_source* out) {
    uint32_t inputs = 0;
    for (const inlay_test_named* input = inlay_test_now->inputs; input != 0; input = input->next) inputs++;
    if (inlay_test_now->is_stream) return INLAY_E_DENIED;
    return index < inputs ? inlay_test_tell_source(inlay_test_source(index), out) : INLAY_E_ABSENT;
}

int32_t inlay_body(inlay_source* out) { return inlay_call_input(0, out); }

/* Standard input is the body; no function here has opened files. */
int32_t inlay_fd_source(uint32_t fd, inlay_source* out) { return fd == 0 ? inlay_call_input(0, out) : INLAY_E_ABSENT; }

/* BUCKET/KEY, without empty segments or steps upwards. */
static inline int inlay_test_is_object_name(const char* name) {
    if (strchr(name, '/') == 0) return 0;
    for (const char* at = name; at != 0; at = strchr(at, '/'), at = at != 0 ? at + 1 : 0) {
        size_t length = strcspn(at, "/");
        if (length == 0 || (length <= 2 && strspn(at, ".") >= length)) return 0;
    }
    return 1;
}

int32_t inlay_open(const char* name, uint32_t name_length, inlay_source* out) {
    const char* text = inlay_test_text(name, name_length);
    if (strlen(text) != name_length || !inlay_test_is_object_name(text)) return INLAY_E_NAME;
    inlay_test_named* object = inlay_test_find(inlay_test_now->objects, text);
    return inlay_test_tell_source(object != 0 ? inlay_test_add_source(object->value) : 0, out);
}

static inline int32_t inlay_test_tell_window(const inlay_test_window* window, inlay_range* out) {
    if (window == 0) return INLAY_E_NO_ROOM;
    out->address = window->address;
    out->length = window->length;
    return 0;
}

int32_t inlay_map(uint32_t source, uint64_t offset, uint64_t length, uint32_t flags, inlay_range* out) {
    const inlay_test_named* from = inlay_test_source(source);
    inlay_cost_counts* cost = &inlay_test_now->outcome.cost;
    if (from == 0) return INLAY_E_ABSENT;
    if (flags > (INLAY_MAP_RANDOM | INLAY_MAP_PRIVATE)) return INLAY_E_ARGUMENT;
    if (offset > from->value.size || length > from->value.size - offset) return INLAY_E_RANGE;
    if (length == 0) {
        out->address = out->length = 0;
        return 0;
    }
    inlay_test_window* window = inlay_test_place(0, length, source, offset);
    if (window != 0) {
        window->flags = flags;
        inlay_test_fill(window, from->value.data + offset);
        *(length < INLAY_TEST_COPY_THRESHOLD ? &cost->copied : &cost->mapped) += length;
    }
    return inlay_test_tell_window(window, out);
}

/* The mapped window of a source, or another, that begins there. */
static inline inlay_test_window* inlay_test_window_at(uint32_t address) {
    inlay_test_window* window = inlay_test_window_of(address, 0);
    return window != 0 && window->address == address ? window : 0;
}

int32_t inlay_move(uint32_t address, uint64_t offset, uint64_t length, inlay_range* out) {
    enum { STEP = 2 << 20 };
    inlay_test_window* window = inlay_test_window_at(address);
    if (window == 0 || window->source < 0) return INLAY_E_ABSENT;
    const inlay_test_named* from = inlay_test_source((uint32_t)window->source);
    if (from == 0) return INLAY_E_ABSENT;
    if (offset > from->value.size || length > from->value.size - offset) return INLAY_E_RANGE;
    int stays = length == window->length && length >= INLAY_TEST_COPY_THRESHOLD && (offset - window->offset) % STEP == 0;
    if (stays) {
        window->offset = offset;
        inlay_test_now->outcome.cost.mapped += length;
        inlay_test_fill(window, from->value.data + offset);
        return inlay_test_tell_window(window, out);
    }
    inlay_test_close_window(window);
    return inlay_map((uint32_t)window->source, offset, length, window->flags, out);
}

int32_t inlay_prefetch(uint32_t source, uint64_t offset, uint64_t length) {
    const inlay_test_named* from = inlay_test_source(source);
    if (from == 0) return INLAY_E_ABSENT;
    return offset > from->value.size || length > from->value.size - offset ? INLAY_E_RANGE : 0;
}

int32_t inlay_output(uint64_t length, inlay_range* out) {
    if (length == 0) return INLAY_E_ARGUMENT;
    inlay_test_now->outcome.cost.mapped += length;
    return inlay_test_tell_window(inlay_test_place(0, length, -1, 0), out);
}

int32_t inlay_unmap(uint32_t address) {
    inlay_test_window* window = inlay_test_window_at(address);
    if (window == 0) return INLAY_E_ABSENT;
    inlay_test_close_window(window);
    return 0;
}

int32_t inlay_close(uint32_t source) {
    inlay_test_named* one = inlay_test_source(source);
    if (one == 0) return INLAY_E_ABSENT;
    one->name = 0;
    return 0;
}

/* What comes next of the body; size 0: its end. */
static inline inlay_test_bytes inlay_test_next_piece(void) {
    const uint64_t most = 2u << 20;
    inlay_test_state* state = inlay_test_now;
    inlay_test_bytes next = {0, 0};
    if (!state->is_stream) {
        const inlay_test_named* body = inlay_test_source(0);
        if (body == 0) return next;
        next.data = body->value.data + state->received;
        next.size = body->value.size - state->received;
        if (next.size > most) next.size = most;
        state->received += next.size;
        return next;
    }
    uint64_t count = 0;
    for (const inlay_test_named* piece = state->pieces; piece != 0; piece = piece->next) count++;
    if (state->received == count) return next;
    const inlay_test_named* piece = state->pieces;
    for (uint64_t i = count - 1; i != state->received; i--) piece = piece->next;
    state->received++;
    return piece->value;
}

int32_t inlay_receive(inlay_range* out) {
    inlay_test_state* state = inlay_test_now;
    if (state->receiving != 0) inlay_test_close_window(state->receiving);
    state->receiving = 0;
    out->address = out->length = 0;
    inlay_test_bytes piece = inlay_test_next_piece();
    if (piece.size == 0) return 0;
    state->receiving = inlay_test_place(piece.data, piece.size, -1, 0);
    if (state->receiving != 0) mprotect(inlay_test_at(state->receiving->area), state->receiving->area_bytes, PROT_READ);
    state->outcome.cost.mapped += piece.size;
    return inlay_test_tell_window(state->receiving, out);
}

/* ---- the response and effects ------------------------------------------------------------------------------------------ */

int32_t inlay_status(uint32_t status) {
    if (status < 200 || status > 599) return INLAY_E_ARGUMENT;
    if (inlay_test_now->outcome.parts_sent != 0) return INLAY_E_TWICE;
    inlay_test_now->outcome.status = status;
    return 0;
}

static inline int inlay_test_is_hosts_field(const char* name) {
    static const char* const kHosts[] = {"Connection", "Keep-Alive", "Proxy-Connection", "Content-Length", "Date", "TE", "Trailer",
                                         "Transfer-Encoding", "Upgrade", "traceparent"};
    for (size_t i = 0; i < sizeof kHosts / sizeof *kHosts; i++) {
        if (strcasecmp(name, kHosts[i]) == 0) return 1;
    }
    return strncasecmp(name, "Inlay-", 6) == 0;
}

int32_t inlay_header(const char* name, uint32_t name_length, const char* value, uint32_t value_length) {
    static const char* const kToken = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    inlay_test_outcome* outcome = &inlay_test_now->outcome;
    const char* text = inlay_test_text(name, name_length);
    if (name_length == 0 || strspn(text, kToken) != name_length) return INLAY_E_NAME;
    for (uint32_t i = 0; i < value_length; i++) {
        if (((uint8_t)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f) return INLAY_E_ARGUMENT;
    }
    if (inlay_test_is_hosts_field(text)) return INLAY_E_DENIED;
    int is_type = strcasecmp(text, "Content-Type") == 0;
    if (outcome->parts_sent != 0 || (is_type && inlay_test_field(outcome, text) != 0)) return INLAY_E_TWICE;
    inlay_test_add(&outcome->fields, text, inlay_test_keep(value, value_length));
    return 0;
}

/* Puts the ranges behind `pieces`. Returns 0. Errors: POINTER. */
static inline int32_t inlay_test_take(const inlay_range* ranges, uint32_t count, inlay_test_piece** pieces) {
    while (*pieces != 0) pieces = &(*pieces)->next;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t address = ranges[i].address, length = ranges[i].length;
        if (length == 0) continue;
        const inlay_test_window* window = inlay_test_window_of(address, length);
        const uint8_t* begin = window != 0 ? (const uint8_t*)inlay_test_at(address) : inlay_test_own(address);
        if (begin == 0) {
            fprintf(stderr, "inlay_testing.h: the range at %#x is neither in a window nor made by inlay_range_of\n", address);
            return INLAY_E_POINTER;
        }
        int is_copied = window == 0 || (window->flags & INLAY_MAP_PRIVATE) != 0 ||
                        (window->source >= 0 && window->length < INLAY_TEST_COPY_THRESHOLD); /* the host keeps no pages of it */
        inlay_test_piece* piece = (inlay_test_piece*)inlay_test_new(sizeof *piece);
        inlay_test_bytes in_place = {begin, length};
        piece->window = is_copied ? 0 : window;
        piece->bytes = is_copied ? inlay_test_keep(begin, length) : in_place;
        if (is_copied) inlay_test_now->outcome.cost.copied += length;
        *pieces = piece;
        pieces = &piece->next;
    }
    return 0;
}

int32_t inlay_respond(const inlay_range* ranges, uint32_t count) {
    inlay_test_state* state = inlay_test_now;
    if (state->has_responded || state->outcome.parts_sent != 0) return INLAY_E_TWICE;
    int32_t code = inlay_test_take(ranges, count, &state->content);
    state->has_responded = code == 0;
    return code;
}

/* What the part holds leaves now. */
int32_t inlay_send(const inlay_range* ranges, uint32_t count) {
    inlay_test_state* state = inlay_test_now;
    inlay_test_piece* pieces = 0;
    uint32_t status = state->outcome.status;
    if (state->has_responded) return INLAY_E_TWICE;
    if (count != 0 && (status == 204 || status == 205 || status == 304)) return INLAY_E_DENIED;
    int32_t code = inlay_test_take(ranges, count, &pieces);
    if (code < 0) return code;
    state->outcome.parts_sent++;
    inlay_test_piece** end = &state->content;
    while (*end != 0) end = &(*end)->next;
    *end = (inlay_test_piece*)inlay_test_new(sizeof **end);
    (*end)->bytes = inlay_test_content(pieces);
    return 0;
}

int32_t inlay_publish(const char* name, uint32_t name_length, const char* content_type, uint32_t content_type_length,
                      const inlay_range* ranges, uint32_t count) {
    inlay_test_staged* staged = (inlay_test_staged*)inlay_test_new(sizeof *staged);
    staged->name = inlay_test_text(name, name_length);
    staged->type = inlay_test_text(content_type, content_type_length);
    if (strlen(staged->name) != name_length || !inlay_test_is_object_name(staged->name)) return INLAY_E_NAME;
    int32_t code = inlay_test_take(ranges, count, &staged->pieces);
    if (code < 0) return code;
    inlay_test_staged** end = &inlay_test_now->staged;
    while (*end != 0) end = &(*end)->next;
    *end = staged;
    return 0;
}

/* ---- around -------------------------------------------------------------------------------------------------------------- */

int32_t inlay_log(uint32_t level, const char* text, uint32_t length) {
    inlay_test_bytes none = {0, 0};
    if (level > INLAY_LOG_ERROR) return INLAY_E_ARGUMENT;
    inlay_test_add(&inlay_test_now->outcome.logs, inlay_test_text(text, length), none)->part = level;
    return 0;
}

/* The same in each run: 2023-11-14, and a millisecond more whenever one looks. */
int32_t inlay_clock(uint32_t clock, uint64_t* nanoseconds) {
    if (clock > INLAY_CLOCK_MONOTONIC) return INLAY_E_ARGUMENT;
    inlay_test_now->monotonic_ns += 1000000;
    *nanoseconds = inlay_test_now->monotonic_ns + (clock == INLAY_CLOCK_WALL ? 1700000000000000000u : 0);
    return 0;
}

/* The same in each run. */
int32_t inlay_random(void* buffer, uint32_t length) {
    if (length > 65536) return INLAY_E_LIMIT;
    for (uint32_t i = 0; i < length; i++) {
        inlay_test_now->dice = inlay_test_now->dice * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t*)buffer)[i] = (uint8_t)(inlay_test_now->dice >> 56);
    }
    return 0;
}

int32_t inlay_cost(inlay_cost_counts* out) {
    *out = inlay_test_now->outcome.cost;
    out->windows = 0;
    for (const inlay_test_window* window = inlay_test_memory_.windows; window != 0; window = window->next) {
        out->windows += window->is_mapped;
    }
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif
