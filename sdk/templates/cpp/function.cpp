// Counts lines and bytes of its input: the object that ?object=BUCKET/KEY names, or else the request's body.
//
// Nothing is read or copied: `piece` lies over the pages that hold the bytes, one window of them after the other.
#include "inlay_windows.hpp"

INLAY_ANSWER {
    INLAY_TRY(inlay::Source source, inlay::Source::input());
    uint64_t lines = 0;
    inlay::Windows windows(source);
    for (inlay::Bytes piece : windows)
        for (uint8_t byte : piece) lines += byte == '\n';
    if (windows.error().code < 0) return windows.error();

    static char json[64];
    inlay_text text = {json, sizeof json, 0, 0};
    inlay_text_add(&text, "{\"lines\":");
    inlay_text_add_u64(&text, lines);
    inlay_text_add(&text, ",\"bytes\":");
    inlay_text_add_u64(&text, source.size());
    inlay_text_add(&text, "}");
    return inlay::Answer(inlay_respond_bytes("application/json", text.data, text.size));
}
