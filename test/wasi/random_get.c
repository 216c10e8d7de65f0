// Random bytes, up to a bound.
#include "show.h"

static u8 many[1 << 20];

void _start(void) {
    SHOW(SUCCESS, "some", random_get(AT(room), 64));
    u32 zeros = 0;
    for (u32 i = 0; i < 64; i++) zeros += room[i] == 0;
    NUMBER(1, "not all the same", zeros < 32);
    SHOW(SUCCESS, "nothing", random_get(AT(room), 0));
    SHOW(SUCCESS, "as many as may be", random_get(AT(many), sizeof many));
    NUMBER(1, "to the end", (u64_at(many + sizeof many - 8) | u64_at(many + sizeof many - 16)) != 0);
    SHOW(INVAL, "one more", random_get(AT(many), sizeof many + 1));
    SHOW(INVAL, "far too many", random_get(0, UINT32_MAX));
    SHOW(FAULT, "beyond memory", random_get(BEYOND - 63, 64));
    SHOW(FAULT, "wrapping", random_get(UINT32_MAX, 64));
}
