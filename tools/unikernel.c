/* SPDX-License-Identifier: ISC */
#include "unikernel.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const targets[] = { "unix", "virtio", NULL };

const char *tool_unikernel_target(const struct tool_unikernel *unikernel)
{
    return targets[unikernel->target];
}

/* ---- the application ---------------------------------------------------------------------------
 */

/* Made with the folders above it. */
static bool folder_make(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        int failed = mkdir(path, 0777);
        *at = '/';
        if (failed && errno != EEXIST) return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static enum tool_status build_folder_find(struct tool_unikernel *unikernel, bool make)
{
    const char *given = unikernel->args->values[UNIKERNEL_DIR];
    char path[4096 + 32], real[PATH_MAX];
    if (given)
        snprintf(path, sizeof path, "%s", given);
    else
        snprintf(path, sizeof path, "%s/build/%s", unikernel->folder,
                 tool_unikernel_target(unikernel));
    if ((make && !folder_make(path)) || !realpath(path, real)) {
        tool_note("%s: %s%s", path, strerror(errno),
                  make ? "" : " (`cairn unikernel configure` makes it)");
        return TOOL_FAILED;
    }
    snprintf(unikernel->build, sizeof unikernel->build, "%s", real);
    return TOOL_DONE;
}

enum tool_status tool_unikernel_open(struct tool_unikernel *unikernel, const struct tool_args *args,
                                     const char *folder, bool make)
{
    struct cairn_why why = { 0 };
    *unikernel = (struct tool_unikernel){ .args = args };
    if (!tool_arg_choice(args, UNIKERNEL_TARGET, targets, &unikernel->target)) return TOOL_USAGE;
    enum cairn_err err = front_app_read(&unikernel->app, folder, &why);
    if (err) {
        char name[4200];
        snprintf(name, sizeof name, "%.4096s/app.yaml", folder);
        enum tool_status status = tool_fail(name, err, &why);
        return err == CAIRN_EINVAL || err == CAIRN_ENOENT ? TOOL_USAGE : status;
    }
    char real[PATH_MAX];
    if (!realpath(folder, real)) return TOOL_FAILED;
    snprintf(unikernel->folder, sizeof unikernel->folder, "%s", real);
    return build_folder_find(unikernel, make);
}

void tool_unikernel_close(struct tool_unikernel *unikernel)
{
    front_app_free(unikernel->app);
    unikernel->app = NULL;
}

/* ---- commands ----------------------------------------------------------------------------------
 */

void tool_words_add(struct tool_words *words, const char *fmt, ...)
{
    char *word = NULL;
    va_list args;
    va_start(args, fmt);
    if (words->count == UNIKERNEL_WORDS_MAX || vasprintf(&word, fmt, args) < 0)
        words->failed = true;
    else
        words->word[words->count++] = word;
    va_end(args);
}

void tool_words_free(struct tool_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free((void *)(uintptr_t)words->word[i]);
    *words = (struct tool_words){ .count = 0 };
}

static void unix_line(const struct tool_unikernel *unikernel, struct tool_words *line)
{
    const struct front_app *app = unikernel->app;
    char path[FRONT_PATH_BYTES];
    tool_words_add(line, "%s/cmake/%s-unix", unikernel->build, app->name);
    tool_words_add(line, "--mem=%llu", (unsigned long long)app->memory);
    for (uint32_t i = 0; i < app->devices_count; i++) {
        front_image_path(&app->devices[i], unikernel->folder, unikernel->build, path);
        tool_words_add(line, "--block:%s=%s", app->devices[i].name, path);
    }
    tool_words_add(line, "--");
}

/* QEMU's way to have a comma in a value is to write it twice. */
static void commas_double(const char *from, char *to, size_t cap)
{
    size_t at = 0;
    for (; *from && at + 2 < cap; from++) {
        to[at++] = *from;
        if (*from == ',') to[at++] = ',';
    }
    to[at] = '\0';
}

static void qemu_disk(const struct tool_unikernel *unikernel, const struct front_device *device,
                      bool is_microvm, struct tool_words *line)
{
    char path[FRONT_PATH_BYTES], escaped[2 * FRONT_PATH_BYTES];
    front_image_path(device, unikernel->folder, unikernel->build, path);
    commas_double(path, escaped, sizeof escaped);
    tool_words_add(line, "-drive");
    tool_words_add(line, "id=%s,file=%s,format=raw,if=none%s", device->name, escaped,
                   device->read_only ? ",read-only=on" : "");
    tool_words_add(line, "-device");
    tool_words_add(line, "virtio-blk-%s,drive=%s,serial=%s", is_microvm ? "device" : "pci",
                   device->name, device->name);
}

static void qemu_machine(const struct tool_unikernel *unikernel, bool is_microvm,
                         struct tool_words *line)
{
    static const char *const words[] = { "-nodefaults", "-no-reboot",
                                         "-display",    "none",
                                         "-serial",     "stdio",
                                         "-device",     "isa-debug-exit,iobase=0x501,iosize=2" };
    const struct front_app *app = unikernel->app;
    tool_words_add(line, "qemu-system-x86_64");
    tool_words_add(line, "-M");
    tool_words_add(line, "%s", is_microvm ? "microvm,acpi=off" : "q35");
    if (is_microvm) tool_words_add(line, "-global");
    if (is_microvm) tool_words_add(line, "virtio-mmio.force-legacy=false");
    if (app->targets.virtio.cpu) tool_words_add(line, "-cpu");
    if (app->targets.virtio.cpu) tool_words_add(line, "%s", app->targets.virtio.cpu);
    for (size_t i = 0; i < CAIRN_COUNT(words); i++)
        tool_words_add(line, "%s", words[i]);
    tool_words_add(line, "-m");
    tool_words_add(line, "%lluM", (unsigned long long)(app->memory + 0xFFFFF) >> 20);
    tool_words_add(line, "-kernel");
    tool_words_add(line, "%s/cmake/%s-virtio", unikernel->build, app->name);
}

static void virtio_line(const struct tool_unikernel *unikernel, struct tool_words *line)
{
    const struct front_app *app = unikernel->app;
    bool is_microvm = app->targets.virtio.machine == 1;
    qemu_machine(unikernel, is_microvm, line);
    for (uint32_t i = 0; i < app->devices_count; i++)
        qemu_disk(unikernel, &app->devices[i], is_microvm, line);
    for (uint32_t i = 0; i < app->targets.virtio.extra_count; i++)
        tool_words_add(line, "%s", app->targets.virtio.extra[i]);
}

/* One word for the machine; a word with spaces is kept together by quotes. */
static void append_add(const char *const *arguments, size_t count, struct tool_words *line)
{
    char text[2048] = "";
    size_t at = 0;
    for (size_t i = 0; i < count && at < sizeof text; i++) {
        const char *quote = strchr(arguments[i], ' ') || !arguments[i][0] ? "\"" : "";
        int bytes = snprintf(text + at, sizeof text - at, "%s%s%s%s", i ? " " : "", quote,
                             arguments[i], quote);
        at += bytes > 0 ? (size_t)bytes : 0;
    }
    line->failed = line->failed || at >= sizeof text;
    tool_words_add(line, "-append");
    tool_words_add(line, "%s", text);
}

void tool_unikernel_line(const struct tool_unikernel *unikernel, const char *const *arguments,
                         size_t count, struct tool_words *line)
{
    if (unikernel->target == UNIKERNEL_VIRTIO) {
        virtio_line(unikernel, line);
        append_add(arguments, count, line);
        return;
    }
    unix_line(unikernel, line);
    for (size_t i = 0; i < count; i++)
        tool_words_add(line, "%s", arguments[i]);
}

/* Ctrl-C goes to the command as well, which ends; we wait for that. */
static bool end_wait(pid_t pid, int *status)
{
    int ended;
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    (void)sigaction(SIGINT, &ignore, &before);
    pid_t got;
    do
        got = waitpid(pid, &ended, 0);
    while (got < 0 && errno == EINTR);
    (void)sigaction(SIGINT, &before, NULL);
    if (got != pid) return false;
    *status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    return true;
}

enum tool_status tool_command_run(const struct tool_words *command, const char *package,
                                  int *status)
{
    pid_t pid;
    if (command->failed || command->count == 0) {
        tool_note("the command line is too long");
        return TOOL_FAILED;
    }
    fflush(stdout);
    int code = posix_spawnp(&pid, command->word[0], NULL, NULL,
                            (char *const *)(uintptr_t)command->word, environ);
    if (code == ENOENT)
        tool_note("there is no %s (%s)", command->word[0], package);
    else if (code)
        tool_note("%s: %s", command->word[0], strerror(code));
    return !code && end_wait(pid, status) ? TOOL_DONE : TOOL_FAILED;
}
