// What lies under a name.
#include "paths.h"

static u32 look(const char* path) { return path_filestat_get(DATA, 1, AT(path), length_of(path), AT(room)); }

void _start(void) {
    SHOW(SUCCESS, "a file", look("one"));
    NUMBER(4, "is told", room[16]);
    NUMBER(7, "its size", u64_at(room + 32));
    const u64 inode = u64_at(room + 8);
    fd_filestat_get(open(DATA, "one", 0, R_READS), AT(room));
    NUMBER(1, "the same as by a descriptor", u64_at(room + 8) == inode);
    SHOW(SUCCESS, "a directory", look("sub"));
    NUMBER(3, "is told, too", room[16]);
    SHOW(SUCCESS, "a directory with a slash", look("sub/"));
    SHOW(SUCCESS, "the directory itself", look("."));
    write_text(open(DATA, "fresh", CREATE, R_ALL), "four");
    SHOW(SUCCESS, "what is being written", look("fresh"));
    NUMBER(4, "its size so far", u64_at(room + 32));
    SHOW(NOTDIR, "a file with a slash", look("one/"));
    SHOW(NOENT, "nothing", look("absent"));
    SHOW(NOENT, "the beginning of a name", look("on"));
    SHOW(NOENT, "a link that leads out", look("link"));
    BAD_PATHS(path_filestat_get(DATA, 0, a, l, AT(room)));
    SHOW(FAULT, "out beyond memory", path_filestat_get(DATA, 0, PATH("one"), BEYOND - 63));
    SHOW(NOTDIR, "in a file", path_filestat_get(open(DATA, "one", 0, R_READS), 0, PATH("x"), AT(room)));
    SHOW(BADF, "not open", path_filestat_get(NO_FD, 0, PATH("one"), AT(room)));
    for (u32 i = 0; i < 20000; i++) look("one");
    SHOW(SUCCESS, "after more looks than there are numbers for sources", look("one"));
}
