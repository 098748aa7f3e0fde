/* SPDX-License-Identifier: ISC */
/* A volume and its model, walked side by side. */
#ifndef CAIRN_TESTS_FAT_VOLUME_WALK_H
#define CAIRN_TESTS_FAT_VOLUME_WALK_H

#include "model.h"
#include "rig.h"

#include <tape/tape.h>

/* A node of the volume that is held, with what the model says of it. */
struct pair {
    struct model *model;
    struct cairn_fat_node *node; /* NULL: this place is free */
};

#define WALK_HELD 6u

struct walk {
    struct tape *tape;
    struct rig rig;
    struct model *root;
    struct pair held[WALK_HELD];
    uint32_t risk[3]; /* ids of the nodes that the step at hand works on */
    uint32_t risks;
    uint64_t remounts;
    char label[CAIRN_FAT_ALIAS_BYTES];
    uint8_t pattern; /* of the bytes written last */
};

/* A name that was drawn: bytes that may be no name at all. */
struct walk_name {
    char utf8[1024];
    size_t len;
};
void walk_name_draw(struct tape *tape, struct walk_name *name);
/* The name as the volume must see it, and its error when it may not be looked up, or stored. */
enum cairn_err walk_name_parse(const struct walk_name *name, bool to_store, struct fat_name *out);

/* Any node, or any directory, of the tree or among those held; held until walk_drop. */
bool walk_pick(struct walk *w, bool directory, struct pair *pair);
void walk_drop(struct walk *w, struct pair *pair);

/* Fails with the error that came, unless it is `wanted`. CAIRN_ENOSPC is looked into by the caller.
 */
bool walk_wanted(struct walk *w, const char *what, enum cairn_err got, enum cairn_err wanted);

/* Tell the model the alias that the volume chose, and look whether it is new in its directory. */
bool walk_alias(struct walk *w, struct cairn_fat_node *dir, struct model *model);

/* Does the node tell what the model says: kind, size, attributes, times? */
bool walk_stat_agrees(struct walk *w, const struct pair *pair);
/* The whole contents. */
bool walk_contents_agree(struct walk *w, const struct pair *pair);
/* Its entries are the model's, each once. */
bool walk_list_agrees(struct walk *w, const struct pair *dir);
/* All of it, from the root on. */
bool walk_tree_agrees(struct walk *w);

uint64_t walk_free_clusters(struct walk *w);

/* Every operation: draws its arguments, runs it on both sides, compares. */
bool walk_step(struct walk *w);

#endif
