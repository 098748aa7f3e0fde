/* SPDX-License-Identifier: ISC */
/* The main of a program of properties, and tapes given by people. */
#include "try.h"
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool tape_hex_parse(const char *hex, uint8_t *bytes, size_t *len)
{
    for (*len = 0; *hex; hex += 2) {
        int high = hex_digit(hex[0]);
        int low = high < 0 ? -1 : hex_digit(hex[1]);
        if (low < 0 || *len == TAPE_BYTES_MAX) return false;
        bytes[(*len)++] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool file_read(const char *path, uint8_t *bytes, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    *len = fread(bytes, 1, TAPE_BYTES_MAX, file);
    bool whole = !ferror(file) && fgetc(file) == EOF;
    fclose(file);
    return whole;
}

static const struct tape_case *case_find(const struct tape_case *cases, size_t count,
                                         const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(cases[i].name, name) == 0) return &cases[i];
    return NULL;
}

static int usage(const char *program, const struct tape_case *cases, size_t count)
{
    fprintf(stderr, "usage: %s [NAME HEX | NAME @FILE]\nproperties:", program);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %s", cases[i].name);
    fprintf(stderr, "\n");
    return 2;
}

static int run_all(const struct tape_case *cases, size_t count)
{
    int code = 0;
    for (size_t i = 0; i < count; i++)
        if (!tape_run(cases[i].name, cases[i].property, NULL)) code = 1;
    return code;
}

int tape_main(int argc, char **argv, const struct tape_case *cases, size_t count)
{
    static uint8_t bytes[TAPE_BYTES_MAX];
    size_t len;
    if (argc == 1) return run_all(cases, count);
    const struct tape_case *wanted = argc == 3 ? case_find(cases, count, argv[1]) : NULL;
    if (!wanted) return usage(argv[0], cases, count);
    bool is_read = argv[2][0] == '@' ? file_read(argv[2] + 1, bytes, &len)
                                     : tape_hex_parse(argv[2], bytes, &len);
    if (!is_read) {
        fprintf(stderr, "%s: no tape: %s\n", argv[0], argv[2]);
        return 2;
    }
    return tape_replay(wanted->property, bytes, len) ? 0 : 1;
}
