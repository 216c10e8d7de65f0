/* Upper-cases the ASCII letters of its input into an output window, as upper.cpp does: the response or, with `into`, an object. */
#include "inlay_sdk.h"

enum { TYPE_BYTES_MAX = 1024, PART_BYTES = 128 << 10 /* as large as the pieces of a stream */ };

/* The compiler makes vectors of this. */
static void upper(const uint8_t* restrict from, uint8_t* restrict to, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) to[i] = from[i] ^ (uint8_t)((uint8_t)(from[i] - 'a') < 26 ? 0x20 : 0);
}

static uint8_t* bytes_of(inlay_range window) { return (uint8_t*)(uintptr_t)window.address; }

/* The body while it comes, part by part through one output window. */
static int32_t upper_stream(const char* content_type) {
    inlay_range output;
    inlay_view piece;
    int32_t code = inlay_output(PART_BYTES, &output);
    if (code < 0) return inlay_fail_parameter(code, "object");
    code = inlay_header("Content-Type", 12, content_type, inlay_length(content_type));
    if (code < 0) return code;
    while ((code = inlay_receive_view(&piece)) > 0) {
        for (uint32_t at = 0, size; at < piece.size; at += size) {
            size = piece.size - at < PART_BYTES ? piece.size - at : PART_BYTES;
            upper(piece.data + at, bytes_of(output), size);
            code = inlay_send_bytes(bytes_of(output), size);
            if (code < 0) return inlay_fail_parameter(code, "object");
        }
    }
    return code < 0 ? inlay_fail_parameter(code, "object") : 0;
}

static int32_t tell_of_object(const char* name, uint32_t length, uint32_t size) {
    static char json[6 * INLAY_NAME_BYTES_MAX + 64]; /* a byte of the name takes up to 6: \u001f */
    inlay_text text = {json, sizeof json, 0, 0};
    inlay_text_add(&text, "{\"object\":");
    inlay_text_add_json(&text, name, length);
    inlay_text_add(&text, ",\"bytes\":");
    inlay_text_add_u64(&text, size);
    inlay_text_add(&text, "}\n");
    return inlay_respond_bytes("application/json", text.data, text.size);
}

INLAY_FUNCTION {
    static char name[INLAY_NAME_BYTES_MAX], content_type[TYPE_BYTES_MAX + 1];
    inlay_range output = {0, 0};
    inlay_view input;
    int32_t length = inlay_field("Content-Type", content_type, TYPE_BYTES_MAX);
    content_type[length > 0 ? length : 0] = 0;
    const char* type = length < 0 ? "text/plain" : content_type;
    if (inlay_wants_stream()) return upper_stream(type);

    int32_t code = inlay_input(&input);
    if (code >= 0 && input.size != 0) code = inlay_output(input.size, &output);
    if (code < 0) return inlay_fail_parameter(code, "object");
    upper(input.data, bytes_of(output), input.size);

    length = inlay_parameter("into", name, sizeof name);
    if (length == INLAY_E_ABSENT) return inlay_respond_ranges(type, &output, output.length != 0);
    code = length < 0 ? length : inlay_publish(name, (uint32_t)length, type, inlay_length(type), &output, output.length != 0);
    return code < 0 ? inlay_fail_parameter(code, "into") : tell_of_object(name, (uint32_t)length, output.length);
}
