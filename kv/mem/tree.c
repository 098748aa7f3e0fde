/* SPDX-License-Identifier: ISC */
#include "tree.h"

/* ---- nodes ----------------------------------------------------------------------------------- */

_Static_assert(sizeof(struct kv_mem_node) <= KV_MEM_UNIT_BYTES, "the least block holds a node");

static size_t node_bytes(const struct kv_mem_node *node)
{
    size_t room = node->kind == KV_MEM_CHUNK ? (size_t)node->size : 0;
    return offsetof(struct kv_mem_node, name) + node->name_bytes + room;
}

struct kv_mem_node *kv_mem_node_new(struct kv_mem_pool *pool, uint8_t kind,
                                    struct cairn_kv_key name, size_t room)
{
    size_t bytes = offsetof(struct kv_mem_node, name) + name.bytes + room;
    struct kv_mem_node *node = kv_mem_pool_take(pool, bytes < sizeof *node ? sizeof *node : bytes);
    if (!node) return NULL;
    *node = (struct kv_mem_node){
        .size = room, .refs = 1, .rank = 1, .kind = kind, .name_bytes = (uint8_t)name.bytes
    };
    if (name.bytes) memcpy(node->name, name.path, name.bytes);
    if (room) memset(node->name + name.bytes, 0, room);
    return node;
}

struct kv_mem_node *kv_mem_retain(struct kv_mem_node *node)
{
    if (node) node->refs++;
    return node;
}

static void drop(struct kv_mem_node *node, struct kv_mem_node **dead)
{
    if (!node || --node->refs) return;
    node->u.next = *dead;
    *dead = node;
}

/* The dead wait in a list: how deep a tree is decides nothing here. */
void kv_mem_release(struct kv_mem_pool *pool, struct kv_mem_node *node)
{
    struct kv_mem_node *dead = NULL;
    drop(node, &dead);
    while (dead) {
        node = dead;
        dead = node->u.next;
        drop(node->left, &dead);
        drop(node->right, &dead);
        drop(node->inner, &dead);
        kv_mem_pool_give(pool, node, node_bytes(node));
    }
}

enum cairn_err kv_mem_own(struct kv_mem_pool *pool, struct kv_mem_node **link)
{
    struct kv_mem_node *node = *link;
    if (node->refs == 1) return CAIRN_OK;
    struct kv_mem_node *copy = kv_mem_pool_take(pool, node_bytes(node));
    if (!copy) return CAIRN_ENOSPC;
    memcpy(copy, node, node_bytes(node));
    copy->refs = 1;
    kv_mem_retain(copy->left);
    kv_mem_retain(copy->right);
    kv_mem_retain(copy->inner);
    node->refs--;
    *link = copy;
    return CAIRN_OK;
}

/* ---- finding --------------------------------------------------------------------------------- */

struct kv_mem_node *kv_mem_find(struct kv_mem_node *root, struct cairn_kv_key name)
{
    while (root) {
        int order = kv_key_compare(name, kv_mem_name(root));
        if (order == 0) break;
        root = order < 0 ? root->left : root->right;
    }
    return root;
}

enum cairn_err kv_mem_way_own(struct kv_mem_pool *pool, struct kv_mem_node **root,
                              struct cairn_kv_key name, struct kv_mem_way *way)
{
    struct kv_mem_node **link = root;
    way->count = 0;
    way->links[way->count++] = link;
    while (*link) {
        enum cairn_err err = kv_mem_own(pool, link);
        if (err) return err;
        int order = kv_key_compare(name, kv_mem_name(*link));
        if (order == 0) break;
        link = order < 0 ? &(*link)->left : &(*link)->right;
        way->links[way->count++] = link;
    }
    return CAIRN_OK;
}

/* ---- inserting ------------------------------------------------------------------------------- */

static uint32_t rank_of(const struct kv_mem_node *node)
{
    return node ? node->rank : 0;
}

/* node, at *link, goes down to the left (or right), and that child of it comes up. */
static void turn(struct kv_mem_node **link, bool left_up)
{
    struct kv_mem_node *node = *link;
    struct kv_mem_node *up = left_up ? node->left : node->right;
    struct kv_mem_node **across = left_up ? &up->right : &up->left;
    struct kv_mem_node **gap = left_up ? &node->left : &node->right;
    *gap = *across;
    *across = node;
    *link = up;
}

/* The child on the way has its parent's rank, and the other child is lower by two or more. */
static void turn_up(struct kv_mem_node **link, bool left)
{
    struct kv_mem_node *node = *link;
    struct kv_mem_node **child = left ? &node->left : &node->right;
    struct kv_mem_node *middle = left ? (*child)->right : (*child)->left;
    node->rank--;
    if ((*child)->rank - rank_of(middle) < 2) {
        middle->rank++;
        (*child)->rank--;
        turn(child, !left);
    }
    turn(link, left);
}

void kv_mem_insert(struct kv_mem_way *way, struct kv_mem_node *node)
{
    *kv_mem_way_end(way) = node;
    for (uint32_t i = way->count - 1; i > 0; i--) {
        struct kv_mem_node **link = way->links[i - 1];
        struct kv_mem_node *above = *link, *child = *way->links[i];
        if (above->rank != child->rank) return;
        bool left = above->left == child;
        if (above->rank - rank_of(left ? above->right : above->left) != 1) {
            turn_up(link, left);
            return;
        }
        above->rank++;
    }
}

/* ---- taking away ----------------------------------------------------------------------------- */

enum cairn_err kv_mem_own_next(struct kv_mem_pool *pool, struct kv_mem_node *node)
{
    if (!node->left || !node->right) return CAIRN_OK;
    for (struct kv_mem_node **link = &node->right; *link; link = &(*link)->left) {
        enum cairn_err err = kv_mem_own(pool, link);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* Where it has two children, the one that follows it takes its place. */
struct kv_mem_node *kv_mem_detach(struct kv_mem_node **link)
{
    struct kv_mem_node *node = *link;
    if (!node->left || !node->right) {
        *link = node->left ? node->left : node->right;
    } else {
        struct kv_mem_node **next = &node->right;
        while ((*next)->left)
            next = &(*next)->left;
        struct kv_mem_node *heir = *next;
        *next = heir->right;
        heir->left = node->left;
        heir->right = node->right;
        heir->rank = node->rank;
        *link = heir;
    }
    node->left = node->right = NULL;
    return node;
}

/* ---- in order -------------------------------------------------------------------------------- */

static void walk_down(struct kv_mem_walk *walk, struct kv_mem_node *node)
{
    for (; node; node = node->left)
        walk->nodes[walk->count++] = node;
}

void kv_mem_walk_begin(struct kv_mem_walk *walk, struct kv_mem_node *root, struct cairn_kv_key from,
                       bool behind)
{
    walk->count = 0;
    while (root) {
        int order = kv_key_compare(kv_mem_name(root), from);
        bool comes = order > 0 || (order == 0 && !behind);
        if (comes) walk->nodes[walk->count++] = root;
        root = comes ? root->left : root->right;
    }
}

void kv_mem_walk_next(struct kv_mem_walk *walk)
{
    struct kv_mem_node *node = walk->nodes[--walk->count];
    walk_down(walk, node->right);
}
