/* SPDX-License-Identifier: ISC */
/* nbdkit's command line. */
#ifndef CAIRN_SERVE_ARGS_H
#define CAIRN_SERVE_ARGS_H

#include "server.h"

#define SERVE_ARGS_MAX 32u

struct serve_args {
    const char *words[SERVE_ARGS_MAX + 1]; /* end with NULL */
    uint32_t count;
    char text[32768]; /* what those of them are made of that are not the caller's */
    size_t used;
};

/* plugin: its path; ready_fd: where it says that clients may come.
 *   CAIRN_ENAMETOOLONG  the options are too long for it */
enum cairn_err serve_args_make(struct serve_args *args, const struct serve_server_options *options,
                               const char *plugin, int ready_fd,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* The plugin's path: beside our own executable, as it is built, or where it is installed.
 *   CAIRN_ENOTSUP  it is in neither place */
enum cairn_err serve_plugin_find(char path[PATH_MAX], struct cairn_why *why) CAIRN_MUST_USE;

#endif
