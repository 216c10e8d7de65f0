/* Runs one function natively in the stub host of sdk/c and prints what it came to; c_sdk_test.py links it with each example.
 *
 *     runner [param NAME VALUE | header NAME VALUE | query TEXT | body FILE | stream FILE PIECE_BYTES | object NAME FILE]...
 *
 * Prints lines "NAME VALUE", an empty line, the body, then each object that was published.
 */
#include "inlay_testing.h"

static inlay_test_bytes content_of(const char* path) {
    FILE* file = fopen(path, "rb");
    if (file == 0 || fseek(file, 0, SEEK_END) != 0) exit(2);
    inlay_test_bytes bytes = {0, (uint64_t)ftell(file)};
    uint8_t* data = (uint8_t*)inlay_test_new((size_t)bytes.size + 1);
    rewind(file);
    if (fread(data, 1, (size_t)bytes.size, file) != bytes.size) exit(2);
    fclose(file);
    bytes.data = data;
    return bytes;
}

static char** take_argument(char** at) {
    if (strcmp(at[0], "param") == 0) {
        inlay_test_parameter(at[1], at[2]);
        return at + 3;
    }
    if (strcmp(at[0], "header") == 0) {
        inlay_test_header(at[1], at[2]);
        return at + 3;
    }
    if (strcmp(at[0], "query") == 0) {
        inlay_test_query(at[1]);
        return at + 2;
    }
    if (strcmp(at[0], "object") == 0) {
        inlay_test_bytes content = content_of(at[2]);
        inlay_test_object(at[1], content.data, content.size);
        return at + 3;
    }
    inlay_test_bytes content = content_of(at[1]);
    if (strcmp(at[0], "body") == 0) {
        inlay_test_body(content.data, content.size);
        return at + 2;
    }
    uint64_t piece = strtoull(at[2], 0, 10);
    for (uint64_t i = 0; i < content.size; i += piece) {
        inlay_test_stream(content.data + i, content.size - i < piece ? content.size - i : piece);
    }
    inlay_test_stream("", 0);
    return at + 3;
}

int main(int count, char** arguments) {
    inlay_test_begin();
    for (char** at = arguments + 1; at < arguments + count;) at = take_argument(at);
    const inlay_test_outcome* outcome = inlay_test_run(inlay_handle);
    printf("code %d\nstatus %u\nparts %u\n", outcome->code, outcome->status, outcome->parts_sent);
    printf("copied %llu\nwindows %llu\n", (unsigned long long)outcome->cost.copied, (unsigned long long)outcome->cost.windows);
    printf("body %llu\n", (unsigned long long)outcome->body.size);
    for (const inlay_test_named* field = outcome->fields; field != 0; field = field->next) {
        printf("field %s: %s\n", field->name, (const char*)field->value.data);
    }
    for (const inlay_test_named* object = outcome->published; object != 0; object = object->next) {
        printf("published %s\n", object->name);
    }
    printf("\n");
    fwrite(outcome->body.data, 1, (size_t)outcome->body.size, stdout);
    for (const inlay_test_named* object = outcome->published; object != 0; object = object->next) {
        fwrite(object->value.data, 1, (size_t)object->value.size, stdout);
    }
    inlay_test_forget_memory();
    return 0;
}
