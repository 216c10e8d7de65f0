// The function as a native program, over a stand-in for the host: no Inlay is needed. make test
#include <stdio.h>

#include "inlay_testing.h"

static int failures;

static void expect(const inlay_test_outcome* outcome, uint32_t status, const char* body) {
    if (outcome->status == status && inlay_test_body_is(outcome, body)) return;
    failures++;
    fprintf(stderr, "expected %u and %s, was %u and %.*s\n", status, body, outcome->status, (int)outcome->body.size, (const char*)outcome->body.data);
}

int main() {
    inlay_test_begin();
    inlay_test_body("one\ntwo\nthree", 13);
    expect(inlay_test_run(inlay_handle), 200, "{\"lines\":2,\"bytes\":13}");

    inlay_test_begin();
    inlay_test_parameter("object", "texts/absent");
    expect(inlay_test_run(inlay_handle), 404, "object=texts/absent: there is no such object\n");

    if (failures == 0) puts("all passed");
    return failures != 0;
}
