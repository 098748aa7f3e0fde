/* SPDX-License-Identifier: ISC */
/* What libnbd lets pass: a folder without a certificate of an authority, which it takes for the
 * wish to believe any server. */
#include "nbd.h"

#include <cairn/err_posix.h>
#include <cairn/text.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARAMETER "tls-certificates="

/* Up to the end of a parameter's value, with %2F and the like as they are meant. */
static void value_decode(const char *value, struct cairn_text *out)
{
    for (; *value && *value != '&' && *value != '#'; value++) {
        char digits[3] = "", *end = digits;
        if (value[0] == '%' && value[1] && value[2]) memcpy(digits, value + 1, 2);
        unsigned long byte = strtoul(digits, &end, 16);
        bool is_escape = end == digits + 2;
        cairn_text_char(out, is_escape ? (char)byte : *value);
        if (is_escape) value += 2;
    }
}

/* The folder that the URI names, else the link's; false: none is. */
static bool folder_find(const struct blk_nbd *link, struct cairn_text *folder)
{
    const char *at = strchr(link->uri, '?');
    while (at && strncmp(at + 1, PARAMETER, strlen(PARAMETER)) != 0)
        at = strchr(at + 1, '&');
    if (at)
        value_decode(at + 1 + strlen(PARAMETER), folder);
    else if (link->tls_certificates)
        cairn_text_str(folder, link->tls_certificates);
    return at || link->tls_certificates;
}

enum cairn_err blk_nbd_tls_check(const struct blk_nbd *link, struct cairn_why *why)
{
    char path[PATH_MAX];
    struct cairn_text text;
    cairn_text_init(&text, path, sizeof path);
    if (strncmp(link->uri, "nbds", 4) != 0 || !folder_find(link, &text)) return CAIRN_OK;
    cairn_text_str(&text, "/ca-cert.pem");
    if (!text.cut && access(path, R_OK) == 0) return CAIRN_OK;
    int os = text.cut ? ENAMETOOLONG : errno;
    enum cairn_err err =
        cairn_why_fail(why, cairn_err_from_errno(os), "connect: read the authority's certificate");
    cairn_why_os(why, os);
    cairn_why_path(why, path, strlen(path));
    cairn_why_hint(why,
                   "without it any server would be believed; the folder of tls-certificates= "
                   "has ca-cert.pem");
    return err;
}
