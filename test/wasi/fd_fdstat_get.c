// What a descriptor is, and what may be done with it.
#include "show.h"

static u32 type_of(u32 fd) { return fd_fdstat_get(fd, AT(room)) == 0 ? room[0] : 99; }
static u64 rights_of(u32 fd) { return fd_fdstat_get(fd, AT(room)) == 0 ? u64_at(room + 8) : 0; }

void _start(void) {
    enum { UNKNOWN = 0, IS_DIRECTORY = 3, REGULAR = 4 };
    SHOW(SUCCESS, "standard output", fd_fdstat_get(1, AT(room)));
    NUMBER(0, "of no kind that could be told", type_of(1));
    NUMBER(4, "the body, a file", type_of(0));
    NUMBER(3, "a directory", type_of(DATA));
    NUMBER(4, "an object", type_of(open(DATA, "one", 0, R_READS)));
    NUMBER(1, "the body can be read", (rights_of(0) & (R_READ | R_WRITE)) == R_READ);
    NUMBER(1, "standard output can be written", (rights_of(1) & (R_READ | R_WRITE | R_SEEK)) == R_WRITE);
    NUMBER(1, "files can be made in one directory", (rights_of(DATA) >> 10) & 1);
    NUMBER(0, "and not in the other", (rights_of(FIXED) >> 10) & 1);
    NUMBER(2, "no more than was asked for", rights_of(open(DATA, "one", 0, R_READ)));
    u32 file;
    path_open(DATA, 0, PATH("one"), 0, R_ALL, 0, APPEND, AT(&file));
    SHOW(SUCCESS, "opened to append", fd_fdstat_get(file, AT(room)));
    NUMBER(1, "is told", room[2]);
    SHOW(FAULT, "out beyond memory", fd_fdstat_get(DATA, BEYOND - 23));
    SHOW(BADF, "not open", fd_fdstat_get(NO_FD, AT(room)));
    SHOW(BADF, "the last number", fd_fdstat_get(UINT32_MAX, AT(room)));
}
