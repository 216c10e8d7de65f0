// There are no sockets: whatever is open is none.
#include "show.h"

void _start(void) {
    SHOW(NOTSOCK, "standard input", sock_shutdown(0, 1));
    SHOW(NOTSOCK, "standard output", sock_shutdown(1, 1));
    SHOW(NOTSOCK, "a file", sock_shutdown(open(DATA, "one", 0, R_READS), 1));
    SHOW(NOTSOCK, "a directory, all else bad", sock_shutdown(DATA, UINT32_MAX));
    SHOW(BADF, "nothing", sock_shutdown(NO_FD, 1));
    SHOW(BADF, "the last number", sock_shutdown(UINT32_MAX, 1));
}
