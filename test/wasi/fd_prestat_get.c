// Which descriptors are directories of the deploy, and how long their names are.
#include "show.h"

void _start(void) {
    SHOW(SUCCESS, "the first", fd_prestat_get(DATA, AT(room)));
    NUMBER(0, "a directory", room[0]);
    NUMBER(5, "of that long a name", room[4]);
    SHOW(SUCCESS, "the second", fd_prestat_get(FIXED, AT(room)));
    NUMBER(6, "its name", room[4]);
    SHOW(BADF, "no third", fd_prestat_get(5, AT(room)));
    SHOW(BADF, "standard output is none", fd_prestat_get(1, AT(room)));
    SHOW(BADF, "what was opened is none", fd_prestat_get(open(DATA, "sub", DIRECTORY, R_READDIR), AT(room)));
    SHOW(FAULT, "out beyond memory", fd_prestat_get(DATA, BEYOND - 7));
    fd_close(DATA);
    SHOW(BADF, "closed", fd_prestat_get(DATA, AT(room)));
    SHOW(BADF, "the last number", fd_prestat_get(UINT32_MAX, AT(room)));
}
