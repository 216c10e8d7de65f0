// Where it writes can be changed; that it waits for the disk is so in any case.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "one", 0, R_ALL);
    SHOW(SUCCESS, "append", fd_fdstat_set_flags(file, APPEND));
    SHOW(SUCCESS, "write", write_text(file, "!"));
    SHOW(SUCCESS, "no more", fd_fdstat_set_flags(file, 0));
    fd_seek(file, 0, SET, AT(&out64));
    SHOW(SUCCESS, "write again", write_text(file, "C"));
    SHOW(SUCCESS, "all there are", fd_fdstat_set_flags(file, 31));
    fd_fdstat_get(file, AT(room));
    NUMBER(31, "are told", room[2]);
    SHOW(INVAL, "one that there is not", fd_fdstat_set_flags(file, 32));
    SHOW(INVAL, "far from one", fd_fdstat_set_flags(file, UINT32_MAX));
    SHOW(SUCCESS, "standard output", fd_fdstat_set_flags(1, 4));
    SHOW(NOTCAPABLE, "without the right", fd_fdstat_set_flags(open(DATA, "one", 0, R_READ), 0));
    SHOW(NOTCAPABLE, "a directory", fd_fdstat_set_flags(DATA, 0));
    SHOW(BADF, "not open", fd_fdstat_set_flags(NO_FD, 0));
    fd_close(file);
    TEXT("Content!", "what is there", room, get(DATA, "one"));
}
