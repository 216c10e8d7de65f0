// The arguments, whatever bytes they hold, lie where they are asked for.
#include "show.h"

void _start(void) {
    static u32 pointers[8];
    SHOW(SUCCESS, "all", args_get(AT(pointers), AT(room)));
    const char* second = (const char*)(uintptr_t)pointers[1];
    TEXT("args_get", "the first is the function's name", (const char*)(uintptr_t)pointers[0], length_of((const char*)(uintptr_t)pointers[0]));
    TEXT("zwei drei", "a blank", (const char*)(uintptr_t)pointers[1], length_of(second));
    TEXT("&=%+ü", "bytes that mean something in a query", (const char*)(uintptr_t)pointers[2], length_of((const char*)(uintptr_t)pointers[2]));
    NUMBER(0, "an empty one", *(const u8*)(uintptr_t)pointers[3]);
    SHOW(FAULT, "pointers beyond memory", args_get(BEYOND - 4, AT(room)));
    SHOW(FAULT, "bytes beyond memory", args_get(AT(pointers), BEYOND - 4));
    SHOW(FAULT, "pointers that wrap", args_get(UINT32_MAX - 3, AT(room)));
    SHOW(FAULT, "bytes that wrap", args_get(AT(pointers), UINT32_MAX));
}
