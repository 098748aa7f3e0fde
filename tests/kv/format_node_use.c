/* SPDX-License-Identifier: ISC */
/* A page that was checked, used in every way: for the units and the fuzzer. */
#include "format_use.h"
#include <string.h>

static bool finds(const uint8_t *page, uint32_t at)
{
    uint8_t text[KVN_KEY_MAX];
    bool equal = false;
    struct kvn_slice key = { text, kvn_node_key(page, at, text) };
    if (kvn_node_find(page, key, &equal) != at || !equal) return false;
    if (kvn_node_child(page, key) != at) return false;
    if (key.bytes == 0) return true;
    key.bytes--; /* a key below */
    return kvn_node_find(page, key, &equal) <= at && kvn_node_child(page, key) <= at;
}

bool format_node_use(const uint8_t *page)
{
    static volatile uint8_t sink;
    uint32_t count = kvn_node_count(page);
    for (uint32_t at = 0; at < count; at++) {
        struct kvn_slice value = kvn_node_value(page, at);
        for (uint32_t i = 0; i < value.bytes; i++)
            sink = value.data[i];
        if (!finds(page, at)) return false;
    }
    (void)sink;
    return true;
}
