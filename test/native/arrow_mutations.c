/* Feeds inlay_arrow.h files that were changed at random; the sanitizers see each load outside of them.
 *
 *     arrow_mutations FILE COLUMN ROUNDS SEED       prints how many were still read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inlay_arrow.h"

static uint64_t dice;

static uint32_t draw(uint32_t below) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % below;
}

/* Reads what a sum reads. Returns 0 or an error of the reader. */
static int32_t read_column(const uint8_t* data, uint64_t size, const char* name) {
    inlay_arrow_file file;
    inlay_arrow_column column;
    inlay_arrow_chunk chunk;
    volatile uint8_t seen = 0;
    int32_t code = inlay_arrow_open(&file, data, size);
    if (code == 0) code = inlay_arrow_find(&file, name, (uint32_t)strlen(name), &column);
    while (code >= 0 && (code = inlay_arrow_next(&column, &chunk)) > 0) {
        for (uint64_t i = 0; i < chunk.rows * column.value_bytes; i++) seen ^= chunk.values[i];
        for (uint64_t i = 0; chunk.validity != 0 && i < (chunk.rows + 7) / 8; i++) seen ^= chunk.validity[i];
    }
    return code;
}

static void mutate(uint8_t* data, uint32_t size) {
    static const uint64_t kNumbers[] = {0, 1, 4, 7, 0x7f, 0x7fff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0xfffffffffffffff8};
    for (uint32_t count = 1 + draw(3); count != 0; count--) {
        uint32_t at = draw(size), width = 1u << draw(4);
        if (draw(2) == 0) {
            data[at] ^= (uint8_t)(1u << draw(8));
        } else if (at + width <= size) {
            uint64_t number = kNumbers[draw(sizeof kNumbers / sizeof *kNumbers)];
            memcpy(data + at - at % (width < 4 ? 1 : 4), &number, width); /* aligned: where numbers stand */
        }
    }
}

int main(int count, char** arguments) {
    static uint8_t content[1 << 20];
    if (count != 5) return 2;
    FILE* file = fopen(arguments[1], "rb");
    if (file == 0) return 2;
    uint32_t size = (uint32_t)fread(content, 1, sizeof content, file);
    fclose(file);
    dice = strtoull(arguments[4], 0, 10);
    long read = 0;
    for (long round = strtol(arguments[3], 0, 10); round != 0; round--) {
        uint32_t kept = draw(8) == 0 ? draw(size + 1) : size;
        uint8_t* exact = (uint8_t*)malloc(kept + (kept == 0)); /* its end is where the sanitizer looks */
        memcpy(exact, content, kept);
        if (kept != 0) mutate(exact, kept);
        read += read_column(exact, kept, arguments[2]) == 0;
        free(exact);
    }
    printf("%ld\n", read);
    return 0;
}
