/* SPDX-License-Identifier: ISC */
#include "unikernel/host/app.h"

#include <cairn/blk_open.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const front_machines[] = { "q35", "microvm", NULL };

/* ---- the schema ------------------------------------------------------------------------------ */

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define TEXT(key, type, member, most) CYAML_FIELD_STRING_PTR(key, OPTIONAL, type, member, 1, most)

static const cyaml_strval_t kinds[] = { { "block", CAIRN_ENV_BLOCK },
                                        { "fat", CAIRN_ENV_FAT },
                                        { "kv", CAIRN_ENV_KV } };
/* One more than the level, so that 0 is what was not told. */
static const cyaml_strval_t levels[] = { { "warning", CAIRN_LOG_WARNING + 1 },
                                         { "off", CAIRN_LOG_OFF + 1 },
                                         { "error", CAIRN_LOG_ERROR + 1 },
                                         { "info", CAIRN_LOG_INFO + 1 },
                                         { "debug", CAIRN_LOG_DEBUG + 1 } };
static const cyaml_strval_t machines[] = { { "q35", 0 }, { "microvm", 1 } };

static const cyaml_schema_field_t device_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_DEFAULT, struct front_device, name, 1, 255),
    CYAML_FIELD_ENUM("type", CYAML_FLAG_STRICT, struct front_device, kind, kinds, 3),
    TEXT("folder", struct front_device, folder, 4095),
    TEXT("image", struct front_device, image, 4095),
    TEXT("label", struct front_device, label, 63),
    TEXT("size", struct front_device, size_text, 31),
    TEXT("memory", struct front_device, memory_text, 31),
    TEXT("least", struct front_device, least_text, 31),
    CYAML_FIELD_BOOL("read_only", OPTIONAL, struct front_device, read_only),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t device_value = { CYAML_VALUE_MAPPING(
    CYAML_FLAG_DEFAULT, struct front_device, device_fields) };
static const cyaml_schema_value_t text_value = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1,
                                                                    4095) };
static const cyaml_schema_field_t virtio_fields[] = {
    CYAML_FIELD_ENUM("machine", OPTIONAL | CYAML_FLAG_STRICT, struct front_virtio, machine,
                     machines, 2),
    TEXT("cpu", struct front_virtio, cpu, 255),
    CYAML_FIELD_SEQUENCE("extra", OPTIONAL | CYAML_FLAG_POINTER, struct front_virtio, extra,
                         &text_value, 0, 64),
    CYAML_FIELD_END
};
static const cyaml_schema_field_t target_fields[] = {
    CYAML_FIELD_MAPPING("virtio", OPTIONAL, struct front_targets, virtio, virtio_fields),
    CYAML_FIELD_END
};
static const cyaml_schema_field_t app_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_DEFAULT, struct front_app, name, 1, 255),
    TEXT("memory", struct front_app, memory_text, 31),
    CYAML_FIELD_ENUM("log", OPTIONAL | CYAML_FLAG_STRICT, struct front_app, log, levels, 5),
    CYAML_FIELD_SEQUENCE("sources", OPTIONAL | CYAML_FLAG_POINTER, struct front_app, sources,
                         &text_value, 1, 4096),
    CYAML_FIELD_SEQUENCE("devices", OPTIONAL | CYAML_FLAG_POINTER, struct front_app, devices,
                         &device_value, 0, FRONT_DEVICES_MAX),
    CYAML_FIELD_MAPPING("targets", OPTIONAL, struct front_app, targets, target_fields),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t app_value = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER,
                                                                    struct front_app, app_fields) };

/* ---- what libcyaml finds wrong -----------------------------------------------------------------
 */

/* Its messages: first what is wrong, then where, from the inside out. */
struct complaint {
    char text[160];
    size_t line; /* 0: none was told */
};

CAIRN_PRINTF(3, 0)
static void complaint_note(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct complaint *complaint = ctx;
    char text[sizeof complaint->text];
    (void)level;
    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = '\0';
    const char *said = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
    const char *at = strstr(said, "(line: ");
    if (at && !complaint->line) complaint->line = strtoul(at + 7, NULL, 10);
    if (!complaint->text[0]) snprintf(complaint->text, sizeof complaint->text, "%s", said);
}

static void *memory_resize(void *ctx, void *memory, size_t bytes)
{
    (void)ctx;
    if (bytes) return realloc(memory, bytes);
    free(memory);
    return NULL;
}

static const cyaml_config_t config = { .log_level = CYAML_LOG_ERROR,
                                       .mem_fn = memory_resize,
                                       .log_fn = complaint_note,
                                       .flags = CYAML_CFG_NO_ALIAS };

static enum cairn_err complaint_fail(const struct complaint *complaint, cyaml_err_t err,
                                     struct cairn_why *why)
{
    const char *text = complaint->text[0] ? complaint->text : cyaml_strerror(err);
    if (err == CYAML_ERR_OOM) return cairn_why_fail(why, CAIRN_ENOMEM, "read app.yaml");
    enum cairn_err failed =
        complaint->line ? cairn_why_fail(why, CAIRN_EINVAL, "line %zu: %s", complaint->line, text)
                        : cairn_why_fail(why, CAIRN_EINVAL, "%s", text);
    cairn_why_hint(why,
                   "keys: name, memory, log, sources, devices (name, type: block, fat or kv, "
                   "folder, image, label, size, memory, least, read_only), targets");
    return failed;
}

