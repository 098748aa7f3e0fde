/* SPDX-License-Identifier: ISC */
#include "server.h"

#include "args.h"
#include <cairn/err_posix.h>
#include <cairn/text.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define URI_WORD "$uri"
#define STATUS_SIGNAL 128 /* what a shell adds to the number of the signal that ended a program */

static enum cairn_err os_fail(struct cairn_why *why, int os, const char *path, const char *what)
{
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "%s", what);
    cairn_why_os(why, os);
    if (path) cairn_why_path(why, path, strlen(path));
    return err;
}

/* ---- where it listens ---------------------------------------------------------------------- */

static enum cairn_err socket_own(struct serve_server *server, struct cairn_why *why)
{
    const char *tmp = getenv("TMPDIR");
    struct cairn_text text;
    cairn_text_init(&text, server->folder, sizeof server->folder);
    cairn_text_fmt(&text, "%s/cairn-serve-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    bool made = !text.cut && mkdtemp(server->folder);
    if (!made) {
        server->folder[0] = '\0';
        return os_fail(why, errno, tmp, "make a folder for a socket");
    }
    cairn_text_init(&text, server->socket, sizeof server->socket);
    cairn_text_fmt(&text, "%s/socket", server->folder);
    return CAIRN_OK;
}

static enum cairn_err socket_given(struct serve_server *server, const char *path,
                                   struct cairn_why *why)
{
    struct stat stat;
    struct cairn_text text;
    if (lstat(path, &stat) == 0) {
        enum cairn_err err = os_fail(why, EEXIST, path, "make a socket");
        cairn_why_hint(why, "of a server that is gone it is left over, and can be removed");
        return err;
    }
    cairn_text_init(&text, server->socket, sizeof server->socket);
    cairn_text_str(&text, path);
    return CAIRN_OK;
}

static enum cairn_err address_take(struct serve_server *server, struct serve_address *where,
                                   struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (where->socket)
        err = socket_given(server, where->socket, why);
    else if (!where->host)
        err = socket_own(server, why);
    if (err) return err;
    where->socket = server->socket[0] ? server->socket : NULL;
    return serve_uri(where, server->uri, why);
}

static void address_drop(struct serve_server *server)
{
    if (server->socket[0]) (void)unlink(server->socket);
    if (server->folder[0]) (void)rmdir(server->folder);
}

/* ---- processes ----------------------------------------------------------------------------- */

/* Signals that are ignored stay so. */
static void signals_block(struct serve_server *server)
{
    static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action;
    sigemptyset(&server->signals);
    sigaddset(&server->signals, SIGCHLD);
    for (size_t i = 0; i < CAIRN_COUNT(ending); i++)
        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&server->signals, ending[i]);
    sigprocmask(SIG_BLOCK, &server->signals, &server->signals_before);
}

/* 0, or what the OS says. */
static int spawn(const struct serve_server *server, pid_t *pid, const char *program,
                 const char *const *words)
{
    posix_spawnattr_t attr;
    int os = posix_spawnattr_init(&attr);
    if (os) return os;
    os = posix_spawnattr_setsigmask(&attr, &server->signals_before);
    if (!os) os = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    if (!os) os = posix_spawnp(pid, program, NULL, &attr, (char *const *)(uintptr_t)words, environ);
    posix_spawnattr_destroy(&attr);
    return os;
}

/* Until it ends; signals that come meanwhile are sent on to it. As a shell has the status. */
static int wait_for(const struct serve_server *server, pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        int got = sigwaitinfo(&server->signals, NULL);
        if (got > 0 && got != SIGCHLD) kill(pid, got);
    }
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static enum cairn_err nbdkit_spawn(struct serve_server *server,
                                   const struct serve_server_options *options, int ready_fd,
                                   struct cairn_why *why)
{
    struct serve_args args;
    char plugin[PATH_MAX];
    enum cairn_err err = serve_plugin_find(plugin, why);
    if (!err) err = serve_args_make(&args, options, plugin, ready_fd, why);
    if (err) return err;
    int os = spawn(server, &server->pid, "nbdkit", args.words);
    if (!os) return CAIRN_OK;
    err = os_fail(why, os, NULL, "start nbdkit");
    if (os == ENOENT) cairn_why_hint(why, "it has to be installed: Debian's package nbdkit");
    return err;
}

/* The plugin writes a byte when it has opened the device, as nbdkit listens by then, and another
 * when it could flush and close it. */
static bool byte_came(const struct serve_server *server)
{
    char byte;
    ssize_t got;
    do
        got = read(server->ready_fd, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 1;
}

static enum cairn_err ready_wait(struct serve_server *server, struct cairn_why *why)
{
    if (byte_came(server)) return CAIRN_OK;
    serve_server_wait(server);
    close(server->ready_fd);
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ECANCELED, "nbdkit did not start, and says why above");
    if (!server->socket[0])
        cairn_why_hint(why, "if the port is in use, --port=NUMBER takes another one");
    return err;
}

static enum cairn_err nbdkit_start(struct serve_server *server,
                                   const struct serve_server_options *options,
                                   struct cairn_why *why)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0 || fcntl(ready[1], F_SETFD, 0) < 0)
        return os_fail(why, errno, NULL, "make a pipe");
    enum cairn_err err = nbdkit_spawn(server, options, ready[1], why);
    close(ready[1]);
    server->ready_fd = ready[0];
    if (!err) return ready_wait(server, why);
    close(ready[0]);
    return err;
}

enum cairn_err serve_server_start(struct serve_server *server,
                                  const struct serve_server_options *options, struct cairn_why *why)
{
    struct serve_server_options taken = *options;
    memset(server, 0, sizeof *server);
    enum cairn_err err = serve_options_check(&options->what, why);
    if (!err) err = address_take(server, &taken.where, why);
    if (!err) {
        signals_block(server);
        err = nbdkit_start(server, &taken, why);
        if (err) sigprocmask(SIG_SETMASK, &server->signals_before, NULL);
    }
    if (err) address_drop(server);
    return err;
}

enum cairn_err serve_server_run(struct serve_server *server, const char *const *words, size_t count,
                                int *status, struct cairn_why *why)
{
    const char **with_uri = calloc(count + 1, sizeof *with_uri);
    if (!with_uri || setenv("uri", server->uri, 1) < 0) {
        free(with_uri);
        return cairn_why_fail(why, CAIRN_ENOMEM, "run %s", words[0]);
    }
    for (size_t i = 0; i < count; i++)
        with_uri[i] = strcmp(words[i], URI_WORD) == 0 ? server->uri : words[i];
    pid_t pid;
    int os = spawn(server, &pid, words[0], with_uri);
    free(with_uri);
    if (os) return os_fail(why, os, words[0], "run");
    *status = wait_for(server, pid);
    return CAIRN_OK;
}

const char *serve_nbdkit_version(void)
{
#ifdef CAIRN_NBDKIT_VERSION
    return CAIRN_NBDKIT_VERSION;
#else
    return NULL;
#endif
}

void serve_server_wait(struct serve_server *server)
{
    if (!server->pid) return;
    server->status = wait_for(server, server->pid);
    server->pid = 0;
}

enum cairn_err serve_server_end(struct serve_server *server, struct cairn_why *why)
{
    if (server->pid) kill(server->pid, SIGTERM);
    serve_server_wait(server);
    bool ended_well = server->status == 0 && byte_came(server);
    close(server->ready_fd);
    address_drop(server);
    sigprocmask(SIG_SETMASK, &server->signals_before, NULL);
    if (ended_well) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EIO, "nbdkit failed, and says why above");
}
