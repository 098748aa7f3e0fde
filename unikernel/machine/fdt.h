/* SPDX-License-Identifier: ISC */
/*
 * A flattened device tree (Devicetree Specification 0.4, chapter 5), and what it says of a board.
 *
 * Pure: reads bytes, and none beyond those it was given, whatever they say.
 */
#ifndef CAIRN_UNIKERNEL_FDT_H
#define CAIRN_UNIKERNEL_FDT_H

#include "machine.h"

#define UK_FDT_DEPTH 16u
#define UK_FDT_BYTES_MAX (UINT32_C(2) << 20) /* as large as the arm64 boot protocol lets it be */

struct uk_fdt {
    const uint8_t *nodes, *strings; /* the blocks of structure and of names */
    uint32_t node_bytes, string_bytes;
};

/* Where a walk is: a node, and how many cells (of 32 bits) its reg has for an address and a size.
 */
struct uk_fdt_node {
    const char *name;
    uint32_t depth;      /* 0: the root */
    uint32_t properties; /* where in the block of structure they begin */
    uint32_t next;       /* where the walk goes on */
    uint32_t address_cells, size_cells;
    struct {
        uint8_t address, size;
    } below[UK_FDT_DEPTH + 1]; /* what children of nodes of that depth have */
};

struct uk_fdt_value {
    const uint8_t *at; /* NULL: there is no such property */
    uint32_t bytes;
};

/* How large the tree at `head` (40 bytes) says it is; 0: it is none, or too large. */
uint32_t uk_fdt_bytes(const uint8_t *head);
/* False: not a tree, or one whose blocks do not lie within its bytes. */
bool uk_fdt_open(struct uk_fdt *fdt, const uint8_t *at, uint32_t bytes) CAIRN_MUST_USE;

struct uk_fdt_node uk_fdt_walk_begin(void);
/* The next node in the tree's order; false at the end, and at what is not a tree any more. */
bool uk_fdt_walk_next(const struct uk_fdt *fdt, struct uk_fdt_node *node);

struct uk_fdt_value uk_fdt_property(const struct uk_fdt *fdt, const struct uk_fdt_node *node,
                                    const char *name);
/* The property is text that ends within its bytes; NULL: it is not. */
const char *uk_fdt_text(const struct uk_fdt *fdt, const struct uk_fdt_node *node, const char *name);
/* One of the texts of `compatible` is this. */
bool uk_fdt_is(const struct uk_fdt *fdt, const struct uk_fdt_node *node, const char *compatible);
/* The index-th piece of `reg`; false: there are not so many. */
bool uk_fdt_reg(const struct uk_fdt *fdt, const struct uk_fdt_node *node, uint32_t index,
                struct uk_range *reg);

/* ---- boards with Arm's interrupt controller (fdt_board.c) ------------------------------------ */

struct uk_board {
    struct uk_range uart, rtc;   /* PL011, PL031; no bytes: there is none */
    uint32_t gic;                /* 2, 3; 0: there is none */
    struct uk_range distributor; /* GICD */
    struct uk_range processor;   /* version 2: GICC; 3: the redistributors, GICR */
    struct uk_range messages;    /* GICv2m's frame */
    uint32_t timer;              /* the virtual timer's interrupt, or UK_LINE_NONE */
    bool psci_smc;               /* PSCI is called by smc rather than hvc */
};

/* Memory, command line, virtio-mmio slots and PCI into the machine, the rest into the board.
 * Devices behind a bus that translates addresses are not looked at. */
void uk_board_by_fdt(const struct uk_fdt *fdt, struct uk_machine *machine, struct uk_board *board);

#endif
