/* SPDX-License-Identifier: ISC */
#include "args.h"

#include <cairn/text.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN "nbdkit-cairn-plugin.so"

/* A word of nbdkit's: name and value, where that is there. What does not fit sets `used` to the
 * whole of text. */
static void word_add(struct serve_args *args, const char *name, const char *value)
{
    struct cairn_text word;
    size_t left = sizeof args->text - args->used;
    if (!value) return;
    cairn_text_init(&word, args->text + args->used, left);
    cairn_text_str(&word, name);
    cairn_text_str(&word, value);
    bool fits = !word.cut && args->count < SERVE_ARGS_MAX;
    if (fits) args->words[args->count++] = word.at;
    args->used = fits ? args->used + word.len + 1 : sizeof args->text;
}

static void flag_add(struct serve_args *args, bool is_set, const char *word)
{
    if (is_set) word_add(args, word, "");
}

static void number_add(struct serve_args *args, const char *name, uint32_t number)
{
    char digits[16];
    struct cairn_text text;
    cairn_text_init(&text, digits, sizeof digits);
    cairn_text_u64(&text, number);
    word_add(args, name, digits);
}

static void where_add(struct serve_args *args, const struct serve_address *where)
{
    word_add(args, "--unix=", where->socket);
    if (where->socket) return;
    word_add(args, "--ipaddr=", where->host);
    number_add(args, "--port=", where->port);
}

enum cairn_err serve_args_make(struct serve_args *args, const struct serve_server_options *options,
                               const char *plugin, int ready_fd, struct cairn_why *why)
{
    *args = (struct serve_args){ .count = 0 };
    flag_add(args, true, "nbdkit");
    flag_add(args, true, "--foreground");
    flag_add(args, true, "--exit-with-parent");
    flag_add(args, !options->what.write, "--readonly");
    flag_add(args, options->once, "--filter=exitlast");
    flag_add(args, options->where.tls, "--tls=require");
    word_add(args, "--tls-certificates=", options->tls_certificates);
    word_add(args, "--tls-psk=", options->tls_psk);
    where_add(args, &options->where);
    word_add(args, "", plugin);
    number_add(args, "ready=", (uint32_t)ready_fd);
    word_add(args, "place=", options->what.place);
    flag_add(args, options->what.write, "write=true");
    flag_add(args, options->what.stats, "stats=true");
    word_add(args, "sim=", options->what.sim);
    word_add(args, "trace=", options->what.trace);
    word_add(args, "export=", options->where.export_name);
    if (args->used < sizeof args->text) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "a command line of over %zu bytes",
                          sizeof args->text);
}

/* The plugin in a folder that is told from where our executable is. */
static bool plugin_is_in(char path[PATH_MAX], const char *programs, int len, const char *folder)
{
    struct cairn_text text;
    cairn_text_init(&text, path, PATH_MAX);
    cairn_text_fmt(&text, "%.*s/%s" PLUGIN, len, programs, folder);
    return !text.cut && access(path, R_OK) == 0;
}

enum cairn_err serve_plugin_find(char path[PATH_MAX], struct cairn_why *why)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self);
    while (len > 0 && self[len - 1] != '/')
        len--;
    if (len > 0 && (plugin_is_in(path, self, (int)len, "") ||
                    plugin_is_in(path, self, (int)len, CAIRN_NBDKIT_PLUGINS "/")))
        return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "find " PLUGIN);
    cairn_why_hint(why,
                   "this build has none: nbdkit-plugin-dev was not installed when it was made");
    return err;
}
