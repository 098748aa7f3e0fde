/* SPDX-License-Identifier: ISC */
#include "fdt.h"

#define MAGIC 0xD00DFEEDu
#define HEAD_BYTES 40u
#define VERSION 17u /* a later one may say that it can be read as this */
#define BEGIN_NODE 1u
#define END_NODE 2u
#define PROPERTY 3u
#define NOP 4u
#define ADDRESS_CELLS_USUAL 2u
#define SIZE_CELLS_USUAL 1u

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint32_t uk_fdt_bytes(const uint8_t *head)
{
    uint32_t bytes = be32(head + 4);
    return be32(head) == MAGIC && bytes >= HEAD_BYTES && bytes <= UK_FDT_BYTES_MAX ? bytes : 0;
}

bool uk_fdt_open(struct uk_fdt *fdt, const uint8_t *at, uint32_t bytes)
{
    if (bytes < HEAD_BYTES) return false;
    uint32_t nodes = be32(at + 8), strings = be32(at + 12), total = uk_fdt_bytes(at);
    if (!total || total > bytes || be32(at + 24) > VERSION) return false;
    *fdt = (struct uk_fdt){ .string_bytes = be32(at + 32), .node_bytes = be32(at + 36) };
    if (nodes % 4 || !cairn_range_fits(nodes, fdt->node_bytes, total) ||
        !cairn_range_fits(strings, fdt->string_bytes, total))
        return false;
    fdt->nodes = at + nodes;
    fdt->strings = at + strings;
    return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* The length of text at `at`, its NUL within `bytes`; `bytes` when there is none. */
static uint32_t text_len(const uint8_t *at, uint32_t bytes)
{
    uint32_t len = 0;
    while (len < bytes && at[len])
        len++;
    return len;
}

static uint32_t token_at(const struct uk_fdt *fdt, uint32_t at)
{
    return cairn_range_fits(at, 4, fdt->node_bytes) ? be32(fdt->nodes + at) : 0;
}

struct property {
    const char *name;
    struct uk_fdt_value value;
    uint32_t next;
};

/* The property at `at`, behind tokens that say nothing; false: there is no further one. */
static bool property_take(const struct uk_fdt *fdt, uint32_t at, struct property *property)
{
    while (token_at(fdt, at) == NOP)
        at += 4;
    property->next = at;
    if (token_at(fdt, at) != PROPERTY || !cairn_range_fits(at, 12, fdt->node_bytes)) return false;
    uint32_t bytes = be32(fdt->nodes + at + 4), name = be32(fdt->nodes + at + 8);
    if (!cairn_range_fits(at + 12, bytes, fdt->node_bytes) || name >= fdt->string_bytes)
        return false;
    uint32_t room = fdt->string_bytes - name;
    if (text_len(fdt->strings + name, room) == room) return false;
    property->name = (const char *)fdt->strings + name;
    property->value = (struct uk_fdt_value){ fdt->nodes + at + 12, bytes };
    property->next = at + 12 + (bytes + 3) / 4 * 4;
    return true;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

struct uk_fdt_node uk_fdt_walk_begin(void)
{
    return (struct uk_fdt_node){ .depth = UINT32_MAX };
}

/* 1 to 2 cells; others than these this code has no number for. */
static uint8_t cells(struct uk_fdt_value value, uint8_t usual)
{
    return value.bytes == 4 && be32(value.at) < 4 ? (uint8_t)be32(value.at) : usual;
}

/* Past what ends nodes, to the next that begins: how deep it is; false: none does. */
static bool node_find(const struct uk_fdt *fdt, struct uk_fdt_node *node)
{
    for (uint32_t token; (token = token_at(fdt, node->next)) != BEGIN_NODE; node->next += 4) {
        if (token != END_NODE && token != NOP) return false;
        if (token == END_NODE && node->depth-- == 0) return false;
    }
    return ++node->depth <= UK_FDT_DEPTH;
}

bool uk_fdt_walk_next(const struct uk_fdt *fdt, struct uk_fdt_node *node)
{
    if (node->next && node->depth == UINT32_MAX) return false;
    if (!node_find(fdt, node)) return false;
    uint32_t name = node->next + 4, room = fdt->node_bytes - name;
    uint32_t len = text_len(fdt->nodes + name, room);
    if (len == room) return false;
    node->name = (const char *)fdt->nodes + name;
    node->properties = node->next = name + len / 4 * 4 + 4;
    struct property property;
    while (property_take(fdt, node->next, &property))
        node->next = property.next;
    node->next = property.next;
    uint32_t depth = node->depth;
    node->address_cells = depth ? node->below[depth - 1].address : ADDRESS_CELLS_USUAL;
    node->size_cells = depth ? node->below[depth - 1].size : SIZE_CELLS_USUAL;
    node->below[depth].address =
        cells(uk_fdt_property(fdt, node, "#address-cells"), ADDRESS_CELLS_USUAL);
    node->below[depth].size = cells(uk_fdt_property(fdt, node, "#size-cells"), SIZE_CELLS_USUAL);
    return true;
}

struct uk_fdt_value uk_fdt_property(const struct uk_fdt *fdt, const struct uk_fdt_node *node,
                                    const char *name)
{
    struct property property;
    for (uint32_t at = node->properties; property_take(fdt, at, &property); at = property.next)
        if (cairn_str_equal(property.name, name)) return property.value;
    return (struct uk_fdt_value){ NULL, 0 };
}

const char *uk_fdt_text(const struct uk_fdt *fdt, const struct uk_fdt_node *node, const char *name)
{
    struct uk_fdt_value value = uk_fdt_property(fdt, node, name);
    bool ends = value.at && text_len(value.at, value.bytes) < value.bytes;
    return ends ? (const char *)value.at : NULL;
}

bool uk_fdt_is(const struct uk_fdt *fdt, const struct uk_fdt_node *node, const char *compatible)
{
    struct uk_fdt_value value = uk_fdt_property(fdt, node, "compatible");
    for (uint32_t at = 0; at < value.bytes;) {
        uint32_t room = value.bytes - at, len = text_len(value.at + at, room);
        if (len == room) return false;
        if (cairn_str_equal((const char *)value.at + at, compatible)) return true;
        at += len + 1;
    }
    return false;
}

static uint64_t number(const uint8_t *at, uint32_t count)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value = value << 32 | be32(at + i * 4);
    return value;
}

bool uk_fdt_reg(const struct uk_fdt *fdt, const struct uk_fdt_node *node, uint32_t index,
                struct uk_range *reg)
{
    struct uk_fdt_value value = uk_fdt_property(fdt, node, "reg");
    uint32_t each = (node->address_cells + node->size_cells) * 4;
    if (!each || !cairn_range_fits((uint64_t)index * each, each, value.bytes)) return false;
    const uint8_t *at = value.at + (uint64_t)index * each;
    reg->at = number(at, node->address_cells);
    reg->bytes = number(at + (uint64_t)node->address_cells * 4, node->size_cells);
    return reg->at + reg->bytes >= reg->at;
}
