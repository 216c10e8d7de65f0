/* The guest's contract with Inlay, ABI version 1: what a function imports and what it exports.
 *
 * A function is a core WebAssembly module with one 32-bit memory, exported as "memory", and the export
 *
 *     inlay_handle: () -> i32         0: the invocation succeeded; anything else: it failed with that code
 *
 * and, optionally, `_initialize: () -> ()`, which runs first. Each request gets a fresh instance.
 *
 * Data is not handed over: it is mapped. A *source* is something with bytes (the request body, an object); a *window* is a
 * piece of a source, or of new output, that lies in the guest's own memory at `address`, as ordinary pointers see it.
 * Input windows are read-only: a store into one ends the invocation, unless it was mapped private. Output windows are written
 * once and then respond or publish by reference. Windows stay valid until moved, unmapped or until the invocation ends.
 *
 * Every function returns a value >= 0 (its meaning stands with it) or one of the negative codes below. All integers are
 * little-endian; structures have the layout that C gives them on wasm32, with no hidden padding.
 *
 * Effects (published objects) are staged and take effect together when inlay_handle returns 0, before the client is answered.
 *
 * Allocators: the host grows memory behind the guest's heap. An allocator that takes everything up to memory.size for its own
 * must have allocated once before the first window; the SDKs see to it. Do not link with a small --max-memory.
 */
#ifndef INLAY_H
#define INLAY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __wasm__
#define INLAY_IMPORT(name) __attribute__((import_module("inlay"), import_name(#name)))
#define INLAY_EXPORT(name) __attribute__((export_name(#name)))
#else
#define INLAY_IMPORT(name)
#define INLAY_EXPORT(name)
#endif

#define INLAY_ABI_VERSION 1

enum inlay_error {
    INLAY_E_ABSENT = -1,         /* there is no such part, object or window */
    INLAY_E_ARGUMENT = -2,       /* an argument has a value that is not allowed */
    INLAY_E_POINTER = -3,        /* a pointer and length do not lie inside the guest's memory */
    INLAY_E_RANGE = -4,          /* offset and length do not lie inside the source */
    INLAY_E_NO_ROOM = -5,        /* no address space is left below 4 GiB for this window: unmap, or map a smaller piece */
    INLAY_E_LIMIT = -6,          /* a limit of the invocation is reached (docs/limits.md) */
    INLAY_E_NAME = -7,           /* the name of a bucket, object or header is not allowed */
    INLAY_E_DENIED = -8,         /* not allowed here */
    INLAY_E_IO = -9,             /* the host could not read or write; the host's log says why */
    INLAY_E_TWICE = -10,         /* what can be done once was done already */
    INLAY_E_CALLEE = -11         /* the function that was called did not complete; its result says how */
};

/* A source of bytes. `id` is its name in later calls. 16 bytes. */
typedef struct inlay_source {
    uint32_t id;
    uint32_t reserved;           /* 0 */
    uint64_t size;               /* bytes */
} inlay_source;

/* A piece of memory: pointer and length. 8 bytes. */
typedef struct inlay_range {
    uint32_t address;
    uint32_t length;             /* bytes */
} inlay_range;

/* What the invocation has cost so far. 32 bytes. */
typedef struct inlay_cost_counts {
    uint64_t mapped;             /* bytes of windows mapped */
    uint64_t copied;             /* content bytes copied by the CPU on their way to, through or out of this function */
    uint64_t windows;            /* windows mapped now */
    uint64_t reserved;           /* 0 */
} inlay_cost_counts;

/* ---- the request's parts -------------------------------------------------------------------------------------- */

enum inlay_part {
    INLAY_PART_METHOD = 1,       /* "GET" */
    INLAY_PART_PATH = 2,         /* the request's path as it came, percent-encoded, without the query */
    INLAY_PART_REST = 3,         /* what follows /f/NAME in the path: empty or begins with "/" */
    INLAY_PART_QUERY = 4,        /* the raw query without "?" */
    INLAY_PART_PARAMETER = 5,    /* by name: the first query parameter of that name, decoded ("+" is a space) */
    INLAY_PART_HEADER = 6,       /* by name, in any case: the field's value; several are joined by ", " */
    INLAY_PART_ENV = 7,          /* by name: a variable given at deploy */
    INLAY_PART_FUNCTION = 8,     /* the function's own name */
    INLAY_PART_INVOCATION = 9    /* an identifier of this invocation, as the log shows it */
};

