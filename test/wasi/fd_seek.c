// Moves where a descriptor stands; never before the beginning.
#include "show.h"

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_READS);
    SHOW(SUCCESS, "from the beginning", fd_seek(one, 3, SET, AT(&out64)));
    NUMBER(3, "there", out64);
    SHOW(SUCCESS, "back from here", fd_seek(one, (u64)-2, CURRENT, AT(&out64)));
    NUMBER(1, "it is", out64);
    SHOW(SUCCESS, "back from the end", fd_seek(one, (u64)-7, END, AT(&out64)));
    NUMBER(0, "the beginning", out64);
    SHOW(SUCCESS, "behind the end", fd_seek(one, 5, END, AT(&out64)));
    NUMBER(12, "allowed", out64);
    SHOW(INVAL, "before the beginning", fd_seek(one, (u64)-13, CURRENT, AT(&out64)));
    SHOW(INVAL, "negative", fd_seek(one, (u64)INT64_MIN, SET, AT(&out64)));
    SHOW(INVAL, "too far", fd_seek(one, INT64_MAX, CURRENT, AT(&out64)));
    SHOW(INVAL, "from nowhere", fd_seek(one, 0, 3, AT(&out64)));
    SHOW(INVAL, "far from any such", fd_seek(one, 0, UINT32_MAX, AT(&out64)));
    SHOW(FAULT, "out beyond memory", fd_seek(one, 0, SET, BEYOND - 7));
    SHOW(SUCCESS, "after all that", fd_tell(one, AT(&out64)));
    NUMBER(12, "where it stood", out64);
    SHOW(SUCCESS, "the body", fd_seek(0, 2, SET, AT(&out64)));
    SHOW(SPIPE, "standard output", fd_seek(1, 0, SET, AT(&out64)));
    SHOW(ISDIR, "a directory", fd_seek(DATA, 0, SET, AT(&out64)));
    SHOW(NOTCAPABLE, "without the right", fd_seek(open(DATA, "one", 0, R_READ | R_TELL), 1, SET, AT(&out64)));
    SHOW(SUCCESS, "only to tell", fd_seek(open(DATA, "one", 0, R_READ | R_TELL), 0, CURRENT, AT(&out64)));
    SHOW(BADF, "not open", fd_seek(NO_FD, 0, SET, AT(&out64)));
}
