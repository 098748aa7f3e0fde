/* SPDX-License-Identifier: ISC */
#include <cairn/bytes.h>

size_t cairn_str_len(const char *str)
{
    size_t len = 0;
    while (str[len])
        len++;
    return len;
}

bool cairn_str_equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}
