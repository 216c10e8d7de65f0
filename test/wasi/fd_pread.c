// Reads at an offset and stands where it stood.
#include "show.h"

void _start(void) {
    const u32 one = open(DATA, "one", 0, R_READS);
    struct iovec to = {AT(room), 100}, beyond = {BEYOND, 1};
    SHOW(SUCCESS, "at an offset", fd_pread(one, AT(&to), 1, 3, AT(&out)));
    TEXT("tent", "to the end", room, out);
    SHOW(SUCCESS, "where it stands", fd_tell(one, AT(&out64)));
    NUMBER(0, "as before", out64);
    SHOW(SUCCESS, "at the end", fd_pread(one, AT(&to), 1, 7, AT(&out)));
    NUMBER(0, "nothing", out);
    SHOW(SUCCESS, "far behind it", fd_pread(one, AT(&to), 1, INT64_MAX, AT(&out)));
    NUMBER(0, "nothing there either", out);
    SHOW(INVAL, "negative", fd_pread(one, AT(&to), 1, (u64)-1, AT(&out)));
    SHOW(FAULT, "piece beyond memory", fd_pread(one, AT(&beyond), 1, 0, AT(&out)));
    SHOW(FAULT, "out beyond memory", fd_pread(one, AT(&to), 1, 0, BEYOND));
    SHOW(INVAL, "too many pieces", fd_pread(one, AT(&to), UINT32_MAX, 0, AT(&out)));
    SHOW(NOTCAPABLE, "without the right to seek", fd_pread(open(DATA, "one", 0, R_READ), AT(&to), 1, 0, AT(&out)));
    SHOW(ISDIR, "a directory", fd_pread(DATA, AT(&to), 1, 0, AT(&out)));
    SHOW(BADF, "not open", fd_pread(NO_FD, AT(&to), 1, 0, AT(&out)));
}
