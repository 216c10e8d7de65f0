/* Part of inlay_testing.h: calls of other functions, each run as an invocation of its own when it is called or spawned. */
#ifndef INLAY_TESTING_CALLS_H
#define INLAY_TESTING_CALLS_H

#include "inlay_testing_host.h"

/* Undoes "+" and "%41" in place, as the host does with parameters. */
static inline void inlay_test_decode(char* text) {
    char* to = text;
    for (const char* at = text; *at != 0; at++, to++) {
        *to = *at == '+' ? ' ' : *at;
        if (*at != '%' || strspn(at + 1, "0123456789abcdefABCDEF") < 2) continue;
        char digits[3] = {at[1], at[2], 0};
        *to = (char)strtol(digits, 0, 16);
        at += 2;
    }
    *to = 0;
}

/* Sets the raw query and its parameters. */
static inline void inlay_test_query(const char* query) {
    char* text = (char*)(uintptr_t)inlay_test_keep(query, strlen(query)).data;
    inlay_test_part(INLAY_PART_QUERY, "", query);
    while (text != 0 && *text != 0) {
        char* next = strchr(text, '&');
        if (next != 0) *next++ = 0;
        char* value = strchr(text, '=');
        if (value != 0) *value++ = 0;
        inlay_test_decode(text);
        if (value != 0) inlay_test_decode(value);
        inlay_test_parameter(text, value != 0 ? value : "");
        text = next;
    }
}

/* What the callee has published, its caller stages. */
static inline void inlay_test_adopt(inlay_test_state* caller, const inlay_test_outcome* outcome) {
    for (const inlay_test_named* object = outcome->published; object != 0; object = object->next) {
        inlay_test_staged* staged = (inlay_test_staged*)inlay_test_new(sizeof *staged);
        staged->name = object->name;
        staged->type = object->type;
        staged->pieces = (inlay_test_piece*)inlay_test_new(sizeof *staged->pieces);
        staged->pieces->bytes = object->value;
        staged->next = caller->staged;
        caller->staged = staged;
    }
}

static inline void inlay_test_conclude(const inlay_test_outcome* outcome, inlay_result* result) {
    inlay_test_bytes content = outcome->body;
    result->ending = outcome->code == 0 ? INLAY_ENDING_COMPLETED : INLAY_ENDING_FAILED;
    result->code = outcome->code;
    result->status = outcome->code == 0 ? outcome->status : 0;
    if (outcome->code != 0) content = inlay_test_keep("the function failed", 19);
    result->size = content.size;
    result->first = inlay_test_now->source_count;
    result->count = content.size != 0;
    if (content.size != 0) inlay_test_add_source(content);
}

/* Runs what is called that. Returns 0. Errors: ABSENT, POINTER. */
static inline int32_t inlay_test_run_callee(const char* name, const char* query, const inlay_range* inputs, uint32_t count,
                                            inlay_result* result) {
    inlay_test_state* caller = inlay_test_now;
    const inlay_test_named* callee = inlay_test_find(caller->functions, name);
    if (callee == 0) return INLAY_E_ABSENT;
    inlay_test_state* state = (inlay_test_state*)inlay_test_new(sizeof *state);
    inlay_test_named* given = 0;
    for (uint32_t i = 0; i < count; i++) {
        inlay_test_piece* piece = 0;
        int32_t code = inlay_test_take(inputs + i, 1, &piece);
        if (code < 0) return code;
        inlay_test_add(&given, "", inlay_test_content(piece));
    }
    state->outcome.status = 200;
    state->objects = caller->objects;
    state->functions = caller->functions;
    state->inputs = given;
    inlay_test_now = state;
    inlay_test_part(INLAY_PART_METHOD, "", "POST");
    inlay_test_part(INLAY_PART_FUNCTION, "", name);
    inlay_test_part(INLAY_PART_REST, "", "");
    inlay_test_query(query);
    const inlay_test_outcome* outcome = inlay_test_run(callee->function);
    inlay_test_now = caller;
    inlay_test_adopt(caller, outcome);
    inlay_test_conclude(outcome, result);
    return 0;
}

#ifdef __cplusplus
extern "C" {
#endif

int32_t inlay_call(const char* name, uint32_t name_length, const char* query, uint32_t query_length, const inlay_range* inputs,
                   uint32_t count, inlay_result* out) {
    const char* called = (const char*)inlay_test_keep(name, name_length).data;
    const char* asked = (const char*)inlay_test_keep(query, query_length).data;
    int32_t code = inlay_test_run_callee(called, asked, inputs, count, out);
    if (code < 0) return code;
    return out->ending == INLAY_ENDING_COMPLETED ? 0 : INLAY_E_CALLEE;
}

int32_t inlay_spawn(const char* name, uint32_t name_length, const char* query, uint32_t query_length, const inlay_range* inputs,
                    uint32_t count) {
    inlay_result result = {INLAY_ENDING_REFUSED, 0, 0, 0, 0, 0, 0};
    int32_t code = inlay_call(name, name_length, query, query_length, inputs, count, &result);
    if (code < 0 && code != INLAY_E_ABSENT && code != INLAY_E_CALLEE) return code;
    inlay_test_bytes kept = inlay_test_keep(&result, sizeof result);
    inlay_test_add(&inlay_test_now->children, "running", kept)->part = inlay_test_now->child_count;
    return (int32_t)inlay_test_now->child_count++;
}

int32_t inlay_wait(uint32_t child, inlay_result* out) {
    for (inlay_test_named* one = inlay_test_now->children; one != 0; one = one->next) {
        if (one->part != child || one->name == 0) continue;
        memcpy(out, one->value.data, sizeof *out);
        one->name = 0;
        return out->ending == INLAY_ENDING_COMPLETED ? 0 : INLAY_E_CALLEE;
    }
    return INLAY_E_ARGUMENT;
}

/* All of them have ended: the first one asked for, or the oldest. */
int32_t inlay_wait_any(const uint32_t* children, uint32_t count, inlay_result* out) {
    if (count != 0) return inlay_wait(children[0], out) == INLAY_E_ARGUMENT ? INLAY_E_ARGUMENT : (int32_t)children[0];
    for (uint32_t child = 0; child < inlay_test_now->child_count; child++) {
        if (inlay_wait(child, out) != INLAY_E_ARGUMENT) return (int32_t)child;
    }
    return INLAY_E_ABSENT;
}

#ifdef __cplusplus
}
#endif

#endif
