// Only what is empty can be removed.
#include "paths.h"

static u32 gone(const char* path) { return path_remove_directory(DATA, AT(path), length_of(path)); }

void _start(void) {
    path_create_directory(DATA, PATH("made"));
    path_create_directory(DATA, PATH("made/deeper"));
    SHOW(NOTEMPTY, "with one in it", gone("made"));
    SHOW(SUCCESS, "empty, with a slash", gone("made/deeper/"));
    SHOW(SUCCESS, "empty now", gone("made"));
    SHOW(NOENT, "gone", gone("made"));
    SHOW(NOTEMPTY, "with a file in it", gone("sub"));
    SHOW(SUCCESS, "the file goes", path_unlink_file(DATA, PATH("sub/two")));
    SHOW(BUSY, "the directory itself", gone("."));
    SHOW(NOTDIR, "a file", gone("one"));
    SHOW(NOENT, "nothing", gone("absent"));
    SHOW(ROFS, "read only", path_remove_directory(FIXED, PATH("sub")));
    BAD_PATHS(path_remove_directory(DATA, a, l));
    SHOW(NOTDIR, "in a file", path_remove_directory(open(DATA, "one", 0, R_READS), PATH("x")));
    SHOW(BADF, "not open", path_remove_directory(NO_FD, PATH("made")));
}
