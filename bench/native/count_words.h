/* The loop of examples/wc.c, compiled for this machine: bench/native/count_words.c. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct word_counts {
    uint64_t lines;
    uint64_t words;   /* that have ended */
    uint64_t in_word; /* 1: one more has begun */
} word_counts;

/* What a piece adds to what came before it. */
word_counts count_words(const char* text, uint32_t size, word_counts before);

#ifdef __cplusplus
}
#endif
