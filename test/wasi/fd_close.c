// Frees a number for the next file; what was written is there with the last descriptor of it.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "fresh", CREATE, R_ALL);
    const u32 second = open(DATA, "fresh", 0, R_ALL);
    write_text(file, "two");
    SHOW(SUCCESS, "the first", fd_close(file));
    SHOW(BADF, "twice", fd_close(file));
    SHOW(SUCCESS, "write by the second", write_text(second, "to"));
    SHOW(SUCCESS, "the second", fd_close(second));
    TEXT("too", "what both wrote", room, get(DATA, "fresh"));
    NUMBER(1, "the number is the next one's", open(DATA, "one", 0, R_READS) == file);
    SHOW(SUCCESS, "standard input", fd_close(0));
    SHOW(BADF, "nothing is read of it", fd_read(0, 0, 0, AT(&out)));
    SHOW(SUCCESS, "a directory of the deploy", fd_close(FIXED));
    SHOW(BADF, "nothing is opened in it", path_open(FIXED, 0, PATH("one"), 0, R_READ, 0, 0, AT(&out)));
    SHOW(BADF, "never open", fd_close(NO_FD));
    SHOW(BADF, "the last number", fd_close(UINT32_MAX));
}
