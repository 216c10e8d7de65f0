// There are no symbolic links: none can be made.
#include "paths.h"

void _start(void) {
    SHOW(NOTSUP, "to a file", path_symlink(PATH("one"), DATA, PATH("x")));
    SHOW(NOTSUP, "out of the directory", path_symlink(PATH("/etc/passwd"), DATA, PATH("x")));
    SHOW(NOENT, "nothing is made", path_filestat_get(DATA, 0, PATH("x"), AT(room)));
    SHOW(ROFS, "read only", path_symlink(PATH("one"), FIXED, PATH("x")));
    BAD_PATHS(path_symlink(PATH("one"), DATA, a, l));
    SHOW(NOTDIR, "in a file", path_symlink(PATH("one"), open(DATA, "one", 0, R_READS), PATH("x")));
    SHOW(BADF, "not open", path_symlink(PATH("one"), NO_FD, PATH("x")));
}
