// For programs that show one function of WASI preview 1 each: all 46 as raw imports, with addresses as plain numbers so that bad ones can be given, and
// ways to print what they gave. wasi_test.py compares the lines with the first argument of each SHOW, NUMBER and TEXT.
//
// No libc, so that the compiler of the examples is enough. /data is descriptor 3 and may be written, /fixed is 4 and may not; both hold `one`, which is
// "content", and `sub/two`.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define CALL(name, ...) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) u32 name(__VA_ARGS__)

CALL(args_get, u32 pointers, u32 bytes);
CALL(args_sizes_get, u32 count, u32 size);
CALL(environ_get, u32 pointers, u32 bytes);
CALL(environ_sizes_get, u32 count, u32 size);
CALL(clock_res_get, u32 clock, u32 out);
CALL(clock_time_get, u32 clock, u64 precision, u32 out);
CALL(fd_advise, u32 fd, u64 offset, u64 length, u32 advice);
CALL(fd_allocate, u32 fd, u64 offset, u64 length);
CALL(fd_close, u32 fd);
CALL(fd_datasync, u32 fd);
CALL(fd_fdstat_get, u32 fd, u32 out);
CALL(fd_fdstat_set_flags, u32 fd, u32 flags);
CALL(fd_fdstat_set_rights, u32 fd, u64 rights, u64 inheriting);
CALL(fd_filestat_get, u32 fd, u32 out);
CALL(fd_filestat_set_size, u32 fd, u64 size);
CALL(fd_filestat_set_times, u32 fd, u64 accessed, u64 modified, u32 flags);
CALL(fd_pread, u32 fd, u32 list, u32 count, u64 offset, u32 out);
CALL(fd_prestat_get, u32 fd, u32 out);
CALL(fd_prestat_dir_name, u32 fd, u32 to, u32 length);
CALL(fd_pwrite, u32 fd, u32 list, u32 count, u64 offset, u32 out);
CALL(fd_read, u32 fd, u32 list, u32 count, u32 out);
CALL(fd_readdir, u32 fd, u32 to, u32 length, u64 cookie, u32 out);
CALL(fd_renumber, u32 from, u32 to);
CALL(fd_seek, u32 fd, u64 offset, u32 whence, u32 out);
CALL(fd_sync, u32 fd);
CALL(fd_tell, u32 fd, u32 out);
CALL(fd_write, u32 fd, u32 list, u32 count, u32 out);
CALL(path_create_directory, u32 fd, u32 path, u32 length);
CALL(path_filestat_get, u32 fd, u32 lookup, u32 path, u32 length, u32 out);
CALL(path_filestat_set_times, u32 fd, u32 lookup, u32 path, u32 length, u64 accessed, u64 modified, u32 flags);
CALL(path_link, u32 from_fd, u32 lookup, u32 from, u32 from_length, u32 to_fd, u32 to, u32 to_length);
CALL(path_open, u32 fd, u32 lookup, u32 path, u32 length, u32 how, u64 rights, u64 inheriting, u32 flags, u32 out);
CALL(path_readlink, u32 fd, u32 path, u32 length, u32 to, u32 room, u32 out);
CALL(path_remove_directory, u32 fd, u32 path, u32 length);
CALL(path_rename, u32 from_fd, u32 from, u32 from_length, u32 to_fd, u32 to, u32 to_length);
CALL(path_symlink, u32 target, u32 target_length, u32 fd, u32 path, u32 length);
CALL(path_unlink_file, u32 fd, u32 path, u32 length);
CALL(poll_oneoff, u32 subscriptions, u32 events, u32 count, u32 out);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void proc_exit(u32 code);
CALL(proc_raise, u32 signal);
CALL(random_get, u32 to, u32 length);
CALL(sched_yield, void);
CALL(sock_accept, u32 fd, u32 flags, u32 out);
CALL(sock_recv, u32 fd, u32 list, u32 count, u32 flags, u32 size, u32 out_flags);
CALL(sock_send, u32 fd, u32 list, u32 count, u32 flags, u32 size);
CALL(sock_shutdown, u32 fd, u32 how);

