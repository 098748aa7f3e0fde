/* SPDX-License-Identifier: ISC */
/* A program of QEMU's that serves a disk to a test: in a temporary folder of its own, gone with the
 * test. */
#ifndef CAIRN_TESTS_VIRTIO_SERVER_H
#define CAIRN_TESTS_VIRTIO_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVER_WORDS_MAX 40

struct server {
    pid_t pid;
    char dir[64];
    char socket[96], image[96], log[96]; /* in it */
};

/* A folder with an image of zeros of so many bytes. */
void server_init(struct server *server, uint64_t image_bytes);
/* Start a program. Words are one string, between spaces; %s in it, in this order, are args. Aborts
 * when it ends at once or its pid file does not come. */
void server_start(struct server *server, const char *program, const char *words, ...)
    __attribute__((format(printf, 3, 4)));
/* End it at once, as a crash does. */
void server_kill(struct server *server);
/* Ask it to end, and wait until it has. */
void server_end(struct server *server);
/* Let it sleep, and go on. */
void server_pause(const struct server *server, bool pause);
/* End it and remove the folder. */
void server_remove(struct server *server);

bool server_program_is_here(const char *program);

/* A storage daemon that all tests of this process and of its children share, one after the other:
 * started when it is first asked for, ended with the process. Its disk has so many bytes. */
const struct server *server_shared(uint64_t bytes);

#endif
