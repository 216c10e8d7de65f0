/* Answers "ok": what a call costs when the function does nothing. */
#include "inlay_sdk.h"

INLAY_FUNCTION { return inlay_respond_bytes("text/plain", "ok\n", 3); }
