// Makes a file at least so long; never shorter.
#include "show.h"

static u64 size_of(u32 file) {
    fd_filestat_get(file, AT(room));
    return u64_at(room + 32);
}

void _start(void) {
    const u32 file = open(DATA, "one", 0, R_ALL & ~(1u << 22));
    SHOW(SUCCESS, "longer, without the right to set the size", fd_allocate(file, 4, 16));
    NUMBER(20, "to that end", size_of(file));
    SHOW(SUCCESS, "what is there already", fd_allocate(file, 0, 5));
    NUMBER(20, "not shorter", size_of(file));
    SHOW(INVAL, "nothing", fd_allocate(file, 0, 0));
    SHOW(INVAL, "negative offset", fd_allocate(file, (u64)-1, 1));
    SHOW(INVAL, "too far", fd_allocate(file, INT64_MAX, 1));
    SHOW(DQUOT, "more than outputs may have", fd_allocate(file, 0, (u64)1 << 40));
    NUMBER(20, "still as long", size_of(file));
    SHOW(NOTCAPABLE, "without the right", fd_allocate(open(DATA, "one", 0, R_WRITE), 0, 9));
    SHOW(NOTCAPABLE, "standard output", fd_allocate(1, 0, 9));
    SHOW(NOTCAPABLE, "a directory", fd_allocate(DATA, 0, 9));
    SHOW(BADF, "not open", fd_allocate(NO_FD, 0, 9));
}
