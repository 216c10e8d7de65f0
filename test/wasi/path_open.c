// Opens files and directories, and makes files.
#include "paths.h"

static u32 how_of(const char* path, u32 how, u64 rights) {
    return path_open(DATA, 0, AT(path), length_of(path), how, rights, rights, 0, AT(&out));
}

static void makes(void) {
    SHOW(SUCCESS, "made", how_of("fresh", CREATE, R_WRITE));
    SHOW(SUCCESS, "there at once", how_of("fresh", 0, R_READ));
    SHOW(EXIST, "only if it was not there", how_of("one", CREATE | EXCLUSIVE, R_WRITE));
    SHOW(SUCCESS, "only if it was not there, and it was not", how_of("other", CREATE | EXCLUSIVE, R_WRITE));
    SHOW(SUCCESS, "in directories that nobody has made", how_of("a/b/c", CREATE, R_WRITE));
    SHOW(NOENT, "not made", how_of("absent", 0, R_READ));
    SHOW(NOENT, "not made, to be cut", how_of("absent", TRUNCATE, R_WRITE));
    SHOW(SUCCESS, "cut", how_of("one", TRUNCATE, R_WRITE));
    NUMBER(0, "to nothing", get(DATA, "one"));
    SHOW(INVAL, "a name that no object can have", how_of("new\nline", CREATE, R_WRITE));
}

static void directories(void) {
    SHOW(SUCCESS, "a directory", how_of("sub", DIRECTORY, R_READDIR));
    SHOW(SUCCESS, "without saying so", how_of("sub", 0, R_READDIR));
    SHOW(SUCCESS, "the directory itself", how_of(".", DIRECTORY, R_READDIR));
    SHOW(SUCCESS, "with dots and slashes", how_of("./sub/..//sub/./", DIRECTORY, R_READDIR));
    SHOW(SUCCESS, "a file, with dots", how_of("sub/../sub//two", 0, R_READ));
    SHOW(NOTDIR, "a file for a directory", how_of("one", DIRECTORY, R_READ));
    SHOW(NOTDIR, "a file with a slash behind it", how_of("one/", 0, R_READ));
    SHOW(NOENT, "below a file", how_of("one/more", 0, R_READ));
    SHOW(ISDIR, "to write a directory", how_of("sub", 0, R_WRITE));
    SHOW(ISDIR, "to make what ends in a slash", how_of("fresh3/", CREATE, R_WRITE));
    path_create_directory(DATA, PATH("made"));
    SHOW(ISDIR, "to make what is a directory", how_of("made", CREATE, R_WRITE));
}

static void read_only(void) {
    SHOW(SUCCESS, "read only: read", path_open(FIXED, 0, PATH("one"), 0, R_READS, 0, 0, AT(&out)));
    SHOW(ROFS, "read only: write", path_open(FIXED, 0, PATH("one"), 0, R_WRITE, 0, 0, AT(&out)));
    SHOW(ROFS, "read only: cut", path_open(FIXED, 0, PATH("one"), TRUNCATE, 0, 0, 0, AT(&out)));
    SHOW(ROFS, "read only: make", path_open(FIXED, 0, PATH("fresh"), CREATE, R_READ, 0, 0, AT(&out)));
}

void _start(void) {
    makes();
    directories();
    read_only();
    BAD_PATHS(path_open(DATA, 0, a, l, CREATE, R_WRITE, 0, 0, AT(&out)));
    SHOW(NOTCAPABLE, "out of a directory in it", path_open(open(DATA, "sub", DIRECTORY, 1 << 13), 0, PATH("../one"), 0, R_READ, 0, 0, AT(&out)));
    SHOW(INVAL, "no such way", how_of("one", 16, R_READ));
    SHOW(INVAL, "no such flag", path_open(DATA, 0, PATH("one"), 0, R_READ, 0, 32, AT(&out)));
    SHOW(FAULT, "out beyond memory", path_open(DATA, 0, PATH("one"), 0, R_READ, 0, 0, BEYOND - 3));
    SHOW(NOTDIR, "in a file", path_open(open(DATA, "sub/two", 0, R_READS), 0, PATH("x"), 0, R_READ, 0, 0, AT(&out)));
    SHOW(NOTDIR, "in standard input", path_open(0, 0, PATH("x"), 0, R_READ, 0, 0, AT(&out)));
    SHOW(BADF, "not open", path_open(NO_FD, 0, PATH("one"), 0, R_READ, 0, 0, AT(&out)));
    u32 last = 0;
    while (how_of("sub/two", 0, R_READ) == 0) last = out;
    NUMBER(1023, "the last number there is", last);
    SHOW(MFILE, "one more", how_of("sub/two", 0, R_READ));
}
