// Paths that no function takes, whatever it does with them.
#pragma once

#include "show.h"

static char long_path[5000];

// BAD_PATHS(call) with `call` in terms of a path's address and length, `a` and `l`.
#define BAD_PATHS(call)                                                                 \
    do {                                                                                \
        u32 a, l;                                                                       \
        for (u32 i = 0; i < sizeof long_path; i++) long_path[i] = 'a';                  \
        a = AT(""), l = 0, show("empty", call);                                         \
        a = AT("/one"), l = 4, show("absolute", call);                                  \
        a = AT("../data/one"), l = 11, show("leads out", call);                         \
        a = AT("sub/../../one"), l = 13, show("leads out in the middle", call);         \
        a = AT(".."), l = 2, show("leads out by itself", call);                         \
        a = AT("on\0e"), l = 4, show("holds a NUL", call);                              \
        a = AT("\xff\xfe"), l = 2, show("is no UTF-8", call);                           \
        a = AT("\xed\xa0\x80"), l = 3, show("holds half of a surrogate", call);         \
        a = AT(long_path), l = sizeof long_path, show("is too long", call);             \
        a = BEYOND - 3, l = 4 + 1, show("lies beyond memory", call);                    \
        a = 16, l = UINT32_MAX, show("is longer than memory", call);                    \
    } while (0)