/* Writes a part into `buffer` and returns its length in bytes. When that is more than `capacity`, nothing is written: call
 * again with room. `name` and `name_length` are used by the parts that say "by name" and ignored otherwise.
 * Errors: ABSENT, ARGUMENT (unknown part), POINTER. */
INLAY_IMPORT(request) int32_t inlay_request(uint32_t part, const char* name, uint32_t name_length, char* buffer,
                                            uint32_t capacity);

/* ---- sources and windows ---------------------------------------------------------------------------------------- */

/* Describes the request body, of a call its first input; a request without one has a body of size 0. Returns 0. Errors: POINTER, DENIED (a stream's body is
 * received). */
INLAY_IMPORT(body) int32_t inlay_body(inlay_source* out);

/* Describes an input: of a call those that the caller gave, from 0 on; of any other request the body is input 0, and there is no
 * other. Returns 0. Errors: ABSENT, POINTER, DENIED (a stream's body is received). */
INLAY_IMPORT(call_input) int32_t inlay_call_input(uint32_t index, inlay_source* out);

/* Opens the current version of the object "BUCKET/KEY". Later writes do not show through. Returns 0.
 * Errors: ABSENT, NAME, POINTER, LIMIT, IO. */
INLAY_IMPORT(open) int32_t inlay_open(const char* name, uint32_t name_length, inlay_source* out);

/* Describes what a descriptor of WASI preview 1 reads: a file that was opened, or standard input, which is the body. What has been written to it
 * is no source. Returns 0. Errors: ABSENT (no such descriptor, a directory, written), DENIED (not open for reading), POINTER. */
INLAY_IMPORT(fd_source) int32_t inlay_fd_source(uint32_t fd, inlay_source* out);

enum inlay_map_flags {
    INLAY_MAP_RANDOM = 1,        /* access will jump about: bring in only the pages that are touched */
    INLAY_MAP_PRIVATE = 2        /* writable: what is written is the function's own, and seen by nobody else */
};

/* Maps [offset, offset + length) of a source and writes the window to `out`. At least 64 bytes after it are readable; what they
 * hold is not said. `address` has the alignment of `offset` within 4 KiB; of what another function has handed over, that of the
 * place in its giver's pages, if that was mapped there. It stays until inlay_move.
 * Pieces below the copy threshold (16 KiB) are copied instead, counted. Length 0 gives address 0. A private window counts
 * with its whole length as the function's own memory while it is mapped (LIMIT when that is more than it may have). Returns 0.
 * Errors: ABSENT (source), ARGUMENT (flags), POINTER, RANGE, NO_ROOM, LIMIT, IO. */
INLAY_IMPORT(map) int32_t inlay_map(uint32_t source, uint64_t offset, uint64_t length, uint32_t flags, inlay_range* out);

/* Moves the window at `address` over its source, so that it shows [offset, offset + length) instead, mapped as it was, and
 * writes where it lies now to `out`: in the same place, and for less than a new window costs, when the length is the same, at
 * least 16 KiB, and the offset has moved by a multiple of 2 MiB. So a source of any size is seen in constant address space.
 * What was written into a private window is lost. After NO_ROOM, LIMIT and IO the window is gone; after other errors it is as it
 * was. Returns 0.
 * Errors: ABSENT (no window of a source begins there), POINTER, RANGE, NO_ROOM, LIMIT, IO. */
INLAY_IMPORT(move) int32_t inlay_move(uint32_t address, uint64_t offset, uint64_t length, inlay_range* out);

/* Asks for a piece of a source to be read in from disk (at most 64 MiB of it), without waiting: a later window of it finds its
 * bytes in memory. Returns 0. Errors: ABSENT (source), RANGE. */
INLAY_IMPORT(prefetch) int32_t inlay_prefetch(uint32_t source, uint64_t offset, uint64_t length);

