// Upper-cases the ASCII letters of its input into an output window, which is the response or, with `into`, an object.
#include <wasm_simd128.h>

#include "inlay.hpp"

namespace {

constexpr uint32_t kVector = 16;
constexpr uint32_t kPartBytes = 128 << 10;  // As large as the pieces of a stream.

// Requires: `to` is as long as `from`.
void upper(inlay::Bytes from, inlay::Span<uint8_t> to) {
    const v128_t to_smallest = wasm_i8x16_splat(static_cast<int8_t>(0x80 - 'a'));
    const v128_t past_z = wasm_i8x16_splat(static_cast<int8_t>(0x80 + 26));
    const v128_t case_bit = wasm_i8x16_splat(0x20);
    uint32_t i = 0;
    for (; from.size() - i >= kVector; i += kVector) {
        v128_t bytes = wasm_v128_load(from.data() + i);
        v128_t lower = wasm_i8x16_lt(wasm_i8x16_add(bytes, to_smallest), past_z);
        wasm_v128_store(to.data() + i, wasm_v128_xor(bytes, wasm_v128_and(lower, case_bit)));
    }
    for (; i < from.size(); i++) {
        uint8_t byte = from[i];
        to[i] = byte >= 'a' && byte <= 'z' ? byte ^ 0x20 : byte;
    }
}

inlay::Answer tell_of_object(inlay::Text name, uint32_t size) {
    static char json[6 * INLAY_NAME_BYTES_MAX + 64];  // a byte of the name takes up to 6: \u001f
    inlay_text text = {json, sizeof json, 0, 0};
    inlay_text_add(&text, "{\"object\":");
    inlay_text_add_json(&text, name.data(), name.size());
    inlay_text_add(&text, ",\"bytes\":");
    inlay_text_add_u64(&text, size);
    inlay_text_add(&text, "}\n");
    return inlay::respond("application/json", inlay::Text(text.data, text.size));
}

// The body while it comes, part by part through one output window.
inlay::Answer upper_stream(inlay::Text type) {
    INLAY_TRY(inlay::Output output, inlay::Output::create(kPartBytes));
    if (int32_t code = inlay_header("Content-Type", 12, type.data(), type.size()); code < 0) return inlay::Answer(code);
    for (;;) {
        INLAY_TRY(inlay::Bytes piece, inlay::receive());
        if (piece.empty()) return inlay::Answer(0);
        for (uint32_t at = 0; at < piece.size(); at += kPartBytes) {
            uint32_t left = piece.size() - at;
            auto part = output.bytes().piece(0, left < kPartBytes ? left : kPartBytes);
            upper(piece.piece(at, part.size()), part);
            INLAY_TRY(uint32_t sent, inlay::send(inlay::Bytes(part.data(), part.size())));
            (void)sent;
        }
    }
}

}  // namespace

INLAY_ANSWER {
    static char name_buffer[INLAY_NAME_BYTES_MAX];
    static char type_buffer[1024];

    inlay::Text type = inlay::field_or("Content-Type", type_buffer, "text/plain");
    if (inlay_wants_stream()) return upper_stream(type);
    INLAY_TRY(inlay::Window input, inlay::map_input());
    INLAY_TRY(inlay::Output output, inlay::Output::create(input.size()));
    upper(input.bytes(), output.bytes());

    auto into = inlay::parameter("into", name_buffer);
    if (into.error().code == INLAY_E_ABSENT) return inlay::respond(type, static_cast<inlay::Output&&>(output));

    INLAY_TRY(inlay::Text name, into);
    INLAY_TRY(uint32_t size, inlay::publish(name, type, static_cast<inlay::Output&&>(output)).about("into"));
    return tell_of_object(name, size);
}
