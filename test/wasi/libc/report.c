// Says what it was given, and changes its directory: the same as ../go and ../rust, with the ordinary libc.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int holds, const char* what) {
    if (holds) return;
    perror(what);
    exit(90);
}

static const char* content_of(const char* path) {
    static char content[100];
    FILE* file = fopen(path, "r");
    check(file != NULL, path);
    content[fread(content, 1, sizeof content - 1, file)] = 0;
    fclose(file);
    return content;
}

// wasi-libc reads entries in the order of the host, which is by name, files first.
static void tell_directory(void) {
    DIR* directory = opendir("/data");
    check(directory != NULL, "/data");
    for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        if (entry->d_type == DT_DIR) {
            printf("directory: %s\n", entry->d_name);
            continue;
        }
        struct stat found;
        check(fstatat(dirfd(directory), entry->d_name, &found, 0) == 0, entry->d_name);
        printf("file: %s, %lld bytes\n", entry->d_name, (long long)found.st_size);
    }
    closedir(directory);
}

static void change_directory(void) {
    check(mkdir("/data/made", 0777) == 0 && mkdir("/data/made/deeper", 0777) == 0, "mkdir");
    FILE* file = fopen("/data/made/deeper/part", "w");
    check(file != NULL && fputs("written", file) >= 0 && fclose(file) == 0, "write");
    check(rename("/data/made/deeper/part", "/data/made/whole") == 0, "rename");
    printf("made: %s\n", content_of("/data/made/whole"));
    check(unlink("/data/old") == 0, "unlink");
    struct stat found;
    printf("old: gone %s\n", stat("/data/old", &found) != 0 && errno == ENOENT ? "true" : "false");
    printf("outside: refused %s\n", fopen("/data/../etc/passwd", "r") == NULL ? "true" : "false");
}

int main(int argc, char** argv) {
    int code = 0;
    for (int i = 1; i < argc; i++) {
        printf("argument: %s\n", argv[i]);
        if (strncmp(argv[i], "exit=", 5) == 0) code = atoi(argv[i] + 5);
    }
    const char* own = getenv("OWN");
    printf("OWN: %s\n", own ? own : "");
    size_t size = 0;
    while (getchar() != EOF) size++;
    printf("input: %zu bytes\n", size);
    printf("one: %s\n", content_of("/data/one"));
    tell_directory();
    change_directory();
    fprintf(stderr, "to the log\n");
    return code;
}
