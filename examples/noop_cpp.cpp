// Answers "ok": what a call costs when the function does nothing, over the C++ face of the SDK.
#include "inlay.hpp"

INLAY_ANSWER { return inlay::respond("text/plain", "ok\n"); }
