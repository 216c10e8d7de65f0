// There are no sockets: whatever is open is none.
#include "show.h"

void _start(void) {
    SHOW(NOTSOCK, "standard input", sock_accept(0, 0, AT(&out)));
    SHOW(NOTSOCK, "standard output", sock_accept(1, 0, AT(&out)));
    SHOW(NOTSOCK, "a file", sock_accept(open(DATA, "one", 0, R_READS), 0, AT(&out)));
    SHOW(NOTSOCK, "a directory, all else bad", sock_accept(DATA, UINT32_MAX, BEYOND));
    SHOW(BADF, "nothing", sock_accept(NO_FD, 0, AT(&out)));
    SHOW(BADF, "the last number", sock_accept(UINT32_MAX, 0, AT(&out)));
}
