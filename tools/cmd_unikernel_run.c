/* SPDX-License-Identifier: ISC */
/* Building an application, and running it. */
#include "unikernel.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct tool_option options[] = {
    UNIKERNEL_OPTION_TARGET,
    UNIKERNEL_OPTION_DIR,
    { NULL, 0, NULL, NULL },
};

/* ---- building ----------------------------------------------------------------------------------
 */

/* Where this program's own package lies: beside it in a tree it was built in, or installed. Without
 * either CMake looks for itself. */
static void package_add(struct tool_words *command)
{
    static const char *const places[] = { "..", "../" CAIRN_CMAKE_DIR };
    char self[PATH_MAX], path[PATH_MAX + 128];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    if (bytes <= 0) return;
    self[bytes] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < CAIRN_COUNT(places); i++) {
        snprintf(path, sizeof path, "%s/%s/cairn-config.cmake", self, places[i]);
        if (access(path, R_OK)) continue;
        tool_words_add(command, "-Dcairn_DIR=%s/%s", self, places[i]);
        return;
    }
}

static enum tool_status step_run(struct tool_words *command)
{
    int ended = 0;
    enum tool_status status =
        tool_command_run(command, "apt-get install cmake ninja-build gcc", &ended);
    tool_words_free(command);
    return !status && ended ? TOOL_FAILED : status;
}

static enum tool_status cmake_configure(const struct tool_unikernel *unikernel)
{
    struct tool_words command = { .count = 0 };
    tool_words_add(&command, "cmake");
    tool_words_add(&command, "--log-level=WARNING");
    tool_words_add(&command, "-S%s", unikernel->build);
    tool_words_add(&command, "-B%s/cmake", unikernel->build);
    tool_words_add(&command, "-GNinja");
    tool_words_add(&command, "-DCMAKE_BUILD_TYPE=RelWithDebInfo");
    package_add(&command);
    return step_run(&command);
}

static enum tool_status cmake_build(const struct tool_unikernel *unikernel)
{
    struct tool_words command = { .count = 0 };
    tool_words_add(&command, "cmake");
    tool_words_add(&command, "--build");
    tool_words_add(&command, "%s/cmake", unikernel->build);
    return step_run(&command);
}

static enum tool_status build_run(const struct tool_args *args)
{
    struct tool_unikernel unikernel;
    const char *folder = args->operand_count ? args->operands[0] : ".";
    enum tool_status status = tool_unikernel_open(&unikernel, args, folder, false);
    if (!status) status = cmake_configure(&unikernel);
    if (!status) status = cmake_build(&unikernel);
    tool_unikernel_close(&unikernel);
    return status;
}

const struct tool_verb tool_verb_unikernel_build = {
    .name = "unikernel build",
    .summary = "Compile and link what configure wrote, by CMake and ninja",
    .operands = "[APP_FOLDER]",
    .options = options,
    .example = "  cairn unikernel build -t virtio app/",
    .operands_most = 1,
    .run = build_run,
};

/* ---- running -----------------------------------------------------------------------------------
 */

/* isa-debug-exit makes 2 * status + 1 of the machine's; what is even is QEMU's own failure. */
static int status_of(const struct tool_unikernel *unikernel, int ended)
{
    bool is_machine = unikernel->target == UNIKERNEL_VIRTIO;
    return is_machine && (ended & 1) ? ended >> 1 : ended;
}

/* QEMU ends with 1 for its own failures, and for a machine that ended with 0: what it could fail
 * for is looked at before. */
static bool files_are_there(const struct tool_unikernel *unikernel)
{
    const struct front_app *app = unikernel->app;
    char path[FRONT_PATH_BYTES];
    snprintf(path, sizeof path, "%s/cmake/%s-%s", unikernel->build, app->name,
             tool_unikernel_target(unikernel));
    if (access(path, R_OK)) {
        tool_note("there is no %s (`cairn unikernel build` makes it)", path);
        return false;
    }
    for (uint32_t i = 0; i < app->devices_count; i++) {
        const struct front_device *device = &app->devices[i];
        front_image_path(device, unikernel->folder, unikernel->build, path);
        if (access(path, device->read_only ? R_OK : R_OK | W_OK) == 0) continue;
        tool_note("%s: %s cannot be opened (`cairn unikernel configure` makes it)", device->name,
                  path);
        return false;
    }
    return true;
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_unikernel unikernel;
    struct tool_words line = { .count = 0 };
    uint32_t folders = args->operand_count ? 1 : 0;
    const char *folder = folders ? args->operands[0] : ".";
    int ended = 0;
    enum tool_status status = tool_unikernel_open(&unikernel, args, folder, false);
    if (!status && !files_are_there(&unikernel)) status = TOOL_FAILED;
    if (!status) {
        tool_unikernel_line(&unikernel, args->operands + folders, args->operand_count - folders,
                            &line);
        status = tool_command_run(&line,
                                  unikernel.target == UNIKERNEL_VIRTIO
                                      ? "apt-get install qemu-system-x86"
                                      : "`cairn unikernel build` makes it",
                                  &ended);
        if (!status) status = (enum tool_status)status_of(&unikernel, ended);
    }
    tool_words_free(&line);
    tool_unikernel_close(&unikernel);
    return status;
}

const struct tool_verb tool_verb_unikernel_run = {
    .name = "unikernel run",
    .summary = "Run what build made; its status is the exit code",
    .operands = "[APP_FOLDER [-- ARGUMENT...]]",
    .options = options,
    .details =
        "The console is standard output. The images stay: `cairn ls`, `cairn cp` and\n"
        "`cairn kv get` show what was written.",
    .example = "  cairn unikernel run -t virtio app/ -- an argument",
    .operands_most = TOOL_ANY,
    .run = run,
};
