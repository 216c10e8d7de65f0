// All four clocks are as fine as the deploy lets them be.
#include "show.h"

void _start(void) {
    u64 real = 0, monotonic = 0;
    SHOW(SUCCESS, "realtime", clock_res_get(0, AT(&real)));
    SHOW(SUCCESS, "monotonic", clock_res_get(1, AT(&monotonic)));
    NUMBER(1, "at least a nanosecond", real >= 1);
    NUMBER(1, "the same for all", real == monotonic);
    SHOW(SUCCESS, "of the process", clock_res_get(2, AT(&out64)));
    SHOW(SUCCESS, "of the thread", clock_res_get(3, AT(&out64)));
    SHOW(INVAL, "no such clock", clock_res_get(4, AT(&out64)));
    SHOW(INVAL, "far from one", clock_res_get(UINT32_MAX, AT(&out64)));
    SHOW(FAULT, "out beyond memory", clock_res_get(0, BEYOND - 7));
}
