// Lists a directory in any number of steps.
#include "show.h"

enum { HEAD = 24 };

// The names behind a cookie to `names`, each with a blank: how long.
static u8 names[512];
static u32 list(u32 fd, u32 step, u64 cookie) {
    u32 length = 0;
    for (u32 turns = 0; turns < 100; turns++) {
        if (fd_readdir(fd, AT(room), step, cookie, AT(&out)) != 0) return 0;
        u32 at = 0;
        while (at + HEAD <= out && at + HEAD + room[at + 16] <= out) {
            const u32 size = room[at + 16];
            for (u32 i = 0; i < size; i++) names[length++] = room[at + HEAD + i];
            names[length++] = room[at + 20] == 3 ? '/' : ' ';
            cookie = u64_at(room + at);
            at += HEAD + size;
        }
        if (out < step) break;
    }
    return length;
}

void _start(void) {
    TEXT("./../one sub/", "all at once", names, list(DATA, sizeof room, 0));
    TEXT("./../one sub/", "in the smallest steps", names, list(DATA, HEAD + 3, 0));
    TEXT("sub/", "from a cookie on", names, list(DATA, sizeof room, 3));
    TEXT("./../two ", "a directory in it", names, list(open(DATA, "sub", DIRECTORY, R_READDIR), sizeof room, 0));
    const u32 file = open(DATA, "fresh", CREATE, R_ALL);
    path_create_directory(DATA, PATH("made"));
    path_unlink_file(DATA, PATH("one"));
    TEXT("./../fresh made/sub/", "what the program itself has done", names, list(DATA, sizeof room, 0));
    fd_close(file);
    SHOW(SUCCESS, "no room", fd_readdir(DATA, AT(room), 0, 0, AT(&out)));
    NUMBER(0, "nothing", out);
    SHOW(SUCCESS, "a cookie behind the end", fd_readdir(DATA, AT(room), sizeof room, UINT64_MAX, AT(&out)));
    NUMBER(0, "nothing there", out);
    SHOW(SUCCESS, "room for a part of an entry", fd_readdir(DATA, AT(room), 10, 0, AT(&out)));
    NUMBER(10, "all of it is used", out);
    SHOW(FAULT, "beyond memory", fd_readdir(DATA, BEYOND - 9, 10, 0, AT(&out)));
    SHOW(FAULT, "out beyond memory", fd_readdir(DATA, AT(room), 10, 0, BEYOND - 3));
    SHOW(NOTDIR, "a file", fd_readdir(open(DATA, "fresh", 0, R_READS), AT(room), 10, 0, AT(&out)));
    SHOW(NOTDIR, "standard input", fd_readdir(0, AT(room), 10, 0, AT(&out)));
    SHOW(NOTCAPABLE, "without the right", fd_readdir(open(DATA, "sub", DIRECTORY, 0), AT(room), 10, 0, AT(&out)));
    SHOW(BADF, "not open", fd_readdir(NO_FD, AT(room), 10, 0, AT(&out)));
}
