// There is nobody to yield to.
#include "show.h"

void _start(void) { SHOW(SUCCESS, "at once", sched_yield()); }
