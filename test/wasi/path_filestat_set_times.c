// Nobody but the host keeps times.
#include "paths.h"

void _start(void) {
    SHOW(NOTSUP, "both", path_filestat_set_times(DATA, 0, PATH("one"), 1, 2, 1 | 4));
    SHOW(INVAL, "one time twice", path_filestat_set_times(DATA, 0, PATH("one"), 1, 2, 4 | 8));
    SHOW(INVAL, "no such flag", path_filestat_set_times(DATA, 0, PATH("one"), 1, 2, UINT32_MAX));
    SHOW(ROFS, "read only", path_filestat_set_times(FIXED, 0, PATH("one"), 1, 2, 1));
    BAD_PATHS(path_filestat_set_times(DATA, 0, a, l, 1, 2, 1));
    SHOW(NOTDIR, "in standard output", path_filestat_set_times(1, 0, PATH("one"), 1, 2, 1));
    SHOW(BADF, "not open", path_filestat_set_times(NO_FD, 0, PATH("one"), 1, 2, 1));
}
