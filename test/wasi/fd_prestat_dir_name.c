// Where a directory of the deploy lies for the program.
#include "show.h"

void _start(void) {
    SHOW(SUCCESS, "exactly its length", fd_prestat_dir_name(DATA, AT(room), 5));
    TEXT("/data", "the name", room, 5);
    SHOW(SUCCESS, "more room", fd_prestat_dir_name(FIXED, AT(room), sizeof room));
    TEXT("/fixed", "the other", room, 6);
    SHOW(NAMETOOLONG, "less room", fd_prestat_dir_name(DATA, AT(room), 4));
    SHOW(NAMETOOLONG, "none", fd_prestat_dir_name(DATA, AT(room), 0));
    SHOW(FAULT, "beyond memory", fd_prestat_dir_name(DATA, BEYOND - 4, 5));
    SHOW(BADF, "standard input", fd_prestat_dir_name(0, AT(room), 5));
    SHOW(BADF, "what was opened", fd_prestat_dir_name(open(DATA, "sub", DIRECTORY, R_READDIR), AT(room), 5));
    SHOW(BADF, "not open", fd_prestat_dir_name(NO_FD, AT(room), 5));
}
