/* SPDX-License-Identifier: ISC */
/* What the verbs of `cairn part` share: the disk whose table they show or change. */
#ifndef CAIRN_TOOLS_PART_H
#define CAIRN_TOOLS_PART_H

#include "args.h"
#include "json.h"
#include "out.h"

#include <cairn/blk_open.h>
#include <cairn/image.h>
#include <cairn/part_edit.h>

#define TOOL_PART_BLOCK                                                                            \
    {                                                                                              \
        "block", 0, "SIZE", "bytes of a block of an image for such a disk: 512 or 4K (512)"        \
    }

struct tool_part {
    const struct tool_args *args;
    const char *text; /* the operand */
    struct cairn_image_place place;
    struct cairn_blk_any any;
    struct cairn_blk *dev;
    struct cairn_part_table table;
    struct cairn_part_findings findings;
    void *scratch;
    size_t scratch_bytes;
    struct cairn_why why; /* of what failed last */
};

enum tool_part_mode {
    TOOL_PART_LOOK,  /* read-only */
    TOOL_PART_WRITE, /* as it is */
    TOOL_PART_MAKE   /* a new file, of create_bytes */
};

/* Open the first operand and read its table with all that is wrong with it, also where there is
 * none. block: the index of TOOL_PART_BLOCK. NULL after a message, *status tells. */
struct tool_part *tool_part_open(const struct tool_args *args, uint32_t block,
                                 enum tool_part_mode mode, uint64_t create_bytes,
                                 enum tool_status *status);
/* The same for a verb that needs a table. */
struct tool_part *tool_part_open_table(const struct tool_args *args, uint32_t block, bool write,
                                       enum tool_status *status);

/* Write the table, and have the host look at a block device anew. */
enum tool_status tool_part_write(struct tool_part *part);

/* Close; the first failure is told. Ends the struct. */
enum tool_status tool_part_close(struct tool_part *part, enum tool_status status);

/* A message about what failed last. */
enum tool_status tool_part_fail(const struct tool_part *part, enum cairn_err err);

/* The partition that IMAGE:PART names, or else the operand behind IMAGE: a number, label=X, uuid=X
 * or type=X. *next: the operand that follows. NULL after a message. */
const struct cairn_part *tool_part_named(struct tool_part *part, uint32_t *next,
                                         enum tool_status *status);

/* TOOL_BAD after a message when a table with this finding cannot be changed without losing what is
 * not seen of it. */
enum tool_status tool_part_refuse(const struct tool_part *part, enum cairn_part_fault fault);

/* Blocks of an operand or a value that is a size; 0: "rest" or "max". False after a message; NULL
 * is left alone. */
bool tool_part_blocks(const struct tool_part *part, const char *text, uint64_t *blocks);

/* 16 bytes of a random GUID (version 4). */
bool tool_part_guid_new(uint8_t guid[16]);

const char *tool_part_scheme_text(enum cairn_part_scheme scheme);
const char *tool_part_type_text(const struct cairn_part *part, enum cairn_part_scheme scheme,
                                char buf[TOOL_TEXT_BYTES]);

/* "disk.img: partition 2: 100 MiB at 1 MiB, EFI System". */
void tool_part_tell(const struct tool_part *part, uint32_t number);

/* All findings: to standard error, or as a member of a JSON object. */
void tool_part_findings_tell(const struct tool_part *part);
void tool_part_findings_json(const struct tool_part *part, struct tool_json *json);

/* Is nothing but zeros in the blocks? */
enum cairn_err tool_part_look(struct cairn_blk *dev, uint64_t first, uint64_t count, bool *zero,
                              struct cairn_why *why);

/* The verbs; cmd_part.c lists them. */
extern const struct tool_verb tool_verb_part_add, tool_verb_part_create, tool_verb_part_delete,
    tool_verb_part_list, tool_verb_part_repair, tool_verb_part_resize;

#endif
