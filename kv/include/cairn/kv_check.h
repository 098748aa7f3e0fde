/* SPDX-License-Identifier: ISC */
/*
 * Check: read a native store as a whole and say everything that is wrong with it. Reads only; what
 * may be a store has no need to open. Every page that the newest whole superblock leads to is read
 * once, with its hash: tree, values, snapshots, the map of free space; and the log is replayed.
 *
 * In pieces (begin, step, end), so that a machine can do it beside other work. Nothing may change
 * the store meanwhile: an open one is checked through a snapshot of its device, or read-only.
 */
#ifndef CAIRN_KV_CHECK_H
#define CAIRN_KV_CHECK_H

#include <cairn/kv_native.h>

CAIRN_BEGIN

enum cairn_kv_severity {
    CAIRN_KV_NOTE,  /* legal, but worth knowing: an older superblock that is damaged */
    CAIRN_KV_MINOR, /* wrong, nothing is lost: a count, pages that nothing uses */
    CAIRN_KV_MAJOR  /* data are lost, doubled or unreachable, or would be */
};

/* Every kind of fault. The names are stable: they stand in the JSON. native/check_fault.c holds
 * name and severity of each. */
enum cairn_kv_fault {
    /* superblocks */
    CAIRN_KV_FAULT_SUPER,        /* a slot of a ring that is not whole; page is it */
    CAIRN_KV_FAULT_SUPER_TWIN,   /* head and tail ring differ in a slot; page is the head's */
    CAIRN_KV_FAULT_SUPER_NEWEST, /* the newest generation is in one ring alone */
    CAIRN_KV_FAULT_ROOT,         /* a superblock whose root is not there: generation a */
    /* opening, and the log */
    CAIRN_KV_FAULT_OPEN,      /* the store cannot be opened; the text says why */
    CAIRN_KV_FAULT_LOG,       /* the log has lost records, or does not replay */
    CAIRN_KV_FAULT_LOG_VALUE, /* a value that only the log has is not whole */
    /* the tree */
    CAIRN_KV_FAULT_NODE_READ,   /* a page of the tree cannot be read */
    CAIRN_KV_FAULT_NODE_HASH,   /* it is not what its parent says: damaged, stale or misdirected */
    CAIRN_KV_FAULT_NODE_FORM,   /* the text says what about it */
    CAIRN_KV_FAULT_NODE_SELF,   /* it says of itself that it is another page, level, birth, store */
    CAIRN_KV_FAULT_NODE_BOUNDS, /* its keys are outside of its parent's */
    CAIRN_KV_FAULT_NODE_PLACE,  /* a pointer out of the store, or to what is no tree's: a is it */
    CAIRN_KV_FAULT_ENTRIES,     /* a entries, b counted in the superblock or the snapshot */
    CAIRN_KV_FAULT_TREE_PAGES,  /* a pages of the tree, b counted in the superblock */
    /* records */
    CAIRN_KV_FAULT_RECORD,      /* the text says what about it */
    CAIRN_KV_FAULT_RECORD_KIND, /* of kind a, which has no place under such a key */
    CAIRN_KV_FAULT_KEY,         /* a name that no entry has */
    CAIRN_KV_FAULT_ID,          /* id a is not given yet, or is a reserved one */
    CAIRN_KV_FAULT_ID_TWICE,    /* two records have id a */
    CAIRN_KV_FAULT_ID_ORPHAN,   /* entries under id a, which no record has */
    /* values */
    CAIRN_KV_FAULT_VALUE_READ,   /* a page of a value cannot be read */
    CAIRN_KV_FAULT_VALUE_HASH,   /* it is not what its record says */
    CAIRN_KV_FAULT_VALUE_PLACE,  /* pages out of the store, or that are no values' */
    CAIRN_KV_FAULT_VALUE_SHARED, /* a page that something else has, too */
    /* free space */
    CAIRN_KV_FAULT_MAP,        /* a page of the map of free space is not what its parent says */
    CAIRN_KV_FAULT_MAP_FREE,   /* a pages of it are free, b counted above it */
    CAIRN_KV_FAULT_USED_FREE,  /* a pages in use that the map has as free, from page on */
    CAIRN_KV_FAULT_LEAKED,     /* a pages that nothing uses and the map has in use, from page on */
    CAIRN_KV_FAULT_FREE_COUNT, /* a pages are free, b counted in the superblock */
    CAIRN_KV_FAULT_COUNT
};

struct cairn_kv_finding {
    enum cairn_kv_fault fault;
    enum cairn_kv_severity severity;
    uint64_t page;  /* of the store; UINT64_MAX: none */
    uint64_t id;    /* of the dictionary or large value that the entry is in; 0: none */
    char key[1056]; /* the entry's name, escaped; "": none */
    uint64_t a, b;  /* as the fault's comment says */
    char text[256]; /* the sentence, with the figures in it */
};

CAIRN_API const char *cairn_kv_fault_name(enum cairn_kv_fault fault); /* "node-hash" */
CAIRN_API enum cairn_kv_severity cairn_kv_fault_severity(enum cairn_kv_fault fault);

struct cairn_kv_check_options {
    /* Called for every finding, in the order found; return false to stop (CAIRN_ECANCELED). */
    bool (*report)(void *ctx, const struct cairn_kv_finding *finding);
    void *ctx;
};

struct cairn_kv_check_result {
    struct cairn_kv_native_geometry geometry;          /* of the superblock that was checked */
    uint64_t entries, values, dictionaries, snapshots; /* of the tree */
    uint64_t tree_pages, data_pages, free_pages;       /* in use, with snapshots'; free */
    uint64_t log_commits; /* of the log, which are not in the tree yet */
    uint64_t bytes_read;  /* so far */
    uint64_t passes;      /* over the tree: more than one when memory is short */
    uint64_t findings[3]; /* by severity */
    bool opens;           /* the store can be opened */
    bool map_checked;     /* all that is in use was seen, so that the map could be compared */
};

struct cairn_kv_check; /* in the caller's memory */

/* Memory with which one pass is enough. The least is CAIRN_KV_NATIVE_MEM_LEAST (64 pages, if
 * larger); what the log takes to be replayed is beside that. */
CAIRN_API size_t cairn_kv_check_mem(const struct cairn_blk *dev);

/* Begin: superblocks, and a replay of the log, which is done whole. dev, mem and what options
 * point to stay until the end. CAIRN_EINVAL: not a store; CAIRN_ENOTSUP: of a newer format;
 * CAIRN_ECORRUPT: no superblock is whole, or none has its root; CAIRN_ERANGE, CAIRN_ENOMEM as of
 * cairn_kv_native_open. The device failing in a page is a finding, not an error. */
CAIRN_API enum cairn_err cairn_kv_check_begin(struct cairn_kv_check **check, struct cairn_blk *dev,
                                              const struct cairn_kv_check_options *options,
                                              void *mem, size_t mem_bytes,
                                              struct cairn_why *why) CAIRN_MUST_USE;
/* Go on until about `bytes` were read (at least one page of the tree is). *more: it is not done. */
CAIRN_API enum cairn_err cairn_kv_check_step(struct cairn_kv_check *check, uint64_t bytes,
                                             bool *more, struct cairn_why *why) CAIRN_MUST_USE;
/* What was found so far. There is nothing to be ended: memory is the caller's again at any time. */
CAIRN_API void cairn_kv_check_result(const struct cairn_kv_check *check,
                                     struct cairn_kv_check_result *result);

CAIRN_END

#endif
