// Gives a descriptor the number of another, which is closed by that.
#include "show.h"

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_READS), fresh = open(DATA, "fresh", CREATE, R_ALL);
    struct iovec to = {AT(room), 100};
    write_text(fresh, "text");
    SHOW(SUCCESS, "over one that is written", fd_renumber(one, fresh));
    SHOW(BADF, "the old number is free", fd_read(one, AT(&to), 1, AT(&out)));
    SHOW(SUCCESS, "the new one reads", fd_read(fresh, AT(&to), 1, AT(&out)));
    TEXT("content", "the same file", room, out);
    TEXT("text", "what was closed is there", room, get(DATA, "fresh"));
    SHOW(SUCCESS, "to itself", fd_renumber(fresh, fresh));
    SHOW(SUCCESS, "over standard input", fd_renumber(fresh, 0));
    SHOW(BADF, "from nothing", fd_renumber(NO_FD, 0));
    SHOW(BADF, "to nothing", fd_renumber(0, NO_FD));
    SHOW(BADF, "nothing to itself", fd_renumber(NO_FD, NO_FD));
    SHOW(BADF, "the last number", fd_renumber(0, UINT32_MAX));
}
