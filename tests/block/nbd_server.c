/* SPDX-License-Identifier: ISC */
#include "nbd_server.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_ROUNDS 1000
#define WAIT_US 10000

extern char **environ;

bool nbd_server_is_here(void)
{
    return access("/usr/sbin/nbdkit", X_OK) == 0 || access("/usr/bin/nbdkit", X_OK) == 0;
}

static bool answers(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool does = fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof address);
    if (fd >= 0) close(fd);
    return does;
}

static void wait_until_it_listens(const struct nbd_server *server)
{
    for (int i = 0; i < WAIT_ROUNDS; i++) {
        if (answers(server->socket)) return;
        usleep(WAIT_US);
    }
    fprintf(stderr, "nbdkit does not listen\n");
    abort();
}

void nbd_server_start(struct nbd_server *server, const char *const *args)
{
    const char *words[20] = { "nbdkit",     "-f", "--exit-with-parent",
                              "--log=null", "-U", server->socket };
    snprintf(server->dir, sizeof server->dir, "/tmp/cairn-nbd-XXXXXX");
    if (!mkdtemp(server->dir)) abort();
    snprintf(server->socket, sizeof server->socket, "%s/socket", server->dir);
    snprintf(server->uri, sizeof server->uri, "nbd+unix:///?socket=%s", server->socket);
    for (size_t i = 0; args[i]; i++)
        words[6 + i] = args[i];
    char *argv[20];
    memcpy(argv, words, sizeof argv);
    if (posix_spawnp(&server->pid, "nbdkit", NULL, NULL, argv, environ)) abort();
    wait_until_it_listens(server);
}

void nbd_server_kill(struct nbd_server *server)
{
    if (server->pid <= 0) return;
    kill(server->pid, SIGKILL);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    server->pid = 0;
}

void nbd_server_stop(struct nbd_server *server)
{
    nbd_server_kill(server);
    unlink(server->socket);
    rmdir(server->dir);
}

static struct nbd_server shared;
static pid_t shared_owner;

static void shared_stop(void)
{
    if (getpid() == shared_owner) nbd_server_stop(&shared);
}

const struct nbd_server *nbd_server_shared(unsigned bytes)
{
    char size[16];
    const char *const args[] = { "memory", size, NULL };
    if (shared_owner) return &shared;
    snprintf(size, sizeof size, "%u", bytes);
    nbd_server_start(&shared, args);
    shared_owner = getpid();
    atexit(shared_stop);
    return &shared;
}
