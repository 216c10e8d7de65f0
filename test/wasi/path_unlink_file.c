// A file is gone; who has it open can read and write it on, and nothing of that stays.
#include "paths.h"

static u32 gone(const char* path) { return path_unlink_file(DATA, AT(path), length_of(path)); }

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_ALL);
    SHOW(SUCCESS, "a file", gone("one"));
    SHOW(NOENT, "twice", gone("one"));
    SHOW(NOENT, "opened no more", path_open(DATA, 0, PATH("one"), 0, R_READ, 0, 0, AT(&out)));
    struct iovec to = {AT(room), 100};
    SHOW(SUCCESS, "read on", fd_read(one, AT(&to), 1, AT(&out)));
    TEXT("content", "what it was", room, out);
    SHOW(SUCCESS, "write on", write_text(one, " lost"));
    SHOW(SUCCESS, "close it", fd_close(one));
    SHOW(NOENT, "it does not come back", path_filestat_get(DATA, 0, PATH("one"), AT(room)));
    put(DATA, "fresh", "text");
    SHOW(SUCCESS, "one that was made just now", gone("fresh"));
    SHOW(NOENT, "gone, too", path_filestat_get(DATA, 0, PATH("fresh"), AT(room)));
    put(DATA, "one", "again");
    TEXT("again", "the name is free for another", room, get(DATA, "one"));
    SHOW(ISDIR, "a directory", gone("sub"));
    SHOW(ISDIR, "the directory itself", gone("."));
    SHOW(NOTDIR, "a file with a slash", gone("one/"));
    SHOW(NOENT, "nothing", gone("absent"));
    SHOW(ROFS, "read only", path_unlink_file(FIXED, PATH("one")));
    BAD_PATHS(path_unlink_file(DATA, a, l));
    SHOW(NOTDIR, "in a file", path_unlink_file(open(DATA, "one", 0, R_READS), PATH("x")));
    SHOW(BADF, "not open", path_unlink_file(NO_FD, PATH("one")));
}