/* Makes a writable output window of `length` bytes, all zero. Returns 0. Errors: ARGUMENT (length 0), POINTER, NO_ROOM, LIMIT, IO. */
INLAY_IMPORT(output) int32_t inlay_output(uint64_t length, inlay_range* out);

/* Takes a window away. `address` is that of the window; its memory must not be touched afterwards. What was responded or
 * published from it is not lost. Returns 0. Errors: ABSENT, IO. */
INLAY_IMPORT(unmap) int32_t inlay_unmap(uint32_t address);

/* Lets a source go, which then counts no more (LIMIT). Windows of it stay, but cannot be moved. Its id is not given again. Returns 0.
 * Errors: ABSENT. */
INLAY_IMPORT(close) int32_t inlay_close(uint32_t source);

/* Gives the next piece of the request body, read-only, wherever the body is: of a stream as it comes, else in windows of up to
 * 2 MiB. Length 0, address 0: the body has ended. The piece is valid until the next call; it is not unmapped or moved. Waits for
 * the client, whose time to move is limited. Returns 0. Errors: POINTER, NO_ROOM, LIMIT, IO (the client is gone, too slow, or its
 * framing is broken: nothing of this invocation takes effect). */
INLAY_IMPORT(receive) int32_t inlay_receive(inlay_range* out);

/* ---- the response and effects ------------------------------------------------------------------------------------ */

/* Sets the status, 200 to 599 but not 1xx; 200 without this call. Returns 0. Errors: ARGUMENT, TWICE (after inlay_send). */
INLAY_IMPORT(status) int32_t inlay_status(uint32_t status);

/* Adds a response field. Connection, Keep-Alive, Content-Length, Date, TE, Trailer, Transfer-Encoding, Upgrade and Inlay-* are
 * the host's: DENIED. Content-Type can be set once, and nothing after inlay_send: TWICE. Without it, a response with content is application/octet-stream.
 * Returns 0. Errors: NAME, ARGUMENT (value with CR, LF, NUL), DENIED, POINTER, LIMIT, TWICE. */
INLAY_IMPORT(header) int32_t inlay_header(const char* name, uint32_t name_length, const char* value, uint32_t value_length);

/* The response's content: the ranges one after the other; none, or empty ones, make an empty response. Ranges inside windows
 * leave by reference, from their pages: what an output window holds when inlay_handle returns is what leaves. Ranges of the
 * guest's own memory, private windows among it, are copied now, counted. Once. Returns 0. Errors: POINTER, LIMIT, TWICE, IO. */
INLAY_IMPORT(respond) int32_t inlay_respond(const inlay_range* ranges, uint32_t count);

/* Sends the ranges, one after the other, as the next part of the response; the head goes with the first part, so status and fields
 * are set before. Of a stream it leaves now, and the ranges may be written again when this returns: those inside windows leave
 * by reference, those of the guest's own memory are copied, counted. Elsewhere all are copied, counted, and leave at the end. A
 * count of 0 sends the head alone. Returns 0. Errors: POINTER, LIMIT, TWICE (after inlay_respond), DENIED (a response with this
 * status has no content), IO (the client is gone or too slow: nothing of this invocation takes effect). */
INLAY_IMPORT(send) int32_t inlay_send(const inlay_range* ranges, uint32_t count);

/* Stages the ranges, one after the other, as the new version of object "BUCKET/KEY"; `content_type` may be empty. One range from
 * the start of an output window, of the body or of an object is published by reference; anything else is copied now, counted.
 * Returns 0.
 * Errors: NAME, ARGUMENT (content type), POINTER, LIMIT, IO. */
INLAY_IMPORT(publish) int32_t inlay_publish(const char* name, uint32_t name_length, const char* content_type,
                                            uint32_t content_type_length, const inlay_range* ranges, uint32_t count);

/* ---- calls of other functions ------------------------------------------------------------------------------------ */

enum inlay_ending {
    INLAY_ENDING_COMPLETED = 0,
    INLAY_ENDING_FAILED = 1,     /* its inlay_handle returned another value than 0 */
    INLAY_ENDING_TRAPPED = 2,
    INLAY_ENDING_TIMED_OUT = 3,
    INLAY_ENDING_REFUSED = 4     /* it did not run: a limit of its own, or the host's state */
};

