/* SPDX-License-Identifier: ISC */
/* An NBD server for a test: nbdkit on a socket of its own, gone with the test. */
#ifndef CAIRN_TESTS_NBD_SERVER_H
#define CAIRN_TESTS_NBD_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct nbd_server {
    pid_t pid;
    char dir[64];    /* a temporary folder of its own */
    char socket[96]; /* in it */
    char uri[160];
};

/* Is nbdkit installed? */
bool nbd_server_is_here(void);
/* Start `nbdkit ARGS...` (up to 12, NULL at the end) and wait until it listens; aborts when it does
 * not. */
void nbd_server_start(struct nbd_server *server, const char *const *args);
/* End it at once, as a crash does; stopping it later is still needed. */
void nbd_server_kill(struct nbd_server *server);
void nbd_server_stop(struct nbd_server *server);

/* A server of so many bytes of memory for this process and those it forks, started at the first
 * call, and gone with the process. */
const struct nbd_server *nbd_server_shared(unsigned bytes);

#endif
