// A file gets another name, also over one that is there, and while it is written; a directory does not.
#include "paths.h"

static u32 move(const char* from, const char* to) { return path_rename(DATA, AT(from), length_of(from), DATA, AT(to), length_of(to)); }

void _start(void) {
    SHOW(SUCCESS, "a file", move("one", "sub/three"));
    SHOW(NOENT, "the old name", path_filestat_get(DATA, 0, PATH("one"), AT(room)));
    TEXT("content", "the new one", room, get(DATA, "sub/three"));
    SHOW(SUCCESS, "over another", move("sub/three", "sub/two"));
    TEXT("content", "which is gone", room, get(DATA, "sub/two"));
    SHOW(SUCCESS, "to itself", move("sub/two", "sub/../sub/two"));
    const u32 file = open(DATA, "part", CREATE, R_ALL);
    write_text(file, "first ");
    SHOW(SUCCESS, "one that is written", move("part", "whole"));
    write_text(file, "second");
    fd_close(file);
    TEXT("first second", "what is written goes with it", room, get(DATA, "whole"));
    SHOW(NOENT, "nothing is left", path_filestat_get(DATA, 0, PATH("part"), AT(room)));
    SHOW(NOENT, "nothing", move("absent", "x"));
    SHOW(NOTSUP, "a directory", move("sub", "other"));
    SHOW(ISDIR, "over a directory", move("whole", "sub"));
    SHOW(NOTDIR, "to what ends in a slash", move("whole", "x/"));
    SHOW(BUSY, "the directory itself", move(".", "x"));
    SHOW(INVAL, "to a name that no object can have", move("whole", "new\nline"));
    SHOW(ROFS, "out of what is read only", path_rename(FIXED, PATH("one"), DATA, PATH("x")));
    SHOW(ROFS, "into what is read only", path_rename(DATA, PATH("whole"), FIXED, PATH("x")));
    BAD_PATHS(path_rename(DATA, a, l, DATA, PATH("x")));
    BAD_PATHS(path_rename(DATA, PATH("whole"), DATA, a, l));
    SHOW(BADF, "from nothing", path_rename(NO_FD, PATH("one"), DATA, PATH("x")));
    SHOW(BADF, "to nothing", path_rename(DATA, PATH("whole"), NO_FD, PATH("x")));
}
