// How many variables there are, and how long they are with their ends.
#include "show.h"

void _start(void) {
    u32 count = 0, size = 0;
    SHOW(SUCCESS, "both", environ_sizes_get(AT(&count), AT(&size)));
    NUMBER(3, "those of the deploy", count);
    NUMBER(30, "bytes", size);
    SHOW(FAULT, "count beyond memory", environ_sizes_get(UINT32_MAX, AT(&size)));
    SHOW(FAULT, "size beyond memory", environ_sizes_get(AT(&count), BEYOND - 3));
}
