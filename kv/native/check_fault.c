/* SPDX-License-Identifier: ISC */
/* What a check finds: names, severities, and the finding at hand. */
#include "check.h"

static const struct {
    const char *name;
    enum cairn_kv_severity severity;
} faults[CAIRN_KV_FAULT_COUNT] = {
    [CAIRN_KV_FAULT_SUPER] = { "super", CAIRN_KV_NOTE },
    [CAIRN_KV_FAULT_SUPER_TWIN] = { "super-twin", CAIRN_KV_NOTE },
    [CAIRN_KV_FAULT_SUPER_NEWEST] = { "super-newest", CAIRN_KV_MINOR },
    [CAIRN_KV_FAULT_ROOT] = { "root", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_OPEN] = { "open", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_LOG] = { "log", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_LOG_VALUE] = { "log-value", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_NODE_READ] = { "node-read", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_NODE_HASH] = { "node-hash", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_NODE_FORM] = { "node-form", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_NODE_SELF] = { "node-self", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_NODE_BOUNDS] = { "node-bounds", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_NODE_PLACE] = { "node-place", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_ENTRIES] = { "entries", CAIRN_KV_MINOR },
    [CAIRN_KV_FAULT_TREE_PAGES] = { "tree-pages", CAIRN_KV_MINOR },
    [CAIRN_KV_FAULT_RECORD] = { "record", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_RECORD_KIND] = { "record-kind", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_KEY] = { "key", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_ID] = { "id", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_ID_TWICE] = { "id-twice", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_ID_ORPHAN] = { "id-orphan", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_VALUE_READ] = { "value-read", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_VALUE_HASH] = { "value-hash", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_VALUE_PLACE] = { "value-place", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_VALUE_SHARED] = { "value-shared", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_MAP] = { "map", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_MAP_FREE] = { "map-free", CAIRN_KV_MINOR },
    [CAIRN_KV_FAULT_USED_FREE] = { "used-free", CAIRN_KV_MAJOR },
    [CAIRN_KV_FAULT_LEAKED] = { "leaked", CAIRN_KV_MINOR },
    [CAIRN_KV_FAULT_FREE_COUNT] = { "free-count", CAIRN_KV_MINOR },
};

const char *cairn_kv_fault_name(enum cairn_kv_fault fault)
{
    return fault < CAIRN_KV_FAULT_COUNT ? faults[fault].name : "unknown";
}

enum cairn_kv_severity cairn_kv_fault_severity(enum cairn_kv_fault fault)
{
    return fault < CAIRN_KV_FAULT_COUNT ? faults[fault].severity : CAIRN_KV_MAJOR;
}

void kvn_check_found(struct cairn_kv_check *check, enum cairn_kv_fault fault, uint64_t page,
                     uint64_t a, uint64_t b)
{
    struct cairn_kv_finding *finding = &check->finding;
    finding->fault = fault;
    finding->severity = faults[fault].severity;
    finding->page = page;
    finding->id = 0;
    finding->key[0] = '\0';
    finding->a = a;
    finding->b = b;
}

void kvn_check_place(struct cairn_kv_check *check, uint64_t id, const uint8_t *name, uint32_t bytes)
{
    struct cairn_text text;
    check->finding.id = id;
    cairn_text_init(&text, check->finding.key, sizeof check->finding.key);
    cairn_text_escaped(&text, (const char *)name, bytes);
}

void kvn_check_say(struct cairn_kv_check *check, const char *fmt, ...)
{
    struct cairn_kv_finding *finding = &check->finding;
    struct cairn_text text;
    va_list args;
    cairn_text_init(&text, finding->text, sizeof finding->text);
    va_start(args, fmt);
    cairn_text_vfmt(&text, fmt, args);
    va_end(args);
    check->result.findings[finding->severity]++;
    if (check->stopped || !check->options.report) return;
    check->stopped = !check->options.report(check->options.ctx, finding);
}
