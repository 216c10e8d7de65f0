// There are no signals: the program goes on.
#include "show.h"

void _start(void) {
    SHOW(NOTSUP, "abort", proc_raise(6));
    SHOW(NOTSUP, "kill", proc_raise(9));
    SHOW(NOTSUP, "no signal", proc_raise(UINT32_MAX));
}
