/* SPDX-License-Identifier: ISC */
/* The units of fat/'s codecs, one test case a file, and what they share. */
#ifndef CAIRN_TESTS_FAT_CODEC_H
#define CAIRN_TESTS_FAT_CODEC_H

#include <check.h>
#include <fat/codec/dirent.h>
#include <string.h>

TCase *codec_boot_tests(void);
TCase *codec_dirent_tests(void);
TCase *codec_long_tests(void);
TCase *codec_name_tests(void);
TCase *codec_short_tests(void);
TCase *codec_time_tests(void);
TCase *format_tests(void);
TCase *geometry_tests(void);

/* A name that is known to be good. */
static inline struct fat_name name_of(const char *utf8)
{
    struct fat_name name;
    ck_assert_int_eq(fat_name_from_utf8(&name, utf8, strlen(utf8)), CAIRN_OK);
    return name;
}

static inline void assert_shows(const struct fat_name *name, const char *utf8)
{
    char text[CAIRN_FAT_NAME_BYTES];
    ck_assert_uint_eq(fat_name_to_utf8(name, text), strlen(utf8));
    ck_assert_str_eq(text, utf8);
}

#endif
