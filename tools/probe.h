/* SPDX-License-Identifier: ISC */
/* What a disk or a partition holds but a FAT: a key-value store, or what Cairn does not read; as
 * `info` and `part list` show it. */
#ifndef CAIRN_TOOLS_PROBE_H
#define CAIRN_TOOLS_PROBE_H

#include "json.h"

#include <cairn/blk_probe.h>

/* As cairn_blk_probe, and it knows "key-value store"; but whatever hinders it leaves the contents
 * unknown: they are shown beside what is known otherwise. */
void tool_probe(struct cairn_blk *dev, int fd, struct cairn_blk_probe_range range,
                struct cairn_blk_probed *probed);

/* Has it a word for the contents? */
bool tool_probed_is_known(const struct cairn_blk_probed *probed);

/* "ext4", "signatures of several kinds": what it is, to standard output; nothing when unknown. */
void tool_probed_put_type(const struct cairn_blk_probed *probed);

/* An object of type, label and UUID, null where there is none; null as a whole when unknown. */
void tool_probed_json(struct tool_json *json, const char *key,
                      const struct cairn_blk_probed *probed);
/* Its members. */
void tool_probed_json_members(struct tool_json *json, const struct cairn_blk_probed *probed);

#endif
