/* SPDX-License-Identifier: ISC */
/* Where a server listens, as clients of NBD write it (the NBD project's uri.md). */
#ifndef CAIRN_SERVE_URI_H
#define CAIRN_SERVE_URI_H

#include <cairn/why.h>

#define SERVE_URI_BYTES 4096u

struct serve_address {
    const char *socket;      /* a Unix socket's path; NULL: TCP */
    const char *host;        /* TCP */
    uint16_t port;           /* TCP */
    const char *export_name; /* NULL: the one without a name */
    bool tls;
};

/* "nbd://host:port/export", "nbds+unix:///export?socket=path"; a relative socket is made absolute.
 * CAIRN_ENAMETOOLONG: it does not fit; else what the OS says of the current folder. */
enum cairn_err serve_uri(const struct serve_address *address, char uri[SERVE_URI_BYTES],
                         struct cairn_why *why) CAIRN_MUST_USE;

#endif
