/* The loop of examples/wc.c, compiled for this machine: bench/native/count_words.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes what the function answers into `json`, and returns its length. */
size_t count_words(const char* text, uint32_t size, char* json, size_t capacity);

#ifdef __cplusplus
}
#endif
