/* A thin layer over inlay.h for functions in C11: the input, parameters, numbers, text and answers.
 *
 *     #include "inlay_sdk.h"
 *
 *     INLAY_FUNCTION {
 *         inlay_view input;
 *         int32_t code = inlay_input(&input);
 *         if (code < 0) return inlay_fail_parameter(code, "object");
 *         return inlay_respond_bytes("text/plain", input.data, input.size);
 *     }
 *
 * Header-only, without libc and without a heap; compiles as C++ too. Compile with -ffreestanding -mbulk-memory.
 *
 * Functions that may fail return a negative code of enum inlay_error, as those of inlay.h do. Those called
 * inlay_respond_* and inlay_fail* give what the function is to return: 0 when the answer is in place, so that a failure
 * that the client is told about (404, 400 ...) is a successful invocation.
 *
 * Lifetimes: a view of a window is valid until that window is unmapped. Bytes of the guest's own memory that are
 * responded must keep their value until the function returns: use literals or static buffers, not the stack.
 */
#ifndef INLAY_SDK_H
#define INLAY_SDK_H

#include "inlay.h"

/* Begins the definition of the function: INLAY_FUNCTION { ...; return 0; } */
#ifdef __cplusplus
#define INLAY_FUNCTION extern "C" INLAY_EXPORT(inlay_handle) int32_t inlay_handle()
#else
#define INLAY_FUNCTION INLAY_EXPORT(inlay_handle) int32_t inlay_handle(void)
#endif

#define INLAY_REST UINT64_MAX   /* as a length: up to the end of the source */
#define INLAY_NAME_BYTES_MAX 2048 /* the longest "BUCKET/KEY" this layer takes */
#define INLAY_U64_DIGITS_MAX 20

/* A borrowed piece of memory that is only read. */
typedef struct inlay_view {
    const uint8_t* data;
    uint32_t size; /* bytes */
} inlay_view;

/* Text that grows in a buffer of the caller's. What does not fit is left out, and `cut` says so. Begin with
 * {buffer, sizeof buffer, 0, 0}. */
typedef struct inlay_text {
    char* data;
    uint32_t capacity;
    uint32_t size;
    uint32_t cut; /* 1: something did not fit */
} inlay_text;

static inline uint32_t inlay_length(const char* text) {
    uint32_t length = 0;
    while (text[length] != 0) length++;
    return length;
}

/* Where something lies, as ranges say it. Natively, where pointers have 64 bits, the stub host of inlay_testing.h gives it a name. */
#ifdef __wasm__
static inline uint32_t inlay_address_of(const void* data) { return (uint32_t)(uintptr_t)data; }
#else
#ifdef __cplusplus
extern "C"
#endif
uint32_t inlay_address_of(const void* data);
#endif

static inline inlay_range inlay_range_of(const void* data, uint32_t size) {
    inlay_range range = {inlay_address_of(data), size};
    return range;
}

/* ---- text and numbers ------------------------------------------------------------------------------------------- */

static inline void inlay_text_add_byte(inlay_text* text, char byte) {
    if (text->size < text->capacity) {
        text->data[text->size++] = byte;
    } else {
        text->cut = 1;
    }
}

static inline void inlay_text_add_bytes(inlay_text* text, const char* bytes, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) inlay_text_add_byte(text, bytes[i]);
}

static inline void inlay_text_add(inlay_text* text, const char* literal) {
    inlay_text_add_bytes(text, literal, inlay_length(literal));
}

