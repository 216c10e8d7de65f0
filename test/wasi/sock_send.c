// There are no sockets: whatever is open is none.
#include "show.h"

void _start(void) {
    SHOW(NOTSOCK, "standard input", sock_send(0, AT(room), 1, 0, AT(&out)));
    SHOW(NOTSOCK, "standard output", sock_send(1, AT(room), 1, 0, AT(&out)));
    SHOW(NOTSOCK, "a file", sock_send(open(DATA, "one", 0, R_READS), AT(room), 1, 0, AT(&out)));
    SHOW(NOTSOCK, "a directory, all else bad", sock_send(DATA, BEYOND, UINT32_MAX, UINT32_MAX, BEYOND));
    SHOW(BADF, "nothing", sock_send(NO_FD, AT(room), 1, 0, AT(&out)));
    SHOW(BADF, "the last number", sock_send(UINT32_MAX, AT(room), 1, 0, AT(&out)));
}
