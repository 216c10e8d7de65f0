/* Counts lines and bytes of its input: the object that ?object=BUCKET/KEY names, or else the request's body.
 *
 * Nothing is read or copied: `view` lies over the pages that hold the bytes, one window of them after the other.
 */
#include "inlay_windows.h"

INLAY_FUNCTION {
    static char json[64];
    inlay_text text = {json, sizeof json, 0, 0};
    inlay_source source = {0, 0, 0};
    inlay_windows windows;
    inlay_view view;
    uint64_t lines = 0;
    int32_t code = inlay_input_source(&source);
    if (code >= 0) code = inlay_windows_begin(&windows, &source, 0, INLAY_REST);
    while (code >= 0 && (code = inlay_windows_next(&windows, &view)) > 0)
        for (uint32_t i = 0; i < view.size; i++) lines += view.data[i] == '\n';
    if (code < 0) return inlay_fail_parameter(code, "object");

    inlay_text_add(&text, "{\"lines\":");
    inlay_text_add_u64(&text, lines);
    inlay_text_add(&text, ",\"bytes\":");
    inlay_text_add_u64(&text, source.size);
    inlay_text_add(&text, "}");
    return inlay_respond_bytes("application/json", text.data, text.size);
}
