// Reads from where the descriptor stands, into pieces.
#include "show.h"

static struct iovec many[1025];

static void bad(u32 one) {
    struct iovec beyond = {BEYOND - 3, 4 + 1}, wraps = {UINT32_MAX, UINT32_MAX}, good = {AT(room), 1};
    struct iovec huge[2] = {{0, UINT32_MAX}, {0, UINT32_MAX}};
    SHOW(FAULT, "piece beyond memory", fd_read(one, AT(&beyond), 1, AT(&out)));
    SHOW(FAULT, "piece that wraps", fd_read(one, AT(&wraps), 1, AT(&out)));
    SHOW(FAULT, "pieces longer than memory", fd_read(one, AT(huge), 2, AT(&out)));
    SHOW(FAULT, "list beyond memory", fd_read(one, BEYOND - 7, 1, AT(&out)));
    SHOW(FAULT, "out beyond memory", fd_read(one, AT(&good), 1, BEYOND - 3));
    SHOW(INVAL, "one piece more than may be", fd_read(one, AT(many), 1025, AT(&out)));
    SHOW(INVAL, "so many that their size wraps", fd_read(one, AT(many), 0x20000000, AT(&out)));
    SHOW(ISDIR, "a directory", fd_read(DATA, AT(&good), 1, AT(&out)));
    SHOW(NOTCAPABLE, "standard output", fd_read(1, AT(&good), 1, AT(&out)));
    SHOW(NOTCAPABLE, "opened to write only", fd_read(open(DATA, "one", 0, R_WRITE), AT(&good), 1, AT(&out)));
    SHOW(BADF, "not open", fd_read(NO_FD, AT(&good), 1, AT(&out)));
    NUMBER(1, "what was wrong has moved nothing", fd_read(one, AT(&good), 1, AT(&out)) == 0 && room[0] == 'c');
    fd_close(one);
    SHOW(BADF, "closed", fd_read(one, AT(&good), 1, AT(&out)));
}

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_READS);
    struct iovec pieces[4] = {{AT(room), 3}, {0, 0}, {AT(room + 8), 2}, {AT(room + 16), 100}};
    SHOW(SUCCESS, "in pieces", fd_read(one, AT(pieces), 4, AT(&out)));
    NUMBER(7, "all there is", out);
    TEXT("con", "the first", room, 3);
    TEXT("te", "the second", room + 8, 2);
    TEXT("nt", "the last", room + 16, 2);
    SHOW(SUCCESS, "at the end", fd_read(one, AT(pieces), 1, AT(&out)));
    NUMBER(0, "nothing more", out);
    SHOW(SUCCESS, "no pieces", fd_read(one, 0, 0, AT(&out)));
    SHOW(SUCCESS, "as many pieces as may be", fd_read(one, AT(many), 1024, AT(&out)));
    SHOW(SUCCESS, "standard input", fd_read(0, AT(pieces), 1, AT(&out)));
    TEXT("bod", "is the body", room, out);
    fd_close(one);
    bad(open(DATA, "one", 0, R_READS));
}
