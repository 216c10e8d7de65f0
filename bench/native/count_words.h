/* The loop of examples/wc.c, compiled for this machine: bench/native/count_words.c. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct word_counts {
    uint64_t lines;
    uint64_t words;
} word_counts;

word_counts count_words(const char* text, uint32_t size);

#ifdef __cplusplus
}
#endif
