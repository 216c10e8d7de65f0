// The variables of the deploy, whatever bytes they hold.
#include "show.h"

void _start(void) {
    static u32 pointers[8];
    SHOW(SUCCESS, "all", environ_get(AT(pointers), AT(room)));
    TEXT("PLAIN=text", "plain", (const char*)(uintptr_t)pointers[0], length_of((const char*)(uintptr_t)pointers[0]));
    TEXT("ODD== ü%", "odd bytes", (const char*)(uintptr_t)pointers[1], length_of((const char*)(uintptr_t)pointers[1]));
    TEXT("NOTHING=", "an empty one", (const char*)(uintptr_t)pointers[2], length_of((const char*)(uintptr_t)pointers[2]));
    NUMBER(0, "no more", pointers[3]);
    SHOW(FAULT, "pointers beyond memory", environ_get(BEYOND - 4, AT(room)));
    SHOW(FAULT, "bytes beyond memory", environ_get(AT(pointers), BEYOND - 4));
}
