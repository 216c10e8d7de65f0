// Answers with its input and the request's Content-Type, as echo.c does: the window itself is what is responded.
#include "inlay.hpp"

INLAY_ANSWER {
    static char buffer[1023];
    INLAY_TRY(inlay::Window input, inlay::map_input());
    const int32_t length = inlay_field("Content-Type", buffer, sizeof buffer);
    if (length == INLAY_E_ARGUMENT) return inlay::fail(400, "Content-Type: this is too long");
    const inlay::Text content_type(buffer, length > 0 ? static_cast<uint32_t>(length) : 0);
    return inlay::respond(content_type, static_cast<inlay::Window&&>(input));
}
