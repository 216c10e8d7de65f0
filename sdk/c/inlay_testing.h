/* Functions in C and C++ under test, natively and without a server: a host of one invocation at a time, on Linux.
 *
 *     #include "inlay_testing.h"          (in one source file of the test; the function's own source is compiled beside it)
 *
 *     int main(void) {
 *         inlay_test_begin();
 *         inlay_test_parameter("word", "needle");
 *         inlay_test_body("hay\nneedle\n", 11);
 *         const inlay_test_outcome* outcome = inlay_test_run(inlay_handle);
 *         assert(outcome->status == 200 && inlay_test_body_is(outcome, "needle\n"));
 *     }
 *
 *     cc -Iabi -Isdk/c -Isdk/c/native test.c function.c && ./a.out        (sdk/c/native: wasm_simd128.h by SIMDe)
 *
 * It answers as a server does as far as a function can tell, with these differences: windows are filled by copying; there are no
 * limits and no deadlines; spawned functions run when they are spawned, in the same process, with the same globals; what a callee
 * publishes, its caller stages at once. A store into an input window, or a load from one that is unmapped, is a SIGSEGV.
 * Compile with -fsanitize=address,undefined to be told where.
 *
 * Ranges of the function's own memory must be made by inlay_range_of, or what is made of it: a cast of a pointer to 32 bits cannot
 * work natively, and gives POINTER.
 */
#ifndef INLAY_TESTING_H
#define INLAY_TESTING_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS and others, also with -std=c11 */
#endif

#include "inlay_testing_memory.h"

typedef int32_t (*inlay_test_function)(void);

/* The function's entry, as INLAY_FUNCTION defines it. */
#ifdef __cplusplus
extern "C"
#endif
int32_t inlay_handle(void);

typedef struct inlay_test_named {
    struct inlay_test_named* next;
    uint32_t part;           /* of the request; of a line of the log its level */
    const char* name;        /* of a line of the log: the line */
    const char* type;        /* of what is published */
    inlay_test_bytes value;
    inlay_test_function function;
} inlay_test_named;

/* A piece of content: bytes of a window, which count as they are at the end, or of the function's own, as they were. */
typedef struct inlay_test_piece {
    struct inlay_test_piece* next;
    const inlay_test_window* window; /* 0: own memory */
    inlay_test_bytes bytes;
} inlay_test_piece;

typedef struct inlay_test_staged {
    struct inlay_test_staged* next;
    const char* name;
    const char* type;
    inlay_test_piece* pieces;
} inlay_test_staged;

/* What an invocation came to. Valid until inlay_test_begin. */
typedef struct inlay_test_outcome {
    int32_t code; /* what the function returned; 0: it succeeded */
    uint32_t status;
    inlay_test_bytes body;
    inlay_test_named* fields;    /* the last first, as all of these: inlay_test_field finds one */
    inlay_test_named* published; /* none where the invocation failed */
    inlay_test_named* logs;
    uint32_t parts_sent;
    inlay_cost_counts cost;
} inlay_test_outcome;

/* An invocation: what it finds, then what it has come to so far. */
typedef struct inlay_test_state {
    inlay_test_named* parts;
    inlay_test_named* objects;
    inlay_test_named* functions;
    inlay_test_named* inputs; /* the last first */
    inlay_test_named* pieces; /* of a stream, the last first */
    uint32_t is_stream;
    inlay_test_named* sources; /* the last first; `part` is the id, and a closed one has no name */
    uint32_t source_count;
    inlay_test_piece* content;
    uint32_t has_responded;
    inlay_test_staged* staged;
    uint64_t received;          /* bytes, or pieces of a stream */
    inlay_test_window* receiving;
    inlay_test_named* children; /* `value` is an inlay_result */
    uint32_t child_count;
    uint64_t monotonic_ns;
    uint64_t dice;
    inlay_test_outcome outcome;
} inlay_test_state;

static inlay_test_state* inlay_test_now; /* the invocation that runs, or is being made ready */

static inline inlay_test_named* inlay_test_add(inlay_test_named** list, const char* name, inlay_test_bytes value) {
    inlay_test_named* added = (inlay_test_named*)inlay_test_new(sizeof *added);
    added->name = (const char*)inlay_test_keep(name, strlen(name)).data;
    added->value = value;
    added->next = *list;
    *list = added;
    return added;
}

static inline inlay_test_named* inlay_test_find(inlay_test_named* list, const char* name) {
    while (list != 0 && (list->name == 0 || strcmp(list->name, name) != 0)) list = list->next;
    return list;
}

/* ---- before the run ------------------------------------------------------------------------------------------------ */

static inline void inlay_test_part(uint32_t part, const char* name, const char* value) {
    inlay_test_add(&inlay_test_now->parts, name, inlay_test_keep(value, strlen(value)))->part = part;
}

/* Forgets all, and begins with a GET of /f/function that brings nothing. */
static inline void inlay_test_begin(void) {
    inlay_test_forget_memory();
    inlay_test_now = (inlay_test_state*)inlay_test_new(sizeof *inlay_test_now);
    inlay_test_now->outcome.status = 200;
    inlay_test_part(INLAY_PART_METHOD, "", "GET");
    inlay_test_part(INLAY_PART_PATH, "", "/f/function");
    inlay_test_part(INLAY_PART_REST, "", "");
    inlay_test_part(INLAY_PART_QUERY, "", "");
    inlay_test_part(INLAY_PART_FUNCTION, "", "function");
    inlay_test_part(INLAY_PART_INVOCATION, "", "1");
}

