/* SPDX-License-Identifier: ISC */
#include "unikernel/host/table.h"

static const char *const kinds[] = { "CAIRN_ENV_BLOCK", "CAIRN_ENV_FAT", "CAIRN_ENV_KV" };
static const char *const levels[] = { "CAIRN_LOG_OFF", "CAIRN_LOG_ERROR", "CAIRN_LOG_WARNING",
                                      "CAIRN_LOG_INFO", "CAIRN_LOG_DEBUG" };

/* Names are letters and digits (app.c), so that none has to be escaped. */
static void device_write(const struct front_device *device, FILE *to)
{
    fprintf(to,
            "    { .name = \"%s\", .kind = %s, .read_only = %s, .memory = %lluu, "
            ".least_bytes = %lluu },\n",
            device->name, kinds[device->kind], device->read_only ? "true" : "false",
            (unsigned long long)device->memory, (unsigned long long)device->least);
}

bool front_table_write(const struct front_app *app, FILE *to)
{
    fputs("/* Made of app.yaml by `cairn unikernel configure`. */\n#include <cairn/env.h>\n\n", to);
    if (app->devices_count) fputs("static const struct cairn_env_device devices[] = {\n", to);
    for (uint32_t i = 0; i < app->devices_count; i++)
        device_write(&app->devices[i], to);
    if (app->devices_count) fputs("};\n\n", to);
    fprintf(to, "const struct cairn_env_app cairn_env_app = {\n    .name = \"%s\",\n", app->name);
    if (app->devices_count)
        fprintf(to, "    .devices = devices,\n    .device_count = %u,\n", app->devices_count);
    fprintf(to, "    .log_level = %s,\n};\n", levels[app->log]);
    return fflush(to) == 0 && !ferror(to);
}
