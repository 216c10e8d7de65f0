// Cuts a file, or makes it longer by zeros; what was cut off does not come back.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "one", 0, R_ALL);
    SHOW(SUCCESS, "shorter", fd_filestat_set_size(file, 3));
    SHOW(SUCCESS, "longer", fd_filestat_set_size(file, 6));
    struct iovec to = {AT(room), 100};
    SHOW(SUCCESS, "read it", fd_read(file, AT(&to), 1, AT(&out)));
    NUMBER(6, "as long", out);
    TEXT("con", "what was left", room, 3);
    NUMBER(0, "zeros", room[3] | room[4] | room[5]);
    SHOW(SUCCESS, "large", fd_filestat_set_size(file, 3 << 20));
    SHOW(SUCCESS, "small again", fd_filestat_set_size(file, 1));
    SHOW(FBIG, "negative", fd_filestat_set_size(file, (u64)-1));
    SHOW(DQUOT, "more than outputs may have", fd_filestat_set_size(file, INT64_MAX));
    SHOW(NOTCAPABLE, "without the right", fd_filestat_set_size(open(DATA, "one", 0, R_WRITE), 0));
    SHOW(NOTCAPABLE, "standard input", fd_filestat_set_size(0, 0));
    SHOW(NOTCAPABLE, "a directory", fd_filestat_set_size(DATA, 0));
    SHOW(BADF, "not open", fd_filestat_set_size(NO_FD, 0));
    fd_close(file);
    TEXT("c", "what is there", room, get(DATA, "one"));
}