/* What a call has come to. 32 bytes. */
typedef struct inlay_result {
    uint32_t ending;             /* inlay_ending */
    int32_t code;                /* FAILED: what inlay_handle returned */
    uint32_t status;             /* COMPLETED: of the response, else 0 */
    uint32_t first;              /* the pieces of the response's content are the sources first, first + 1, ..., */
    uint32_t count;              /* so many. Not COMPLETED: one, a text that says why. */
    uint32_t reserved;           /* 0 */
    uint64_t size;               /* bytes of all pieces */
} inlay_result;

/* Calls another function, waits until it has ended, and writes what has come of it to `out`. Its inputs are the ranges, one source
 * each: those inside windows are handed over where they lie, and an output window is final from then on (a store into it ends the
 * invocation); those of the guest's own memory, private windows among it, are copied, counted. It sees POST /f/NAME with this query,
 * which may be empty, and no fields. What it stages takes effect with what this function stages. It has no more time than is left
 * here. Returns 0, or CALLEE with a result that says why there is none.
 * Errors: NAME, ABSENT (no such function), POINTER, LIMIT (also of what it would give back), DENIED (an isolated one, and it can have no process), IO, CALLEE. */
INLAY_IMPORT(call) int32_t inlay_call(const char* name, uint32_t name_length, const char* query, uint32_t query_length,
                                      const inlay_range* inputs, uint32_t count, inlay_result* out);

/* Has another function called, as inlay_call does, and does not wait for it: it runs beside this one, where there is room for that, or
 * while this one waits. Returns its number, >= 0. What was not waited for when this function ends is ended, and has no effect.
 * Errors: NAME, POINTER, LIMIT, DENIED, IO. */
INLAY_IMPORT(spawn) int32_t inlay_spawn(const char* name, uint32_t name_length, const char* query, uint32_t query_length,
                                        const inlay_range* inputs, uint32_t count);

/* Waits until what was spawned with this number has ended, and writes what has come of it to `out`; once for each. Returns 0, or CALLEE as
 * inlay_call does, also for a function that there is not. Errors: ARGUMENT (no such number, or not any more), POINTER, LIMIT, DENIED, CALLEE. */
INLAY_IMPORT(wait) int32_t inlay_wait(uint32_t child, inlay_result* out);

/* The same for the first of these that has ended, or, where `count` is 0, of all that there are. Returns its number, however it has
 * ended. Errors: ARGUMENT (one of the numbers), ABSENT (there are none), POINTER, LIMIT, DENIED. */
INLAY_IMPORT(wait_any) int32_t inlay_wait_any(const uint32_t* children, uint32_t count, inlay_result* out);

/* ---- around ------------------------------------------------------------------------------------------------------ */

enum inlay_log_level { INLAY_LOG_DEBUG = 0, INLAY_LOG_INFO = 1, INLAY_LOG_WARN = 2, INLAY_LOG_ERROR = 3 };

/* Writes one line to the function's log; longer lines are cut. Returns 0. Errors: ARGUMENT (level), POINTER, LIMIT. */
INLAY_IMPORT(log) int32_t inlay_log(uint32_t level, const char* text, uint32_t length);

enum inlay_clock_id { INLAY_CLOCK_WALL = 0, INLAY_CLOCK_MONOTONIC = 1 };

/* Nanoseconds: since 1970 (WALL) or since the invocation began (MONOTONIC), in steps of a millisecond unless the server says otherwise, and
 * up to two steps late. Returns 0. Errors: ARGUMENT, POINTER. */
INLAY_IMPORT(clock) int32_t inlay_clock(uint32_t clock, uint64_t* nanoseconds);

/* Fills up to 64 KiB with random bytes, fit for keys. Returns 0. Errors: POINTER, LIMIT. */
INLAY_IMPORT(random) int32_t inlay_random(void* buffer, uint32_t length);

/* Tells what the invocation has cost so far. Returns 0. Errors: POINTER. */
INLAY_IMPORT(cost) int32_t inlay_cost(inlay_cost_counts* out);

#ifdef __cplusplus
}
#endif

#endif
