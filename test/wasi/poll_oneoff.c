// Waits for clocks; files are always ready.
#include "show.h"

struct subscription {
    u64 user, tag;
    u32 id;
    u64 timeout, precision;
    uint16_t flags;
};
struct event {
    u64 user;
    uint16_t error;
    u8 tag;
    u64 bytes;
    uint16_t flags;
};
_Static_assert(sizeof(struct subscription) == 48 && sizeof(struct event) == 32, "as WASI has them");

enum { CLOCK = 0, READS = 1, WRITES = 2, ABSOLUTE = 1 };
static struct subscription asked[1025];
static struct event told[1025];

static u32 poll(u32 count) { return poll_oneoff(AT(asked), AT(told), count, AT(&out)); }

static u64 now(void) {
    u64 time = 0;
    clock_time_get(1, 0, AT(&time));
    return time;
}

static void clocks(void) {
    const u64 before = now();
    asked[0] = (struct subscription){.user = 7, .tag = CLOCK, .id = 1, .timeout = 30000000};
    SHOW(SUCCESS, "a clock", poll(1));
    NUMBER(1, "its time has passed", now() - before >= 29000000);
    NUMBER(7, "whose it is", told[0].user);
    NUMBER(1, "one event", out);
    asked[0] = (struct subscription){.tag = CLOCK, .id = 1, .timeout = now() + 20000000, .flags = ABSOLUTE};
    SHOW(SUCCESS, "an absolute time", poll(1));
    NUMBER(1, "not before", now() >= asked[0].timeout - 1000000);
    const u64 begin = now();
    asked[0].timeout = begin / 2;
    SHOW(SUCCESS, "one long ago", poll(1));
    NUMBER(1, "at once", now() - begin < begin / 2);
    asked[0] = (struct subscription){.tag = CLOCK, .id = 9, .timeout = 1};
    SHOW(SUCCESS, "no such clock", poll(1));
    NUMBER(28, "is told as that event's error", told[0].error);
    asked[0] = (struct subscription){.user = 1, .tag = CLOCK, .id = 1, .timeout = UINT64_MAX};
    asked[1] = (struct subscription){.user = 2, .tag = CLOCK, .id = 1, .timeout = 1000000};
    SHOW(SUCCESS, "the first of two", poll(2));
    NUMBER(2, "is the shorter one", told[0].user);
}

static void files(void) {
    asked[0] = (struct subscription){.user = 1, .tag = READS, .id = open(DATA, "one", 0, R_READS)};
    asked[1] = (struct subscription){.user = 2, .tag = WRITES, .id = 1};
    asked[2] = (struct subscription){.user = 3, .tag = CLOCK, .id = 1, .timeout = UINT64_MAX};
    asked[3] = (struct subscription){.user = 4, .tag = READS, .id = NO_FD};
    asked[4] = (struct subscription){.user = 5, .tag = WRITES, .id = 0};
    SHOW(SUCCESS, "files, and a clock that would never come", poll(5));
    NUMBER(4, "all but the clock", out);
    NUMBER(7, "bytes to read", told[0].bytes);
    NUMBER(8, "not open", told[2].error);
    NUMBER(76, "not to be written", told[3].error);
}

void _start(void) {
    clocks();
    files();
    SHOW(INVAL, "nothing", poll(0));
    SHOW(INVAL, "one more than may be", poll(1025));
    SHOW(INVAL, "far too many", poll(UINT32_MAX));
    asked[0].tag = 3;
    SHOW(INVAL, "no such kind", poll(1));
    asked[0].tag = READS;
    SHOW(FAULT, "subscriptions beyond memory", poll_oneoff(BEYOND - 47, AT(told), 1, AT(&out)));
    SHOW(FAULT, "events beyond memory", poll_oneoff(AT(asked), BEYOND - 31, 1, AT(&out)));
    SHOW(FAULT, "out beyond memory", poll_oneoff(AT(asked), AT(told), 1, BEYOND - 3));
}