/* A query parameter, as it is when decoded. The first of a name counts. */
static inline void inlay_test_parameter(const char* name, const char* value) {
    inlay_test_named** list = &inlay_test_now->parts;
    while (*list != 0) list = &(*list)->next;
    inlay_test_add(list, name, inlay_test_keep(value, strlen(value)))->part = INLAY_PART_PARAMETER;
}

static inline void inlay_test_header(const char* name, const char* value) { inlay_test_part(INLAY_PART_HEADER, name, value); }

static inline void inlay_test_env(const char* name, const char* value) { inlay_test_part(INLAY_PART_ENV, name, value); }

/* A further input; the first is the body. */
static inline void inlay_test_input(const void* data, uint64_t size) {
    inlay_test_add(&inlay_test_now->inputs, "", inlay_test_keep(data, size));
}

static inline void inlay_test_body(const void* data, uint64_t size) {
    inlay_test_now->inputs = 0;
    inlay_test_input(data, size);
}

/* The request is a stream, and this is the next piece of its body. */
static inline void inlay_test_stream(const void* data, uint64_t size) {
    inlay_test_now->is_stream = 1;
    if (size != 0) inlay_test_add(&inlay_test_now->pieces, "", inlay_test_keep(data, size));
}

static inline void inlay_test_object(const char* name, const void* data, uint64_t size) {
    inlay_test_add(&inlay_test_now->objects, name, inlay_test_keep(data, size));
}

/* What inlay_call and inlay_spawn find under this name. */
static inline void inlay_test_callee(const char* name, inlay_test_function function) {
    inlay_test_bytes none = {0, 0};
    inlay_test_add(&inlay_test_now->functions, name, none)->function = function;
}

/* ---- the run, and what it came to ------------------------------------------------------------------------------------ */

static inline inlay_test_bytes inlay_test_content(const inlay_test_piece* pieces) {
    inlay_test_bytes all = {0, 0};
    for (const inlay_test_piece* piece = pieces; piece != 0; piece = piece->next) all.size += piece->bytes.size;
    uint8_t* to = (uint8_t*)inlay_test_new((size_t)all.size + 1);
    all.data = to;
    for (const inlay_test_piece* piece = pieces; piece != 0; piece = piece->next) {
        /* A window may have been unmapped; the host still has its pages. */
        const inlay_test_window* window = piece->window;
        if (window != 0 && !window->is_mapped) mprotect(inlay_test_at(window->area), window->area_bytes, PROT_READ);
        if (piece->bytes.size != 0) memcpy(to, piece->bytes.data, (size_t)piece->bytes.size);
        to += piece->bytes.size;
    }
    return all;
}

/* Sources of the invocation's inputs have the ids from 0 on. */
static inline inlay_test_named* inlay_test_add_source(inlay_test_bytes bytes) {
    inlay_test_named* source = inlay_test_add(&inlay_test_now->sources, "open", bytes);
    source->part = inlay_test_now->source_count++;
    return source;
}

static inline void inlay_test_add_inputs(inlay_test_named* input) {
    if (input == 0) return;
    inlay_test_add_inputs(input->next);
    inlay_test_add_source(input->value);
}

/* Runs the function, once after each inlay_test_begin. */
static inline const inlay_test_outcome* inlay_test_run(inlay_test_function function) {
    inlay_test_state* state = inlay_test_now;
    inlay_test_outcome* outcome = &state->outcome;
    if (state->inputs == 0) inlay_test_input("", 0);
    inlay_test_add_inputs(state->inputs);
    outcome->code = function();
    outcome->body = inlay_test_content(state->content);
    for (inlay_test_staged* staged = outcome->code == 0 ? state->staged : 0; staged != 0; staged = staged->next) {
        inlay_test_named* object = inlay_test_add(&outcome->published, staged->name, inlay_test_content(staged->pieces));
        object->type = staged->type;
    }
    outcome->cost.windows = 0;
    for (inlay_test_window* window = inlay_test_memory_.windows; window != 0; window = window->next) {
        outcome->cost.windows += window->is_mapped;
    }
    return outcome;
}

/* The response's field of that name, in any case; 0: there is none. */
static inline const char* inlay_test_field(const inlay_test_outcome* outcome, const char* name) {
    for (const inlay_test_named* field = outcome->fields; field != 0; field = field->next) {
        if (strcasecmp(field->name, name) == 0) return (const char*)field->value.data;
    }
    return 0;
}

/* The object that was published under this name; its `value` is the content. 0: there is none. */
static inline const inlay_test_named* inlay_test_published(const inlay_test_outcome* outcome, const char* name) {
    return inlay_test_find(outcome->published, name);
}

/* Whether this text is the whole body. */
static inline int inlay_test_body_is(const inlay_test_outcome* outcome, const char* text) {
    return outcome->body.size == strlen(text) && memcmp(outcome->body.data, text, strlen(text)) == 0;
}

/* Whether a line of the log has this text in it. */
static inline int inlay_test_logged(const inlay_test_outcome* outcome, const char* text) {
    for (const inlay_test_named* line = outcome->logs; line != 0; line = line->next) {
        if (strstr(line->name, text) != 0) return 1;
    }
    return 0;
}

#include "inlay_testing_host.h"

#include "inlay_testing_calls.h"

#endif
