// A directory lasts as long as the program, unless something is put there.
#include "paths.h"

static u32 make(const char* path) { return path_create_directory(DATA, AT(path), length_of(path)); }

void _start(void) {
    SHOW(SUCCESS, "made", make("made"));
    SHOW(SUCCESS, "it is there", path_open(DATA, 0, PATH("made"), DIRECTORY, R_READDIR, 0, 0, AT(&out)));
    SHOW(SUCCESS, "one in it, with a slash", make("made/deeper/"));
    put(DATA, "made/deeper/file", "text");
    TEXT("text", "a file in it", room, get(DATA, "made/deeper/file"));
    SHOW(EXIST, "twice", make("made"));
    SHOW(EXIST, "a file", make("one"));
    SHOW(EXIST, "one that holds a file", make("sub"));
    SHOW(EXIST, "the directory itself", make("."));
    SHOW(ROFS, "read only", path_create_directory(FIXED, PATH("made")));
    BAD_PATHS(path_create_directory(DATA, a, l));
    SHOW(NOTDIR, "in a file", path_create_directory(open(DATA, "one", 0, R_READS), PATH("x")));
    SHOW(BADF, "not open", path_create_directory(NO_FD, PATH("made")));
    u32 code = 0;
    char name[] = "0000";
    for (u32 i = 0; i < 1100 && code == 0; i++) {
        for (u32 digit = 0, rest = i; digit < 4; digit++, rest /= 10) name[3 - digit] = (char)('0' + rest % 10);
        code = make(name);
    }
    SHOW(NOSPC, "one more than one program may make", code);
}
