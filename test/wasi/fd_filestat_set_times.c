// Nobody but the host keeps times.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "one", 0, R_ALL);
    SHOW(NOTSUP, "both", fd_filestat_set_times(file, 1, 2, 1 | 4));
    SHOW(NOTSUP, "now", fd_filestat_set_times(file, 0, 0, 2 | 8));
    SHOW(INVAL, "one time twice", fd_filestat_set_times(file, 1, 2, 1 | 2));
    SHOW(INVAL, "the other twice", fd_filestat_set_times(file, 1, 2, 4 | 8));
    SHOW(INVAL, "no such flag", fd_filestat_set_times(file, 1, 2, 16));
    SHOW(NOTCAPABLE, "without the right", fd_filestat_set_times(open(DATA, "one", 0, R_READS), 1, 2, 1));
    SHOW(NOTCAPABLE, "standard output", fd_filestat_set_times(1, 1, 2, 1));
    SHOW(BADF, "not open", fd_filestat_set_times(NO_FD, 1, 2, 1));
}
