// Counts the lines of its input, which may be larger than memory, and answers with the longest of them.
#include "inlay_windows.hpp"

INLAY_ANSWER {
    static char json[128];
    inlay_text text = {json, sizeof json, 0, 0};
    uint64_t count = 0, longest = 0, at = 0;
    uint32_t bytes = 0;
    INLAY_TRY(inlay::Source source, inlay::Source::input());
    inlay::Lines lines(source);
    for (inlay::Text line : lines) {
        count++;
        if (line.size() > bytes || count == 1) {
            bytes = line.size();
            longest = at;
        }
        at += line.size() + 1;
    }
    if (lines.error().code < 0) return lines.error();

    inlay_text_add(&text, "{\"lines\":");
    inlay_text_add_u64(&text, count);
    inlay_text_add(&text, ",\"longest\":{\"offset\":");
    inlay_text_add_u64(&text, longest);
    inlay_text_add(&text, ",\"bytes\":");
    inlay_text_add_u64(&text, bytes);
    inlay_text_add(&text, "}}\n");
    return inlay::respond("application/json", inlay::Text(text.data, text.size));
}
