/* SPDX-License-Identifier: ISC */
/*
 * nbdkit as a child: started, known to be ready, ended. It ends with us, whatever ends us.
 */
#ifndef CAIRN_SERVE_SERVER_H
#define CAIRN_SERVE_SERVER_H

#include "stack.h"
#include "uri.h"

#include <limits.h>
#include <signal.h>
#include <sys/types.h>

struct serve_server_options {
    struct serve_options what;
    struct serve_address where; /* socket NULL and host NULL: a Unix socket of our own */
    const char *tls_certificates, *tls_psk; /* a folder, a file; NULL: none */
    bool once;                              /* end after the last client */
};

struct serve_server {
    pid_t pid;        /* 0: it has ended */
    int status;       /* then: as a shell has it */
    int ready_fd;     /* what the plugin tells */
    sigset_t signals; /* those that are waited for, blocked while it runs */
    sigset_t signals_before;
    char folder[PATH_MAX]; /* of a socket of our own; empty: none */
    char socket[PATH_MAX]; /* empty: TCP */
    char uri[SERVE_URI_BYTES];
};

/* Look whether what is served can be opened, start nbdkit, and wait until clients may come.
 * Signals that end programs are blocked from now on, until serve_server_end.
 *   CAIRN_ENOTSUP  there is no nbdkit, or no plugin for it
 *   CAIRN_EEXIST   something is at the socket's path
 *   CAIRN_ECANCELED nbdkit did not start; it has said why itself
 *   else as serve_stack_open, or what the OS says */
enum cairn_err serve_server_start(struct serve_server *server,
                                  const struct serve_server_options *options,
                                  struct cairn_why *why) CAIRN_MUST_USE;

/* Run a program, words[0] of `count`, which finds the URI in the environment's `uri`, and in those
 * of its words that are "$uri". *status: as a shell has it. */
enum cairn_err serve_server_run(struct serve_server *server, const char *const *words, size_t count,
                                int *status, struct cairn_why *why) CAIRN_MUST_USE;

/* The version of nbdkit that this build's plugin was made for, NULL when it has no plugin. */
const char *serve_nbdkit_version(void);

/* Wait until the server ends: by itself, or by a signal that ends programs, which it is sent. */
void serve_server_wait(struct serve_server *server);

/* End it, if it is still there, and tidy up.
 *   CAIRN_EIO  it failed, or the device could not be flushed and closed: it has said why itself */
enum cairn_err serve_server_end(struct serve_server *server, struct cairn_why *why) CAIRN_MUST_USE;

#endif
