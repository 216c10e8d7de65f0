// Does the steps that its arguments say, one after the other: `put a text get a` writes a file and answers with it.
#include "../show.h"

__attribute__((import_module("inlay"), import_name("fd_source"))) int32_t fd_source(u32 fd, u32 out);
__attribute__((import_module("inlay"), import_name("map"))) int32_t map(u32 source, u64 offset, u64 length, u32 flags, u32 out);

static u32 words[512], word;

static int is(const char* step, const char* name) {
    u32 i = 0;
    while (step[i] && step[i] == name[i]) i++;
    return step[i] == name[i];
}

static const char* next(void) { return (const char*)(uintptr_t)words[word++]; }

static void fail_unless(int holds, const char* step) {
    if (holds) return;
    write_text(2, step);
    write_text(2, " failed\n");
    proc_exit(3);
}

// All of a descriptor to standard output.
static void copy(u32 fd) {
    struct iovec one = {AT(room), sizeof room};
    while (fd_read(fd, AT(&one), 1, AT(&out)) == 0 && out > 0) print((const char*)room, out);
}

static void write_file(u32 how, u32 flags) {
    const char* path = next();
    u32 file;
    fail_unless(path_open(DATA, 0, AT(path), length_of(path), how, R_ALL, 0, flags, AT(&file)) == 0, "open");
    fail_unless(write_text(file, next()) == 0, "write");
    fail_unless(fd_close(file) == 0, "close");
}

// Names and how many, of one directory.
static void list(int only_counts) {
    const char* path = next();
    u32 directory, count = 0;
    u64 cookie = 0;
    fail_unless(path_open(DATA, 0, AT(path), length_of(path), DIRECTORY, R_READDIR, 0, 0, AT(&directory)) == 0, "open");
    do {
        fail_unless(fd_readdir(directory, AT(room), sizeof room, cookie, AT(&out)) == 0, "readdir");
        for (u32 at = 0; at + 24 <= out && at + 24 + room[at + 16] <= out; at += 24 + room[at + 16]) {
            cookie = u64_at(room + at);
            count++;
            if (only_counts) continue;
            print((const char*)room + at + 24, room[at + 16]);
            print(room[at + 20] == 3 ? "/ " : " ", room[at + 20] == 3 ? 2 : 1);
        }
    } while (out == sizeof room);
    print_number(count);
}

// What a file holds by reference: nothing of it is copied.
static void map_file(void) {
    struct {
        u32 id, flags;
        u64 size;
    } source;
    struct iovec window;
    const u32 file = open(DATA, next(), 0, R_READS);
    fail_unless(fd_source(file, AT(&source)) == 0, "fd_source");
    fail_unless(map(source.id, 0, source.size, 0, AT(&window)) == 0, "map");
    fail_unless(fd_write(1, AT(&window), 1, AT(&out)) == 0, "write");
}

static void move(void) {
    const char *from = next(), *to = next();
    fail_unless(path_rename(DATA, AT(from), length_of(from), DATA, AT(to), length_of(to)) == 0, "move");
}

// Small files one after the other, until it may write no more; prints how many.
static void write_many(void) {
    u32 wanted = 0, made = 0, file;
    for (const char* digit = next(); *digit; digit++) wanted = wanted * 10 + (u32)(*digit - '0');
    for (; made < wanted; made++) {
        char name[] = {'m', (char)('0' + made / 1000 % 10), (char)('0' + made / 100 % 10), (char)('0' + made / 10 % 10), (char)('0' + made % 10)};
        if (path_open(DATA, 0, AT(name), sizeof name, CREATE, R_ALL, 0, 0, AT(&file)) != 0) break;
        if (write_text(file, "text") != 0 || fd_close(file) != 0) break;
    }
    print_number(made);
}

static void variables(void) {
    static u32 each[256];
    u32 count;
    static u8 texts[8192];
    fail_unless(environ_sizes_get(AT(&count), AT(&out)) == 0 && environ_get(AT(each), AT(texts)) == 0, "environ");
    for (u32 i = 0; i < count; i++) {
        print((const char*)(uintptr_t)each[i], length_of((const char*)(uintptr_t)each[i]));
        print("\n", 1);
    }
}

static void sleep_a_while(void) {
    u64 wanted[6] = {0, 0, 1, 20000000, 0, 0};
    u64 event[4];
    fail_unless(poll_oneoff(AT(wanted), AT(event), 1, AT(&out)) == 0, "poll");
}

static void run(const char* step) {
    if (is(step, "put")) return write_file(CREATE | TRUNCATE, 0);
    if (is(step, "add")) return write_file(CREATE, APPEND);
    if (is(step, "get")) return copy(open(DATA, next(), 0, R_READS));
    if (is(step, "copy")) return copy(0);
    if (is(step, "map")) return map_file();
    if (is(step, "move")) return move();
    if (is(step, "list")) return list(0);
    if (is(step, "count")) return list(1);
    if (is(step, "many")) return write_many();
    if (is(step, "env")) return variables();
    if (is(step, "sleep")) return sleep_a_while();
    if (is(step, "trap")) __builtin_trap();
    const char* text = next();
    if (is(step, "say")) return print(text, length_of(text));
    if (is(step, "warn")) return (void)write_text(2, text);
    if (is(step, "unlink")) return fail_unless(path_unlink_file(DATA, AT(text), length_of(text)) == 0, "unlink");
    if (is(step, "exit")) proc_exit((u32)(text[0] - '0'));
    fail_unless(0, step);
}

void _start(void) {
    static u8 texts[32768];
    u32 count;
    if (args_sizes_get(AT(&count), AT(&out)) != 0 || count > 511 || out > sizeof texts || args_get(AT(words), AT(texts)) != 0) proc_exit(2);
    word = 1;
    while (word < count) run(next());
}
