// Where a descriptor stands.
#include "show.h"

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_READS);
    struct iovec to = {AT(room), 4};
    SHOW(SUCCESS, "at first", fd_tell(one, AT(&out64)));
    NUMBER(0, "the beginning", out64);
    fd_read(one, AT(&to), 1, AT(&out));
    SHOW(SUCCESS, "after a read", fd_tell(one, AT(&out64)));
    NUMBER(4, "behind it", out64);
    SHOW(FAULT, "out beyond memory", fd_tell(one, BEYOND - 7));
    SHOW(NOTCAPABLE, "without the right", fd_tell(open(DATA, "one", 0, R_READ), AT(&out64)));
    SHOW(SPIPE, "standard output", fd_tell(1, AT(&out64)));
    SHOW(ISDIR, "a directory", fd_tell(DATA, AT(&out64)));
    SHOW(BADF, "not open", fd_tell(NO_FD, AT(&out64)));
}
