// Advice is taken for a part of a file, whatever it is; only that it is needed soon does something.
#include "show.h"

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_READS);
    SHOW(SUCCESS, "normal", fd_advise(one, 0, 0, 0));
    SHOW(SUCCESS, "sequential", fd_advise(one, 0, 100, 1));
    SHOW(SUCCESS, "random", fd_advise(one, 3, 100, 2));
    SHOW(SUCCESS, "needed", fd_advise(one, 0, 7, 3));
    SHOW(SUCCESS, "needed, to the end", fd_advise(one, 2, 0, 3));
    SHOW(SUCCESS, "needed, behind the end", fd_advise(one, 100, INT64_MAX, 3));
    SHOW(SUCCESS, "not needed", fd_advise(one, 0, 0, 4));
    SHOW(SUCCESS, "once", fd_advise(one, 0, 0, 5));
    SHOW(INVAL, "no such advice", fd_advise(one, 0, 0, 6));
    SHOW(INVAL, "far from one", fd_advise(one, 0, 0, UINT32_MAX));
    SHOW(INVAL, "negative offset", fd_advise(one, (u64)-1, 0, 0));
    SHOW(INVAL, "negative length", fd_advise(one, 0, (u64)-1, 0));
    SHOW(NOTCAPABLE, "without the right", fd_advise(open(DATA, "one", 0, R_READ), 0, 0, 0));
    SHOW(NOTCAPABLE, "standard output", fd_advise(1, 0, 0, 0));
    SHOW(NOTCAPABLE, "a directory", fd_advise(DATA, 0, 0, 0));
    SHOW(BADF, "not open", fd_advise(NO_FD, 0, 0, 0));
}
