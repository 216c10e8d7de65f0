// There are no sockets: whatever is open is none.
#include "show.h"

void _start(void) {
    SHOW(NOTSOCK, "standard input", sock_recv(0, AT(room), 1, 0, AT(&out), AT(&out)));
    SHOW(NOTSOCK, "standard output", sock_recv(1, AT(room), 1, 0, AT(&out), AT(&out)));
    SHOW(NOTSOCK, "a file", sock_recv(open(DATA, "one", 0, R_READS), AT(room), 1, 0, AT(&out), AT(&out)));
    SHOW(NOTSOCK, "a directory, all else bad", sock_recv(DATA, BEYOND, UINT32_MAX, UINT32_MAX, BEYOND, BEYOND));
    SHOW(BADF, "nothing", sock_recv(NO_FD, AT(room), 1, 0, AT(&out), AT(&out)));
    SHOW(BADF, "the last number", sock_recv(UINT32_MAX, AT(room), 1, 0, AT(&out), AT(&out)));
}
