/* SPDX-License-Identifier: ISC */
#include "probe.h"

#include "kv.h"
#include "out.h"

#include <cairn/blk_layers.h>

#define SEVERAL "signatures of several kinds"

/* A store of Cairn's own, which libblkid does not know. */
static bool store_probe(struct cairn_blk *dev, struct cairn_blk_probe_range range,
                        struct cairn_blk_probed *probed)
{
    struct cairn_blk_slice slice;
    struct cairn_kv_native_geometry geometry;
    char uuid[TOOL_TEXT_BYTES];
    if (cairn_blk_slice_open(&slice, dev, range.first, range.count, "store", NULL)) return false;
    bool is_store = tool_kv_probe(&slice.base, &geometry);
    enum cairn_err ignored = cairn_blk_close(&slice.base, NULL);
    (void)ignored;
    if (!is_store) return false;
    *probed = (struct cairn_blk_probed){ .type = "key-value store" };
    snprintf(probed->label, sizeof probed->label, "%.*s", (int)sizeof geometry.label,
             geometry.label);
    if (geometry.generation)
        snprintf(probed->uuid, sizeof probed->uuid, "%s", tool_kv_uuid_text(geometry.uuid, uuid));
    return true;
}

void tool_probe(struct cairn_blk *dev, int fd, struct cairn_blk_probe_range range,
                struct cairn_blk_probed *probed)
{
    if (store_probe(dev, range, probed)) return;
    enum cairn_err ignored = cairn_blk_probe(dev, fd, range, probed, NULL);
    (void)ignored;
}

bool tool_probed_is_known(const struct cairn_blk_probed *probed)
{
    return probed->several || probed->type[0];
}

void tool_probed_put_type(const struct cairn_blk_probed *probed)
{
    tool_name_put(stdout, probed->several ? SEVERAL : probed->type);
}

void tool_probed_json_members(struct tool_json *json, const struct cairn_blk_probed *probed)
{
    tool_json_str(json, "type", probed->several ? SEVERAL : probed->type);
    tool_json_str(json, "label", probed->label[0] ? probed->label : NULL);
    tool_json_str(json, "uuid", probed->uuid[0] ? probed->uuid : NULL);
}

void tool_probed_json(struct tool_json *json, const char *key,
                      const struct cairn_blk_probed *probed)
{
    if (!tool_probed_is_known(probed)) {
        tool_json_str(json, key, NULL);
        return;
    }
    tool_json_open(json, key, '{');
    tool_probed_json_members(json, probed);
    tool_json_close(json, '}');
}
