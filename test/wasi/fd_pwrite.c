// Writes at an offset and stands where it stood.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "one", 0, R_ALL);
    struct iovec from = {AT("XY"), 2}, beyond = {BEYOND, 1};
    SHOW(SUCCESS, "at an offset", fd_pwrite(file, AT(&from), 1, 2, AT(&out)));
    NUMBER(2, "both bytes", out);
    SHOW(SUCCESS, "where it stands", fd_tell(file, AT(&out64)));
    NUMBER(0, "as before", out64);
    SHOW(SUCCESS, "at the end", fd_pwrite(file, AT(&from), 1, 7, AT(&out)));
    SHOW(INVAL, "negative", fd_pwrite(file, AT(&from), 1, (u64)INT64_MIN, AT(&out)));
    SHOW(DQUOT, "farther than outputs may go", fd_pwrite(file, AT(&from), 1, INT64_MAX - 2, AT(&out)));
    SHOW(FAULT, "piece beyond memory", fd_pwrite(file, AT(&beyond), 1, 0, AT(&out)));
    SHOW(FAULT, "out beyond memory", fd_pwrite(file, AT(&from), 1, 0, BEYOND));
    SHOW(INVAL, "too many pieces", fd_pwrite(file, AT(&from), 1025, 0, AT(&out)));
    SHOW(NOTCAPABLE, "without the right to seek", fd_pwrite(open(DATA, "one", 0, R_WRITE), AT(&from), 1, 0, AT(&out)));
    SHOW(NOTCAPABLE, "standard output", fd_pwrite(1, AT(&from), 1, 0, AT(&out)));
    SHOW(ISDIR, "a directory", fd_pwrite(DATA, AT(&from), 1, 0, AT(&out)));
    SHOW(BADF, "not open", fd_pwrite(NO_FD, AT(&from), 1, 0, AT(&out)));
    fd_close(file);
    TEXT("coXYentXY", "what is there", room, get(DATA, "one"));
}
