// Rights can be given away, and not be had again.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "one", 0, R_READS);
    struct iovec to = {AT(room), 1};
    fd_fdstat_get(file, AT(room));
    const u64 rights = u64_at(room + 8);
    SHOW(SUCCESS, "as they are", fd_fdstat_set_rights(file, rights, 0));
    SHOW(SUCCESS, "fewer", fd_fdstat_set_rights(file, rights & ~(u64)R_READ, 0));
    SHOW(NOTCAPABLE, "what was given away is refused", fd_read(file, AT(&to), 1, AT(&out)));
    SHOW(NOTCAPABLE, "and cannot be had again", fd_fdstat_set_rights(file, rights, 0));
    SHOW(NOTCAPABLE, "nor what never was", fd_fdstat_set_rights(file, UINT64_MAX, 0));
    SHOW(NOTCAPABLE, "nor to hand on", fd_fdstat_set_rights(file, 0, 1));
    fd_fdstat_get(DATA, AT(room));
    const u64 base = u64_at(room + 8), inheriting = u64_at(room + 16);
    SHOW(SUCCESS, "of a directory: none to write what is opened in it", fd_fdstat_set_rights(DATA, base, inheriting & ~(u64)R_WRITE));
    SHOW(NOTCAPABLE, "write it", write_text(open(DATA, "one", 0, R_ALL), "x"));
    SHOW(SUCCESS, "none to make files", fd_fdstat_set_rights(DATA, base & ~((u64)1 << 10), 0));
    SHOW(NOTCAPABLE, "make one", path_open(DATA, 0, PATH("fresh"), CREATE, R_WRITE, 0, 0, AT(&out)));
    SHOW(SUCCESS, "none at all", fd_fdstat_set_rights(DATA, 0, 0));
    SHOW(NOTCAPABLE, "open", path_open(DATA, 0, PATH("one"), 0, R_READ, 0, 0, AT(&out)));
    SHOW(NOTCAPABLE, "look", path_filestat_get(DATA, 0, PATH("one"), AT(room)));
    SHOW(BADF, "not open", fd_fdstat_set_rights(NO_FD, 0, 0));
}
