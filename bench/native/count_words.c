/* The very source of examples/wc.c, compiled for this machine: a reference that counts by the same loop.
 *
 * Only the loop is used. The function around it would need a host, so it is made one that nobody calls.
 */
#include "inlay_sdk.h"

#undef INLAY_FUNCTION
#define INLAY_FUNCTION __attribute__((unused)) static int32_t function_of_the_example(void)
#include "wc.c"

#include "count_words.h"

word_counts count_words(const char* text, uint32_t size, word_counts before) {
    counts total = count((inlay_view){(const uint8_t*)text, size}, (counts){before.lines, before.words, before.in_word});
    return (word_counts){total.lines, total.words, total.in_word};
}