enum { CREATE = 1, DIRECTORY = 2, EXCLUSIVE = 4, TRUNCATE = 8 };
enum { APPEND = 1 };
enum { SET = 0, CURRENT = 1, END = 2 };
enum { DATA = 3, FIXED = 4, NO_FD = 77 };
#define R_READ (1u << 1)
#define R_SEEK (1u << 2)
#define R_SET_FLAGS (1u << 3)
#define R_TELL (1u << 5)
#define R_WRITE (1u << 6)
#define R_READDIR (1u << 14)
#define R_POLL (1u << 27)
#define R_ALL ((1u << 28) - 1)
#define R_READS (R_ALL & ~(R_WRITE | 1u << 0 | 1u << 4 | 1u << 8 | 1u << 22 | 1u << 23))

// An address, and a text as an address and a length.
#define AT(thing) ((u32)(uintptr_t)(thing))
#define PATH(text) AT(text), sizeof(text) - 1
// The first address behind all memory.
#define BEYOND ((u32)(__builtin_wasm_memory_size(0) << 16))

struct iovec {
    u32 address, length;
};

static u32 out;
static u64 out64;
static u8 room[4096];

static inline u32 length_of(const char* text) {
    u32 length = 0;
    while (text[length]) length++;
    return length;
}

static inline void print(const char* text, u32 length) {
    struct iovec one = {AT(text), length};
    u32 written;
    fd_write(1, AT(&one), 1, AT(&written));
}

static inline void print_number(u64 number) {
    char digits[20];
    u32 at = sizeof digits;
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    print(digits + at, sizeof digits - at);
}

static inline void print_claim(const char* claim) {
    print(claim, length_of(claim));
    print(": ", 2);
}

static inline void show(const char* claim, u32 code) {
    static const char kNames[77][15] = {
        [0] = "SUCCESS",  [1] = "2BIG",      [8] = "BADF",      [10] = "BUSY",    [19] = "DQUOT",  [20] = "EXIST",    [21] = "FAULT",  [22] = "FBIG",
        [25] = "ILSEQ",   [28] = "INVAL",    [29] = "IO",       [31] = "ISDIR",   [33] = "MFILE",  [37] = "NAMETOOLONG", [44] = "NOENT", [51] = "NOSPC",
        [54] = "NOTDIR",  [55] = "NOTEMPTY", [57] = "NOTSOCK",  [58] = "NOTSUP",  [61] = "OVERFLOW", [69] = "ROFS",   [70] = "SPIPE",  [76] = "NOTCAPABLE"};
    print_claim(claim);
    if (code < 77 && kNames[code][0])
        print(kNames[code], length_of(kNames[code]));
    else
        print_number(code);
    print("\n", 1);
}

static inline void show_number(const char* claim, u64 number) {
    print_claim(claim);
    print_number(number);
    print("\n", 1);
}

static inline void show_text(const char* claim, const void* text, u32 length) {
    print_claim(claim);
    print(text, length);
    print("\n", 1);
}

#define SHOW(code, claim, call) show(claim, call)
#define NUMBER(value, claim, number) show_number(claim, number)
#define TEXT(value, claim, text, length) show_text(claim, text, length)

// A descriptor of what must be there or can be made. Ends the program where it cannot.
static inline u32 open(u32 fd, const char* path, u32 how, u64 rights) {
    u32 opened;
    const u32 code = path_open(fd, 0, AT(path), length_of(path), how, rights, rights, 0, AT(&opened));
    if (code != 0) {
        show(path, code);
        proc_exit(99);
    }
    return opened;
}

static inline u32 write_text(u32 fd, const char* text) {
    struct iovec one = {AT(text), length_of(text)};
    u32 written;
    return fd_write(fd, AT(&one), 1, AT(&written));
}

// Makes a file of that content, or ends.
static inline void put(u32 fd, const char* path, const char* text) {
    const u32 file = open(fd, path, CREATE | TRUNCATE, R_ALL);
    if (write_text(file, text) != 0 || fd_close(file) != 0) proc_exit(98);
}

// The first bytes of a file to `room`: how many.
static inline u32 get(u32 fd, const char* path) {
    const u32 file = open(fd, path, 0, R_READS);
    struct iovec one = {AT(room), sizeof room};
    u32 read = 0;
    if (fd_read(file, AT(&one), 1, AT(&read)) != 0 || fd_close(file) != 0) proc_exit(97);
    return read;
}

static inline u64 u64_at(const u8* at) {
    u64 value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

// wasm-ld's name for where a command begins.
void _start(void);
