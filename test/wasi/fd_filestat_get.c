// How long a file is, and which one; nobody tells its times.
#include "show.h"

static u64 size, inode;
static u32 type;

static u32 look(u32 fd) {
    const u32 code = fd_filestat_get(fd, AT(room));
    inode = u64_at(room + 8), type = room[16], size = u64_at(room + 32);
    return code;
}

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_ALL);
    SHOW(SUCCESS, "a file", look(one));
    NUMBER(7, "its size", size);
    NUMBER(4, "its type", type);
    NUMBER(1, "its links", u64_at(room + 24));
    NUMBER(0, "no times", u64_at(room + 40) | u64_at(room + 48) | u64_at(room + 56));
    const u64 first = inode;
    look(open(DATA, "sub/two", 0, R_READS));
    NUMBER(1, "another is another", inode != first);
    look(open(DATA, "one", 0, R_READS));
    NUMBER(1, "the same is the same", inode == first);
    write_text(one, "longer text");
    SHOW(SUCCESS, "what is being written", look(one));
    NUMBER(11, "its size so far", size);
    SHOW(SUCCESS, "the body", look(0));
    NUMBER(4, "its length", size);
    SHOW(SUCCESS, "standard output", look(1));
    SHOW(SUCCESS, "a directory", look(DATA));
    NUMBER(3, "is told", type);
    SHOW(FAULT, "out beyond memory", fd_filestat_get(one, BEYOND - 63));
    SHOW(NOTCAPABLE, "without the right", look(open(DATA, "one", 0, R_READ)));
    SHOW(BADF, "not open", look(NO_FD));
}
