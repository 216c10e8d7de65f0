// There are no symbolic links: nothing is one.
#include "paths.h"

static u32 read(const char* path) { return path_readlink(DATA, AT(path), length_of(path), AT(room), sizeof room, AT(&out)); }

void _start(void) {
    SHOW(INVAL, "a file", read("one"));
    SHOW(INVAL, "a directory", read("sub"));
    SHOW(NOENT, "nothing", read("absent"));
    SHOW(NOENT, "a link of the machine that leads out", read("link"));
    SHOW(INVAL, "all else bad", path_readlink(DATA, PATH("one"), BEYOND, UINT32_MAX, BEYOND));
    BAD_PATHS(path_readlink(DATA, a, l, AT(room), sizeof room, AT(&out)));
    SHOW(NOTDIR, "in a file", path_readlink(open(DATA, "one", 0, R_READS), PATH("x"), AT(room), 1, AT(&out)));
    SHOW(BADF, "not open", path_readlink(NO_FD, PATH("one"), AT(room), 1, AT(&out)));
}
