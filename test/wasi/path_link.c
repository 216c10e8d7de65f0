// A second name for the same bytes; what is written to one later is not in the other.
#include "paths.h"

static u32 link(const char* from, const char* to) { return path_link(DATA, 0, AT(from), length_of(from), DATA, AT(to), length_of(to)); }

void _start(void) {
    SHOW(SUCCESS, "a file", link("one", "second"));
    TEXT("content", "by its second name", room, get(DATA, "second"));
    put(DATA, "second", "other");
    TEXT("content", "the first is what it was", room, get(DATA, "one"));
    SHOW(SUCCESS, "out of what is read only", path_link(FIXED, 0, PATH("sub/two"), DATA, PATH("copy")));
    SHOW(EXIST, "over another", link("one", "second"));
    SHOW(EXIST, "over itself", link("one", "one"));
    SHOW(EXIST, "over a directory", link("one", "sub"));
    SHOW(NOTSUP, "a directory", link("sub", "x"));
    SHOW(NOENT, "nothing", link("absent", "x"));
    SHOW(NOTDIR, "to what ends in a slash", link("one", "x/"));
    write_text(open(DATA, "fresh", CREATE, R_ALL), "text");
    SHOW(BUSY, "one that is written", link("fresh", "x"));
    SHOW(ROFS, "into what is read only", path_link(DATA, 0, PATH("one"), FIXED, PATH("x")));
    BAD_PATHS(path_link(DATA, 0, a, l, DATA, PATH("x")));
    BAD_PATHS(path_link(DATA, 0, PATH("one"), DATA, a, l));
    SHOW(BADF, "from nothing", path_link(NO_FD, 0, PATH("one"), DATA, PATH("x")));
    SHOW(BADF, "to nothing", path_link(DATA, 0, PATH("one"), NO_FD, PATH("x")));
}
