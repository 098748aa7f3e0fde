/* SPDX-License-Identifier: ISC */
/* What a check of a native store found, for people and as JSON. */
#include "kv.h"

static const char *const severities[] = { "note", "minor", "major" };

void tool_kv_finding_json(struct tool_json *json, const struct cairn_kv_finding *finding)
{
    tool_json_open_line(json, NULL, '{');
    tool_json_str(json, "fault", cairn_kv_fault_name(finding->fault));
    tool_json_str(json, "severity", severities[finding->severity]);
    if (finding->page != UINT64_MAX) tool_json_u64(json, "page", finding->page);
    if (finding->id) tool_json_u64(json, "id", finding->id);
    if (finding->key[0]) tool_json_str(json, "key", finding->key);
    tool_json_u64(json, "a", finding->a);
    tool_json_u64(json, "b", finding->b);
    tool_json_str(json, "text", finding->text);
}

void tool_kv_finding_print(const struct cairn_kv_finding *finding)
{
    printf("%s: %s", severities[finding->severity], cairn_kv_fault_name(finding->fault));
    if (finding->key[0]) printf(" (%s, of id %llu)", finding->key, (unsigned long long)finding->id);
    fputs(": ", stdout);
    tool_name_put(stdout, finding->text);
    putchar('\n');
}
