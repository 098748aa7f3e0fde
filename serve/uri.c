/* SPDX-License-Identifier: ISC */
#include "uri.h"

#include <cairn/err_posix.h>
#include <cairn/text.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define PORT_OF_NBD 10809u

/* Everything but what never means anything in a URI, and slashes, which are harmless here. */
static void escaped_put(struct cairn_text *uri, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (; *text; text++) {
        if (strchr(plain, *text))
            cairn_text_char(uri, *text);
        else
            cairn_text_fmt(uri, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static void tcp_put(struct cairn_text *uri, const struct serve_address *address)
{
    bool is_v6 = strchr(address->host, ':') != NULL;
    cairn_text_fmt(uri, is_v6 ? "[%s]" : "%s", address->host);
    if (address->port != PORT_OF_NBD) cairn_text_fmt(uri, ":%u", (unsigned)address->port);
    cairn_text_char(uri, '/');
    escaped_put(uri, address->export_name ? address->export_name : "");
}

static enum cairn_err unix_put(struct cairn_text *uri, const struct serve_address *address,
                               struct cairn_why *why)
{
    char folder[PATH_MAX] = "";
    bool is_relative = address->socket[0] != '/';
    if (is_relative && !getcwd(folder, sizeof folder))
        return cairn_why_fail(why, cairn_err_from_errno(errno), "find the current folder");
    cairn_text_char(uri, '/');
    escaped_put(uri, address->export_name ? address->export_name : "");
    cairn_text_str(uri, "?socket=");
    escaped_put(uri, folder);
    if (is_relative) cairn_text_char(uri, '/');
    escaped_put(uri, address->socket);
    return CAIRN_OK;
}

enum cairn_err serve_uri(const struct serve_address *address, char uri[SERVE_URI_BYTES],
                         struct cairn_why *why)
{
    struct cairn_text text;
    enum cairn_err err = CAIRN_OK;
    cairn_text_init(&text, uri, SERVE_URI_BYTES);
    cairn_text_fmt(&text, "nbd%s%s://", address->tls ? "s" : "", address->socket ? "+unix" : "");
    if (address->socket)
        err = unix_put(&text, address, why);
    else
        tcp_put(&text, address);
    if (!err && text.cut)
        err = cairn_why_fail(why, CAIRN_ENAMETOOLONG, "the address has over %u bytes",
                             SERVE_URI_BYTES - 1);
    return err;
}
