/* Answers "ok": what a call costs when the function does nothing. */
#include "inlay_sdk.h"

static const char kAnswer[] = "ok\n";
static const inlay_range kRange = {(uint32_t)kAnswer, sizeof kAnswer - 1};

INLAY_FUNCTION { return inlay_respond_ranges("text/plain", &kRange, 1); }