/* ---- what the schema cannot say ----------------------------------------------------------------
 */

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len <= FRONT_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

static enum cairn_err name_check(const char *of, const char *name, struct cairn_why *why)
{
    if (is_name(name)) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "%s: the name '%s' cannot be", of, name);
    cairn_why_hint(why, "letters and digits, at most %u", FRONT_NAME_MAX);
    return err;
}

static enum cairn_err size_take(const char *of, const char *key, const char *text, uint64_t *bytes,
                                struct cairn_why *why)
{
    if (!text || (!cairn_size_parse(text, bytes) && *bytes)) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_EINVAL, "%s: %s: '%s' is no size", of, key, text);
    cairn_why_hint(why, "a number and K, M or G, such as 16M");
    return err;
}

static enum cairn_err sources_check(const struct front_device *device, struct cairn_why *why)
{
    const char *fault = NULL;
    if (device->folder && device->image) fault = "it is `folder` or `image`, not both";
    if (device->folder && device->kind == CAIRN_ENV_BLOCK)
        fault = "a block device has no folder; `type: fat` or `type: kv` has";
    if (device->image && (device->size_text || device->label))
        fault = "an image that is there has its own size and label";
    if (device->least && device->size && device->size < device->least)
        fault = "its size is below its least size";
    return fault ? cairn_why_fail(why, CAIRN_EINVAL, "device %s: %s", device->name, fault)
                 : CAIRN_OK;
}

static enum cairn_err device_check(const struct front_app *app, uint32_t index,
                                   struct cairn_why *why)
{
    struct front_device *device = &app->devices[index];
    enum cairn_err err = name_check("devices", device->name, why);
    if (!err) err = size_take(device->name, "size", device->size_text, &device->size, why);
    if (!err) err = size_take(device->name, "memory", device->memory_text, &device->memory, why);
    if (!err) err = size_take(device->name, "least", device->least_text, &device->least, why);
    if (!err) err = sources_check(device, why);
    for (uint32_t i = 0; i < index && !err; i++)
        if (strcmp(app->devices[i].name, device->name) == 0)
            err = cairn_why_fail(why, CAIRN_EINVAL, "two devices are called %s", device->name);
    return err;
}

static enum cairn_err app_check(struct front_app *app, struct cairn_why *why)
{
    app->memory = FRONT_MEMORY_USUAL;
    app->log = app->log ? app->log - 1 : CAIRN_LOG_WARNING;
    enum cairn_err err = name_check("name", app->name, why);
    if (!err) err = size_take("app", "memory", app->memory_text, &app->memory, why);
    for (uint32_t i = 0; i < app->devices_count && !err; i++)
        err = device_check(app, i, why);
    return err;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

enum cairn_err front_app_parse(struct front_app **app, const char *text, size_t bytes,
                               struct cairn_why *why)
{
    struct complaint complaint = { .line = 0 };
    cyaml_config_t with = config;
    cyaml_data_t *data = NULL;
    with.log_ctx = &complaint;
    *app = NULL;
    if (bytes == 0) return cairn_why_fail(why, CAIRN_EINVAL, "it is empty; `name: x` is the least");
    cyaml_err_t found =
        cyaml_load_data((const uint8_t *)text, bytes, &with, &app_value, &data, NULL);
    if (found) return complaint_fail(&complaint, found, why);
    if (!data) return cairn_why_fail(why, CAIRN_EINVAL, "it says nothing; `name: x` is the least");
    enum cairn_err err = app_check(data, why);
    if (err)
        front_app_free(data);
    else
        *app = data;
    return err;
}

static enum cairn_err file_read(FILE *file, char **text, size_t *bytes, struct cairn_why *why)
{
    *text = malloc(FRONT_FILE_MAX);
    if (!*text) return cairn_why_fail(why, CAIRN_ENOMEM, "read app.yaml");
    *bytes = fread(*text, 1, FRONT_FILE_MAX, file);
    if (ferror(file)) return cairn_why_fail(why, CAIRN_EIO, "read app.yaml");
    return *bytes < FRONT_FILE_MAX ? CAIRN_OK
                                   : cairn_why_fail(why, CAIRN_EFBIG, "app.yaml is over 1 MiB");
}

enum cairn_err front_app_read(struct front_app **app, const char *folder, struct cairn_why *why)
{
    char path[4200], *text = NULL;
    size_t bytes = 0;
    *app = NULL;
    snprintf(path, sizeof path, "%.4096s/app.yaml", folder);
    FILE *file = fopen(path, "re");
    if (!file) {
        int code = errno;
        enum cairn_err err =
            cairn_why_fail(why, code == ENOENT ? CAIRN_ENOENT : CAIRN_EIO, "open its app.yaml");
        cairn_why_os(why, code);
        cairn_why_hint(why, "name the folder that holds it");
        return err;
    }
    enum cairn_err err = file_read(file, &text, &bytes, why);
    if (!err) err = front_app_parse(app, text, bytes, why);
    free(text);
    (void)fclose(file);
    return err;
}

void front_app_free(struct front_app *app)
{
    if (app) (void)cyaml_free(&config, &app_value, app, 0);
}
