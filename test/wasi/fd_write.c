// Writes where the descriptor stands, or at the end; what is written can be read at once, and is there when it is closed.
#include "show.h"

static struct iovec many[1025];

static void appends(void) {
    u32 file;
    SHOW(SUCCESS, "opened to append", path_open(DATA, 0, PATH("one"), 0, R_ALL, 0, APPEND, AT(&file)));
    SHOW(SUCCESS, "appended", write_text(file, " and more"));
    fd_seek(file, 0, SET, AT(&out64));
    SHOW(SUCCESS, "appended from anywhere", write_text(file, "!"));
    SHOW(SUCCESS, "closed", fd_close(file));
    TEXT("content and more!", "what is there", room, get(DATA, "one"));
}

static void bad(u32 file) {
    struct iovec beyond = {BEYOND - 3, 5}, good = {AT("x"), 1};
    SHOW(FAULT, "piece beyond memory", fd_write(file, AT(&beyond), 1, AT(&out)));
    SHOW(FAULT, "list beyond memory", fd_write(file, BEYOND - 7, 1, AT(&out)));
    SHOW(FAULT, "out beyond memory", fd_write(file, AT(&good), 1, BEYOND - 3));
    SHOW(INVAL, "one piece more than may be", fd_write(file, AT(many), 1025, AT(&out)));
    SHOW(INVAL, "far too many", fd_write(file, AT(many), UINT32_MAX, AT(&out)));
    SHOW(FAULT, "standard output, piece beyond memory", fd_write(1, AT(&beyond), 1, AT(&out)));
    SHOW(ISDIR, "a directory", fd_write(DATA, AT(&good), 1, AT(&out)));
    SHOW(NOTCAPABLE, "standard input", fd_write(0, AT(&good), 1, AT(&out)));
    SHOW(NOTCAPABLE, "opened to read only", fd_write(open(DATA, "one", 0, R_READS), AT(&good), 1, AT(&out)));
    SHOW(BADF, "not open", fd_write(NO_FD, AT(&good), 1, AT(&out)));
    fd_close(file);
    SHOW(BADF, "closed", fd_write(file, AT(&good), 1, AT(&out)));
}

void _start(void) {
    const u32 file = open(DATA, "fresh", CREATE, R_ALL);
    struct iovec pieces[3] = {{AT("ab"), 2}, {0, 0}, {AT("cd"), 2}};
    SHOW(SUCCESS, "in pieces", fd_write(file, AT(pieces), 3, AT(&out)));
    NUMBER(4, "all of them", out);
    SHOW(SUCCESS, "no pieces", fd_write(file, 0, 0, AT(&out)));
    const u32 reader = open(DATA, "fresh", 0, R_READS);
    struct iovec to = {AT(room), 100};
    SHOW(SUCCESS, "read before it is closed", fd_read(reader, AT(&to), 1, AT(&out)));
    TEXT("abcd", "what was written", room, out);
    SHOW(SUCCESS, "seek behind the end", fd_seek(file, 6, SET, AT(&out64)));
    SHOW(SUCCESS, "leave a hole", write_text(file, "e"));
    SHOW(SUCCESS, "read on", fd_read(reader, AT(&to), 1, AT(&out)));
    NUMBER(3, "the hole and what stands behind it", out);
    NUMBER(0, "of zeros", room[0] | room[1]);
    bad(file);
    appends();
    SHOW(SUCCESS, "standard error", write_text(2, "to the log\n"));
}
