/* SPDX-License-Identifier: ISC */
/* What the verbs of `unikernel` share: the application, its target, the folder it is built in. */
#ifndef CAIRN_TOOLS_UNIKERNEL_H
#define CAIRN_TOOLS_UNIKERNEL_H

#include "args.h"
#include "out.h"

#include <unikernel/host/images.h>

extern const struct tool_verb tool_verb_unikernel_configure, tool_verb_unikernel_build,
    tool_verb_unikernel_run;

/* The first options of each of these verbs. */
enum { UNIKERNEL_TARGET, UNIKERNEL_DIR, UNIKERNEL_OPTIONS };
#define UNIKERNEL_OPTION_TARGET                                                                    \
    {                                                                                              \
        "target", 't', "TARGET", "unix, or virtio: a machine for QEMU (unix)"                      \
    }
#define UNIKERNEL_OPTION_DIR                                                                       \
    {                                                                                              \
        "dir", 'd', "BUILD", "where all is made (APP_FOLDER/build/TARGET)"                         \
    }

enum unikernel_target { UNIKERNEL_UNIX, UNIKERNEL_VIRTIO };

struct tool_unikernel {
    const struct tool_args *args;
    struct front_app *app;
    uint32_t target;
    char folder[4096], build[4096]; /* absolute */
};

/* The application in folder, its target and its build folder, which is made when `make`. What is
 * open is closed with tool_unikernel_close, also after a failure. */
enum tool_status tool_unikernel_open(struct tool_unikernel *unikernel, const struct tool_args *args,
                                     const char *folder, bool make);
void tool_unikernel_close(struct tool_unikernel *unikernel);

/* The target's name. */
const char *tool_unikernel_target(const struct tool_unikernel *unikernel);

#define UNIKERNEL_WORDS_MAX 512u
struct tool_words {
    const char *word[UNIKERNEL_WORDS_MAX + 1]; /* ends with NULL */
    size_t count;
    bool failed; /* too many, or no memory */
};

/* A word more, formatted; tool_words_free frees all. */
void tool_words_add(struct tool_words *words, const char *fmt, ...) CAIRN_PRINTF(2, 3);
void tool_words_free(struct tool_words *words);

/* The command that runs the application, its arguments behind. */
void tool_unikernel_line(const struct tool_unikernel *unikernel, const char *const *arguments,
                         size_t count, struct tool_words *line);

/* Run a command and wait for its end; *status is 128 + the signal where one ended it. TOOL_FAILED
 * after a message when it could not be started; `package` is what has it. */
enum tool_status tool_command_run(const struct tool_words *command, const char *package,
                                  int *status);

#endif
