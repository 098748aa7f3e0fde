/* SPDX-License-Identifier: ISC */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_ROUNDS 2000
#define WAIT_US 5000

static void must(bool good, const char *what)
{
    if (good) return;
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    abort();
}

/* For an emulated test the programs of this machine are of another byte order. */
bool server_program_is_here(const char *program)
{
#ifdef SERVER_IS_FOREIGN
    return (void)program, false;
#else
    char path[64];
    snprintf(path, sizeof path, "/usr/bin/%s", program);
    return access(path, X_OK) == 0;
#endif
}

void server_init(struct server *server, uint64_t image_bytes)
{
    *server = (struct server){ .dir = "/tmp/cairn-bed-XXXXXX" };
    must(mkdtemp(server->dir) != NULL, "make a folder");
    snprintf(server->socket, sizeof server->socket, "%s/socket", server->dir);
    snprintf(server->image, sizeof server->image, "%s/image", server->dir);
    snprintf(server->log, sizeof server->log, "%s/log", server->dir);
    int fd = open(server->image, O_CREAT | O_WRONLY, 0600);
    must(fd >= 0 && !ftruncate(fd, (off_t)image_bytes), "make an image");
    close(fd);
}

/* What the program prints goes to the log. It ends with the test, even one that is killed. */
static void child_run(const struct server *server, char **argv)
{
    int fd = open(server->log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(127);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], argv);
    _exit(127);
}

static void log_print(const struct server *server)
{
    char text[4096];
    FILE *file = fopen(server->log, "r");
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[got] = '\0';
    fprintf(stderr, "%s\n", text);
}

static void wait_for_pid_file(const struct server *server, const char *path)
{
    for (int i = 0; i < WAIT_ROUNDS && access(path, F_OK); i++) {
        if (waitpid(server->pid, NULL, WNOHANG) != 0) break;
        usleep(WAIT_US);
    }
    if (access(path, F_OK)) log_print(server);
    must(!access(path, F_OK), "it does not start");
}

void server_start(struct server *server, const char *program, const char *words, ...)
{
    char line[4096], pid_file[128], *argv[SERVER_WORDS_MAX + 1], *rest = line;
    va_list args;
    va_start(args, words);
    vsnprintf(line, sizeof line, words, args);
    va_end(args);
    snprintf(pid_file, sizeof pid_file, "%s/pid", server->dir);
    char flag[] = "--pidfile", *name = strdup(program);
    size_t count = 0;
    argv[count++] = name;
    argv[count++] = flag;
    argv[count++] = pid_file;
    while (count < SERVER_WORDS_MAX && (argv[count] = strtok_r(rest, " ", &rest)) != NULL)
        count++;
    argv[count] = NULL;
    unlink(pid_file); /* of one that was killed */
    server->pid = fork();
    must(server->pid >= 0, "fork");
    if (!server->pid) child_run(server, argv);
    free(name);
    wait_for_pid_file(server, pid_file);
}

static void server_signal(struct server *server, int number)
{
    if (server->pid <= 0) return;
    kill(server->pid, number);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    server->pid = 0;
}

void server_kill(struct server *server)
{
    server_signal(server, SIGKILL);
}

void server_end(struct server *server)
{
    server_signal(server, SIGTERM);
}

void server_pause(const struct server *server, bool pause)
{
    kill(server->pid, pause ? SIGSTOP : SIGCONT);
}

void server_remove(struct server *server)
{
    static const char *const names[] = {
        "socket", "image", "log", "pid", "ram", "writes", "rules"
    };
    char path[128];
    server_kill(server);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", server->dir, names[i]);
        unlink(path);
    }
    rmdir(server->dir);
}

static struct server shared;
static pid_t shared_owner; /* children have it too, and must not stop it */

static void shared_stop(void)
{
    if (getpid() == shared_owner) server_remove(&shared);
}

const struct server *server_shared(uint64_t bytes)
{
    if (shared_owner) return &shared;
    server_init(&shared, bytes);
    server_start(&shared, "qemu-storage-daemon",
                 "--blockdev driver=file,filename=%s,node-name=disk,discard=unmap "
                 "--export type=vhost-user-blk,id=e,node-name=disk,writable=on,num-queues=2,"
                 "addr.type=unix,addr.path=%s",
                 shared.image, shared.socket);
    shared_owner = getpid();
    atexit(shared_stop);
    return &shared;
}
