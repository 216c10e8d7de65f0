/* What the stub host of sdk/c tells functions, and what becomes of their mistakes; c_sdk_test.py runs it case by case.
 *
 *     contract NAME       exit code 0: it held
 */
#include "inlay_testing.h"

#include "inlay_windows.h"

#define HOLDS(condition) \
    if (!(condition)) return __LINE__

int32_t inlay_handle(void) { return 0; }

static int32_t map_body(uint32_t flags, inlay_range* window) {
    inlay_source body;
    int32_t code = inlay_body(&body);
    return code < 0 ? code : inlay_map(body.id, 0, body.size, flags, window);
}

/* ---- functions ---- */

static int32_t answers_from_everywhere(void) {
    static char in_static[] = "static ";
    char in_stack[] = "stack ";
    char* in_heap = strdup("heap ");
    inlay_range window, output;
    HOLDS(map_body(0, &window) == 0 && inlay_output(7, &output) == 0);
    HOLDS(window.address < 0x7fff0000u && output.address < 0x7fff0000u);
    memcpy(inlay_test_at(output.address), "before ", 7);
    inlay_range ranges[] = {inlay_range_of(in_static, 7), inlay_range_of(in_stack, 6), inlay_range_of(in_heap, 5),
                            inlay_range_of("literal ", 8), window, output, {0, 0}};
    HOLDS(inlay_respond(ranges, 7) == 0);
    HOLDS(inlay_respond(ranges, 7) == INLAY_E_TWICE && inlay_send(ranges, 1) == INLAY_E_TWICE);
    memset(in_static, 'x', sizeof in_static);
    memcpy(inlay_test_at(output.address), "after\n\n", 7); /* what it holds at the end counts */
    HOLDS(inlay_unmap(window.address) == 0 && inlay_unmap(window.address) == INLAY_E_ABSENT);
    free(in_heap);
    return 0;
}

static int32_t publishes(void) {
    inlay_range window, part = {0, 0};
    HOLDS(map_body(0, &window) == 0);
    part.address = window.address;
    part.length = 4;
    HOLDS(inlay_publish("b/k", 3, "text/x", 6, &part, 1) == 0);
    HOLDS(inlay_publish("bk", 2, "", 0, &part, 1) == INLAY_E_NAME && inlay_publish("b/../k", 6, "", 0, &part, 1) == INLAY_E_NAME);
    HOLDS(inlay_log(INLAY_LOG_WARN, "a line", 6) == 0 && inlay_log(9, "", 0) == INLAY_E_ARGUMENT);
    return 0;
}

static int32_t publishes_and_fails(void) { return publishes() != 0 ? 1 : 7; }

static int32_t doubles_its_input(void) {
    inlay_range window;
    inlay_range twice[2];
    HOLDS(map_body(0, &window) == 0);
    twice[0] = twice[1] = window;
    return inlay_respond(twice, 2);
}

static int32_t calls(void) {
    inlay_range input = inlay_range_of("abcd", 4);
    inlay_result result;
    inlay_source source;
    HOLDS(inlay_call("absent", 6, "", 0, &input, 1, &result) == INLAY_E_ABSENT);
    HOLDS(inlay_call("double", 6, "a=b+%41", 7, &input, 1, &result) == 0 && result.size == 8 && result.count == 1);
    HOLDS(inlay_call("fail", 4, "", 0, &input, 1, &result) == INLAY_E_CALLEE && result.ending == INLAY_ENDING_FAILED && result.code == 7);
    HOLDS(inlay_spawn("publish", 7, "", 0, &input, 1) == 0 && inlay_spawn("absent", 6, "", 0, &input, 1) == 1);
    HOLDS(inlay_wait_any(0, 0, &result) == 0 && inlay_wait(1, &result) == INLAY_E_CALLEE && result.ending == INLAY_ENDING_REFUSED);
    HOLDS(inlay_wait(1, &result) == INLAY_E_ARGUMENT && inlay_wait_any(0, 0, &result) == INLAY_E_ABSENT);
    HOLDS(inlay_fd_source(0, &source) == 0 && inlay_fd_source(1, &source) == INLAY_E_ABSENT);
    HOLDS(inlay_call_input(0, &source) == 0 && inlay_call_input(1, &source) == INLAY_E_ABSENT);
    return 0;
}

static int32_t asks_wrongly(void) {
    inlay_source body;
    inlay_range window = {0, 0}, cast = {123456, 4};
    uint64_t nanoseconds;
    HOLDS(inlay_body(&body) == 0 && inlay_map(body.id, 1, body.size, 0, &window) == INLAY_E_RANGE);
    HOLDS(inlay_map(body.id, 0, 1, 4, &window) == INLAY_E_ARGUMENT && inlay_map(99, 0, 1, 0, &window) == INLAY_E_ABSENT);
    HOLDS(inlay_output(0, &window) == INLAY_E_ARGUMENT && inlay_output(3ull << 30, &window) == INLAY_E_NO_ROOM);
    HOLDS(inlay_respond(&cast, 1) == INLAY_E_POINTER && inlay_status(100) == INLAY_E_ARGUMENT);
    HOLDS(inlay_header("Content-Type", 12, "a", 1) == 0 && inlay_header("content-type", 12, "b", 1) == INLAY_E_TWICE);
    HOLDS(inlay_header("Inlay-Cost", 10, "a", 1) == INLAY_E_DENIED && inlay_header("a b", 3, "a", 1) == INLAY_E_NAME);
    HOLDS(inlay_header("a", 1, "x\r\n", 3) == INLAY_E_ARGUMENT && inlay_clock(2, &nanoseconds) == INLAY_E_ARGUMENT);
    HOLDS(inlay_prefetch(body.id, 0, body.size + 1) == INLAY_E_RANGE && inlay_open("b/absent", 8, &body) == INLAY_E_ABSENT);
    HOLDS(inlay_close(0) == 0 && inlay_close(0) == INLAY_E_ABSENT && inlay_body(&body) == INLAY_E_ABSENT);
    return 0;
}

