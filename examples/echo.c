/* Answers with its input and the request's Content-Type; the bytes leave from the pages they lie in. */
#include "inlay_sdk.h"

INLAY_FUNCTION {
    static char content_type[1024];
    inlay_view input;
    int32_t code = inlay_input(&input);
    if (code < 0) return inlay_fail_parameter(code, "object");

    int32_t length = inlay_field("Content-Type", content_type, sizeof content_type - 1);
    if (length == INLAY_E_ARGUMENT) return inlay_fail(400, "Content-Type: this is too long");
    content_type[length > 0 ? length : 0] = 0;
    return inlay_respond_bytes(content_type, input.data, input.size);
}
