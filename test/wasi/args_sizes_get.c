// How many arguments there are, and how long they are with their ends.
#include "show.h"

void _start(void) {
    u32 count = 0, size = 0;
    SHOW(SUCCESS, "both", args_sizes_get(AT(&count), AT(&size)));
    NUMBER(4, "with the function's name", count);
    NUMBER(33, "bytes", size);
    SHOW(FAULT, "count beyond memory", args_sizes_get(BEYOND - 3, AT(&size)));
    SHOW(FAULT, "size beyond memory", args_sizes_get(AT(&count), BEYOND));
}