static int32_t moves_over_a_large_source(void) {
    inlay_source source;
    inlay_windows windows;
    inlay_view view;
    uint64_t sum = 0;
    const uint8_t* first = 0;
    HOLDS(inlay_open("b/large", 7, &source) == 0 && inlay_windows_begin(&windows, &source, 0, INLAY_REST) == 0);
    for (int32_t code = 1; (code = inlay_windows_next(&windows, &view)) > 0;) {
        if (first == 0) first = view.data;
        HOLDS(view.data == first || view.size < INLAY_WINDOW_BYTES); /* the window stays in its place */
        for (uint32_t i = 0; i < view.size; i += 4096) sum += view.data[i];
    }
    return inlay_respond_u64(sum);
}

/* Mistakes: each of these ends the process. */
static int32_t writes_into_its_input(void) {
    inlay_range window;
    HOLDS(map_body(0, &window) == 0);
    *(volatile uint8_t*)inlay_test_at(window.address) = 1;
    return 0;
}

static int32_t reads_after_unmap(void) {
    inlay_range window;
    HOLDS(map_body(0, &window) == 0 && inlay_unmap(window.address) == 0);
    return *(volatile uint8_t*)inlay_test_at(window.address);
}

static int32_t reads_too_far(void) {
    inlay_range window;
    HOLDS(map_body(0, &window) == 0);
    return *(volatile uint8_t*)inlay_test_at(window.address + window.length + INLAY_TEST_OVER_READ);
}

static int32_t reads_just_behind(void) {
    inlay_range window;
    HOLDS(map_body(0, &window) == 0);
    return (int32_t)(*(volatile uint8_t*)inlay_test_at(window.address + window.length + INLAY_TEST_OVER_READ - 1) & 0u);
}

static int32_t writes_into_a_private_window(void) {
    inlay_range window;
    HOLDS(map_body(INLAY_MAP_PRIVATE, &window) == 0);
    *(volatile uint8_t*)inlay_test_at(window.address) = 'B';
    return inlay_respond(&window, 1);
}

/* ---- cases ---- */

static int check_answers(void) {
    const inlay_test_outcome* outcome = inlay_test_run(answers_from_everywhere);
    HOLDS(outcome->code == 0 && inlay_test_body_is(outcome, "static stack heap literal body after\n\n"));
    HOLDS(outcome->cost.copied == 7 + 6 + 5 + 8 + 2 * 5);
    return 0;
}

static int check_publish(void) {
    const inlay_test_outcome* outcome = inlay_test_run(publishes);
    HOLDS(outcome->code == 0 && inlay_test_published(outcome, "b/k")->value.size == 4);
    HOLDS(strcmp(inlay_test_published(outcome, "b/k")->type, "text/x") == 0 && inlay_test_logged(outcome, "line"));
    inlay_test_begin();
    inlay_test_body("body ", 5);
    outcome = inlay_test_run(publishes_and_fails);
    HOLDS(outcome->code == 7 && outcome->published == 0);
    return 0;
}

static int check_calls(void) {
    inlay_test_callee("double", doubles_its_input);
    inlay_test_callee("fail", publishes_and_fails);
    inlay_test_callee("publish", publishes);
    const inlay_test_outcome* outcome = inlay_test_run(calls);
    HOLDS(outcome->code == 0);
    return 0;
}

static int check_large(void) {
    const uint64_t size = (130u << 20) + 5;
    uint8_t* large = (uint8_t*)calloc(1, size);
    for (uint64_t i = 0; i < size; i += 4096) large[i] = 1;
    inlay_test_object("b/large", large, size);
    free(large);
    HOLDS(inlay_test_body_is(inlay_test_run(moves_over_a_large_source), "33281\n"));
    return 0;
}

static int check_private(void) {
    HOLDS(inlay_test_body_is(inlay_test_run(writes_into_a_private_window), "Body "));
    return 0;
}

int main(int count, char** arguments) {
    static const struct { const char* name; int (*check)(void); inlay_test_function function; } kCases[] = {
        {"answers", check_answers, 0}, {"publish", check_publish, 0}, {"calls", check_calls, 0}, {"large", check_large, 0},
        {"private", check_private, 0}, {"wrong", 0, asks_wrongly}, {"behind", 0, reads_just_behind}, {"write", 0, writes_into_its_input},
        {"unmapped", 0, reads_after_unmap}, {"far", 0, reads_too_far},
    };
    for (size_t i = 0; i < sizeof kCases / sizeof *kCases && count == 2; i++) {
        if (strcmp(arguments[1], kCases[i].name) != 0) continue;
        inlay_test_begin();
        inlay_test_body("body ", 5);
        int line = kCases[i].check != 0 ? kCases[i].check() : inlay_test_run(kCases[i].function)->code;
        if (line != 0) fprintf(stderr, "line %d does not hold\n", line);
        inlay_test_begin();
        inlay_test_forget_memory();
        return line != 0;
    }
    return 2;
}
