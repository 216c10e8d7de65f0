// Clocks that go forward, and the true date.
#include "show.h"

void _start(void) {
    u64 first = 0, second = 0;
    SHOW(SUCCESS, "monotonic", clock_time_get(1, 0, AT(&first)));
    SHOW(SUCCESS, "again", clock_time_get(1, UINT64_MAX, AT(&second)));
    NUMBER(1, "never backwards", second >= first);
    NUMBER(1, "never 0, which some take for none", first > 0);
    SHOW(SUCCESS, "realtime", clock_time_get(0, 1, AT(&first)));
    NUMBER(1, "later than 2020", first > 1577836800000000000u);
    SHOW(SUCCESS, "of the process", clock_time_get(2, 0, AT(&out64)));
    SHOW(SUCCESS, "of the thread", clock_time_get(3, 0, AT(&out64)));
    SHOW(INVAL, "no such clock", clock_time_get(4, 0, AT(&out64)));
    SHOW(FAULT, "out beyond memory", clock_time_get(0, 0, BEYOND - 7));
}