static inline void inlay_text_add_u64(inlay_text* text, uint64_t number) {
    char digits[INLAY_U64_DIGITS_MAX];
    uint32_t begin = INLAY_U64_DIGITS_MAX;
    do {
        digits[--begin] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    inlay_text_add_bytes(text, digits + begin, INLAY_U64_DIGITS_MAX - begin);
}

/* Adds bytes as a JSON string with its quotes. Bytes from 0x80 on pass as they are: UTF-8 stays UTF-8. */
static inline void inlay_text_add_json(inlay_text* text, const char* bytes, uint32_t size) {
    const char* hex = "0123456789abcdef";
    inlay_text_add_byte(text, '"');
    for (uint32_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)bytes[i];
        if (byte == '"' || byte == '\\') {
            inlay_text_add_byte(text, '\\');
            inlay_text_add_byte(text, (char)byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            inlay_text_add(text, "\\u00");
            inlay_text_add_byte(text, hex[byte >> 4]);
            inlay_text_add_byte(text, hex[byte & 15]);
        } else {
            inlay_text_add_byte(text, (char)byte);
        }
    }
    inlay_text_add_byte(text, '"');
}

/* Reads decimal digits and nothing else. Returns 0. Errors: ARGUMENT (empty, another byte, 2^64 or more). */
static inline int32_t inlay_parse_u64(const char* digits, uint32_t length, uint64_t* number) {
    uint64_t value = 0;
    if (length == 0) return INLAY_E_ARGUMENT;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t digit = (uint32_t)(uint8_t)digits[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) return INLAY_E_ARGUMENT;
        value = value * 10 + digit;
    }
    *number = value;
    return 0;
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

/*     inlay_view piece;
 *     int32_t code;
 *     while ((code = inlay_receive_view(&piece)) > 0) use(piece);
 */

/* Gives the next piece of the request body, valid until the next call. Returns 1, or 0 at the end. Errors: those of
 * inlay_receive. */
static inline int32_t inlay_receive_view(inlay_view* piece) {
    inlay_range range = {0, 0};
    int32_t code = inlay_receive(&range);
    piece->data = (const uint8_t*)(uintptr_t)range.address;
    piece->size = range.length;
    return code < 0 ? code : range.length != 0;
}

/* Sends one range as the next part of the response. Returns 0. Errors: those of inlay_send. */
static inline int32_t inlay_send_bytes(const void* data, uint32_t size) {
    inlay_range range = inlay_range_of(data, size);
    return inlay_send(&range, 1);
}

/* ---- the request ------------------------------------------------------------------------------------------------ */

/* Reads a part into the whole of a buffer and returns its length. Errors: ABSENT, ARGUMENT (longer than the buffer). */
static inline int32_t inlay_part(uint32_t part, const char* name, char* buffer, uint32_t capacity) {
    int32_t length = inlay_request(part, name, inlay_length(name), buffer, capacity);
    return length > 0 && (uint32_t)length > capacity ? INLAY_E_ARGUMENT : length;
}

/* The first query parameter of that name. Result and errors as inlay_part. */
static inline int32_t inlay_parameter(const char* name, char* buffer, uint32_t capacity) {
    return inlay_part(INLAY_PART_PARAMETER, name, buffer, capacity);
}

/* The request's header field of that name. Result and errors as inlay_part. */
static inline int32_t inlay_field(const char* name, char* buffer, uint32_t capacity) {
    return inlay_part(INLAY_PART_HEADER, name, buffer, capacity);
}

/* Sets `number` to the query parameter of that name; leaves it as it is where there is none. Returns 0.
 * Errors: ARGUMENT. */
static inline int32_t inlay_parameter_u64(const char* name, uint64_t* number) {
    char digits[INLAY_U64_DIGITS_MAX + 12]; /* room for leading zeros */
    int32_t length = inlay_parameter(name, digits, sizeof digits);
    if (length == INLAY_E_ABSENT) return 0;
    return length < 0 ? length : inlay_parse_u64(digits, (uint32_t)length, number);
}

/* Whether the client asks for a stream: the query parameter "stream" is "1". */
static inline int32_t inlay_wants_stream(void) {
    char value[2];
    return inlay_parameter("stream", value, sizeof value) == 1 && value[0] == '1';
}

/* ---- the input -------------------------------------------------------------------------------------------------- */

/* Maps a piece of a source, with INLAY_REST up to its end. Returns 0. Errors: those of inlay_map. */
static inline int32_t inlay_map_view(const inlay_source* source, uint64_t offset, uint64_t length, uint32_t flags,
                                     inlay_view* view) {
    if (offset > source->size) return INLAY_E_RANGE;
    if (length == INLAY_REST) length = source->size - offset;
    inlay_range window = {0, 0};
    int32_t code = inlay_map(source->id, offset, length, flags, &window);
    view->data = (const uint8_t*)(uintptr_t)window.address;
    view->size = window.length;
    return code;
}

/* Opens the input: the object named by the query parameter "object", or else the request body. Returns 0.
 * Errors: those of inlay_open; ARGUMENT (name too long). */
static inline int32_t inlay_input_source(inlay_source* source) {
    char name[INLAY_NAME_BYTES_MAX];
    int32_t length = inlay_parameter("object", name, sizeof name);
    if (length == INLAY_E_ABSENT) return inlay_body(source);
    return length < 0 ? length : inlay_open(name, (uint32_t)length, source);
}

/* Maps a piece of the input. Returns 0. Errors: those of inlay_input_source and inlay_map. */
static inline int32_t inlay_input_piece(uint64_t offset, uint64_t length, uint32_t flags, inlay_view* view) {
    inlay_source source;
    int32_t code = inlay_input_source(&source);
    return code < 0 ? code : inlay_map_view(&source, offset, length, flags, view);
}

/* Maps the whole input. Returns 0. Errors: those of inlay_input_piece. */
static inline int32_t inlay_input(inlay_view* view) { return inlay_input_piece(0, INLAY_REST, 0, view); }

/* ---- the answer ------------------------------------------------------------------------------------------------- */

/* Answers with the ranges, one after the other. Call it once, last. */
static inline int32_t inlay_respond_ranges(const char* content_type, const inlay_range* ranges, uint32_t count) {
    uint32_t length = inlay_length(content_type);
    int32_t code = length == 0 ? 0 : inlay_header("Content-Type", 12, content_type, length);
    return code < 0 ? code : inlay_respond(ranges, count);
}

/* Answers with these bytes: by reference where they lie in a window. An empty `content_type` sets none. */
static inline int32_t inlay_respond_bytes(const char* content_type, const void* bytes, uint32_t size) {
    inlay_range range = inlay_range_of(bytes, size);
    return inlay_respond_ranges(content_type, &range, size != 0);
}

/* Answers with a literal. */
static inline int32_t inlay_respond_text(const char* content_type, const char* literal) {
    return inlay_respond_bytes(content_type, literal, inlay_length(literal));
}

/* Answers with a number on a line of its own. */
static inline int32_t inlay_respond_u64(uint64_t number) {
    static char line[INLAY_U64_DIGITS_MAX + 1];
    inlay_text text = {line, sizeof line, 0, 0};
    inlay_text_add_u64(&text, number);
    inlay_text_add_byte(&text, '\n');
    return inlay_respond_bytes("text/plain", text.data, text.size);
}

/* Answers with a status and a line of plain text. `literal` comes without a newline. */
static inline int32_t inlay_fail(uint32_t status, const char* literal) {
    inlay_range ranges[2] = {inlay_range_of(literal, inlay_length(literal)), inlay_range_of("\n", 1)};
    int32_t code = inlay_status(status);
    return code < 0 ? code : inlay_respond_ranges("text/plain", ranges, 2);
}

/* The status that tells a client of an error code. */
static inline uint32_t inlay_status_of(int32_t code) {
    switch (code) {
        case INLAY_E_ABSENT: return 404;
        case INLAY_E_ARGUMENT:
        case INLAY_E_RANGE:
        case INLAY_E_NAME: return 400;
        case INLAY_E_NO_ROOM:
        case INLAY_E_LIMIT: return 413;
        case INLAY_E_DENIED: return 403;
        default: return 500;
    }
}

/* The words that tell a client of an error code. */
static inline const char* inlay_words_of(int32_t code) {
    switch (code) {
        case INLAY_E_ABSENT: return "there is no such object";
        case INLAY_E_ARGUMENT: return "this value is not allowed";
        case INLAY_E_RANGE: return "this lies outside of the data";
        case INLAY_E_NAME: return "this name is not allowed";
        case INLAY_E_NO_ROOM: return "there is no room for this much data";
        case INLAY_E_LIMIT: return "this is more than the function may use";
        case INLAY_E_DENIED: return "this is not allowed here";
        default: return "this did not work";
    }
}

/* Answers for an error code that a query parameter led to, naming both: "object=b/k: there is no such object". Where
 * the request has no such parameter, its name stands alone, and instead of "object" the words "the request body". */
static inline int32_t inlay_fail_parameter(int32_t code, const char* parameter) {
    static char line[INLAY_NAME_BYTES_MAX + 256];
    char value[INLAY_NAME_BYTES_MAX];
    inlay_text text = {line, sizeof line, 0, 0};
    int32_t length = inlay_parameter(parameter, value, sizeof value);
    if (length == INLAY_E_ABSENT && parameter[0] == 'o' && parameter[1] == 'b') {
        inlay_text_add(&text, "the request body");
    } else {
        inlay_text_add(&text, parameter);
    }
    if (length >= 0) {
        inlay_text_add_byte(&text, '=');
        inlay_text_add_bytes(&text, value, (uint32_t)length);
    }
    inlay_text_add(&text, ": ");
    inlay_text_add(&text, inlay_words_of(code));
    inlay_text_add_byte(&text, '\n');
    int32_t status = inlay_status(inlay_status_of(code));
    return status < 0 ? status : inlay_respond_bytes("text/plain", text.data, text.size);
}

#endif
