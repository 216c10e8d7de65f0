// Nothing to do: what is written is durable when the answer is sent.
#include "show.h"

void _start(void) {
    const u32 file = open(DATA, "fresh", CREATE, R_ALL);
    write_text(file, "text");
    SHOW(SUCCESS, "a file", fd_sync(file));
    SHOW(NOTCAPABLE, "without the right", fd_sync(open(DATA, "one", 0, R_ALL & ~(1u << 4))));
    SHOW(NOTCAPABLE, "opened where nothing can be written", fd_sync(open(FIXED, "one", 0, R_READS)));
    SHOW(NOTCAPABLE, "standard output", fd_sync(1));
    SHOW(BADF, "not open", fd_sync(NO_FD));
    fd_close(file);
    SHOW(BADF, "closed", fd_sync(file));
}
