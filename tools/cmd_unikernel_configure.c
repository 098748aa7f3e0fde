/* SPDX-License-Identifier: ISC */
#include "unikernel.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unikernel/host/table.h>

enum { CONFIGURE_FRESH = UNIKERNEL_OPTIONS };
static const struct tool_option options[] = {
    UNIKERNEL_OPTION_TARGET,
    UNIKERNEL_OPTION_DIR,
    { "fresh", 0, NULL, "make the images anew: what the application wrote is lost" },
    { NULL, 0, NULL, NULL },
};

/* A file of the build folder, by what writes it. */
static enum tool_status file_make(const struct tool_unikernel *unikernel, const char *name,
                                  bool (*write)(const struct tool_unikernel *unikernel, FILE *to))
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", unikernel->build, name);
    FILE *to = fopen(path, "we");
    bool done = to && write(unikernel, to);
    int code = errno;
    if (to && fclose(to) && done) {
        code = errno;
        done = false;
    }
    if (!done) tool_note("%s: %s", path, strerror(code));
    return done ? TOOL_DONE : TOOL_FAILED;
}

static bool table_write(const struct tool_unikernel *unikernel, FILE *to)
{
    return front_table_write(unikernel->app, to);
}

/* Between brackets that the text does not have, CMake takes it as it is. */
static void source_write(const struct tool_unikernel *unikernel, const char *source, FILE *to)
{
    fprintf(to, "    [==[%s%s%s]==]\n", source[0] == '/' ? "" : unikernel->folder,
            source[0] == '/' ? "" : "/", source);
}

static bool cmake_write(const struct tool_unikernel *unikernel, FILE *to)
{
    const struct front_app *app = unikernel->app;
    fprintf(to,
            "# Made of app.yaml by `cairn unikernel configure`.\n"
            "cmake_minimum_required(VERSION 3.25)\nproject(%s LANGUAGES C)\n"
            "find_package(cairn REQUIRED)\ncairn_unikernel(%s SOURCES\n",
            app->name, app->name);
    for (uint32_t i = 0; i < app->sources_count; i++)
        source_write(unikernel, app->sources[i], to);
    if (!app->sources_count) source_write(unikernel, "main.c", to);
    fprintf(to, "    TABLE table.c TARGETS %s)\n", tool_unikernel_target(unikernel));
    return fflush(to) == 0;
}

/* Solo5's; what it names are the devices of the tender's command line, too. */
static bool manifest_write(const struct tool_unikernel *unikernel, FILE *to)
{
    const struct front_app *app = unikernel->app;
    fputs("{\n  \"type\": \"solo5.manifest\",\n  \"version\": 1,\n  \"devices\": [", to);
    for (uint32_t i = 0; i < app->devices_count; i++)
        fprintf(to, "%s\n    { \"name\": \"%s\", \"type\": \"BLOCK_BASIC\" }", i ? "," : "",
                app->devices[i].name);
    fputs(app->devices_count ? "\n  ]\n}\n" : "]\n}\n", to);
    return fflush(to) == 0;
}

/* In quotes that a shell takes off. */
static void word_write(const char *word, FILE *to)
{
    fputc('\'', to);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", to);
        else
            fputc(*word, to);
    fputc('\'', to);
}

static bool run_write(const struct tool_unikernel *unikernel, FILE *to)
{
    struct tool_words line = { .count = 0 };
    tool_unikernel_line(unikernel, NULL, 0, &line);
    fputs("#!/bin/sh\n# What `cairn unikernel run` starts.\nexec", to);
    for (size_t i = 0; i < line.count; i++) {
        fputs(line.word[i][0] == '-' ? " \\\n    " : " ", to);
        word_write(line.word[i], to);
    }
    fputs(unikernel->target == UNIKERNEL_UNIX ? " \"$@\"\n" : "\n", to);
    tool_words_free(&line);
    return fflush(to) == 0 && fchmod(fileno(to), 0777 & ~022) == 0;
}

static enum tool_status images_make(const struct tool_unikernel *unikernel)
{
    bool fresh = tool_has(unikernel->args, CONFIGURE_FRESH);
    for (uint32_t i = 0; i < unikernel->app->devices_count; i++) {
        const struct front_device *device = &unikernel->app->devices[i];
        struct cairn_why why = { 0 };
        enum cairn_err err =
            front_image_make(device, unikernel->folder, unikernel->build, fresh, &why);
        if (err) return tool_fail(device->name, err, &why);
    }
    return TOOL_DONE;
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_unikernel unikernel;
    const char *folder = args->operand_count ? args->operands[0] : ".";
    enum tool_status status = tool_unikernel_open(&unikernel, args, folder, true);
    if (!status) status = images_make(&unikernel);
    if (!status) status = file_make(&unikernel, "table.c", table_write);
    if (!status) status = file_make(&unikernel, "CMakeLists.txt", cmake_write);
    if (!status) status = file_make(&unikernel, "manifest.json", manifest_write);
    if (!status) status = file_make(&unikernel, "run", run_write);
    tool_unikernel_close(&unikernel);
    return status;
}

const struct tool_verb tool_verb_unikernel_configure = {
    .name = "unikernel configure",
    .summary = "Write what an application is built of, and make its images",
    .operands = "[APP_FOLDER]",
    .options = options,
    .details =
        "Reads APP_FOLDER/app.yaml (docs/unikernel.md), and writes table.c, CMakeLists.txt,\n"
        "manifest.json, run and NAME.img of each device. Images that exist are kept.",
    .example = "  cairn unikernel configure -t virtio app/",
    .operands_most = 1,
    .run = run,
};
