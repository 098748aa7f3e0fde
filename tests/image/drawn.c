/* SPDX-License-Identifier: ISC */
#include "drawn.h"

#include <cairn/def.h>
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CROWD 24u                      /* names of one kind in one directory */
#define LARGE_MAX 300000u              /* bytes of a file */
#define TAIL 100u                      /* bytes behind a hole */
#define FIRST_S INT64_C(315532800)     /* 1980-01-01 00:00:00 UTC */
#define STEPS_MAX UINT64_C(2019643199) /* of two seconds, to 2107-12-31 23:59:58 */

/* ---- drawing ------------------------------------------------------------------------------- */

/* One number in each makes a name its own, whatever its neighbours are. */
static const char *const names[] = {
    "FILE%u.TXT",               /* 8.3 as it is */
    "file%u.txt",               /* 8.3 with case bits for both parts */
    "BASE%u.low",               /* for one */
    "Mixed%u.Txt",              /* case bits do not do */
    "long name family %u.text", /* aliases LONGNA~1.TEX ... */
    "LONGNA~%u.TEX",            /* which these have already */
    "long~%u",                  /* no tail, though it looks like one */
    ".hidden %u",
    "dots.in.a.row.%u.c",
    "..%u",
    " led by a space %u",
    "+,;=[] %u",                               /* only long names may have these */
    "\xcf\x83%u",                              /* sigma: 0xE5 in code page 437 */
    "\xc3\x89t\xc3\xa9 %u.\xc3\xb1",           /* in the code page */
    "e\xcc\x81 %u",                            /* a combining accent stays apart */
    "\xe6\xbc\xa2\xe5\xad\x97%u.\xe3\x81\x82", /* CJK */
    "\xf0\x9f\x98\x80\xf0\x9f\xaa\xa8 %u",     /* emoji: surrogate pairs */
    "%0200u units.text",
    "%0255u",
    "aux%u.con",
};

static const uint32_t sizes[] = { 0,    1,    100,  511,   512,   513,   2048, 4095,
                                  4096, 4097, 8192, 32767, 32768, 32769, 65536 };

static const char *parent_pick(const struct drawn *tree, struct tape *tape)
{
    size_t pick = tape_pick(tape, DRAWN_NODES);
    if (tree->count == 0 || pick % 4 == 0) return "";
    const struct drawn_node *node = &tree->nodes[tree->count - 1 - pick % tree->count];
    bool fits = strlen(node->path) + 1 + DRAWN_NAME_BYTES <= DRAWN_PATH_BYTES;
    return node->is_directory && fits ? node->path : "";
}

static void name_add(struct drawn *tree, struct drawn_node *node, const char *parent, size_t kind)
{
    char name[DRAWN_NAME_BYTES];
    (void)snprintf(name, sizeof name, names[kind], (unsigned)tree->count);
    int len = snprintf(node->path, sizeof node->path, "%s%s%s", parent, *parent ? "/" : "", name);
    ck_assert_int_lt(len, DRAWN_PATH_BYTES);
    tree->count++;
}

static uint32_t size_draw(struct tape *tape)
{
    size_t pick = tape_pick(tape, CAIRN_COUNT(sizes) + 2);
    if (pick < CAIRN_COUNT(sizes)) return sizes[pick];
    return (uint32_t)tape_u64(tape, LARGE_MAX);
}

/* What directories and files have alike, and then what only files have. */
static void node_draw(struct drawn_node *node, struct tape *tape)
{
    enum { DIRECTORY = 1, READ_ONLY = 2, SPARSE = 4 };
    size_t flags = tape_pick(tape, 8);
    *node = (struct drawn_node){
        .is_directory = flags & DIRECTORY,
        .modified_s = FIRST_S + 2 * (int64_t)tape_u64(tape, STEPS_MAX),
    };
    if (node->is_directory) return;
    node->size = size_draw(tape);
    node->read_only = flags & READ_ONLY;
    node->is_sparse = (flags & SPARSE) && node->size > TAIL;
}

/* More of the same in the same place: directories of several clusters, tails of aliases. */
static void crowd_draw(struct drawn *tree, const char *parent, size_t kind, struct tape *tape)
{
    size_t more = tape_pick(tape, 8) == 7 ? tape_pick(tape, CROWD) : 0;
    int64_t modified_s = tree->nodes[tree->count - 1].modified_s;
    for (; more > 0 && tree->count < DRAWN_NODES; more--) {
        struct drawn_node *node = &tree->nodes[tree->count];
        *node = (struct drawn_node){ .size = (uint32_t)more, .modified_s = modified_s };
        name_add(tree, node, parent, kind);
    }
}

void drawn_tree(struct drawn *tree, struct tape *tape)
{
    tree->count = 0;
    while (tree->count < DRAWN_NODES && tape_more(tape)) {
        struct drawn_node *node = &tree->nodes[tree->count];
        const char *parent = parent_pick(tree, tape);
        size_t kind = tape_pick(tape, CAIRN_COUNT(names));
        node_draw(node, tape);
        name_add(tree, node, parent, kind);
        tape_note(tape, "%s, %u bytes%s%s, time %" PRId64 ": %s",
                  node->is_directory ? "directory" : "file", node->size,
                  node->read_only ? ", read-only" : "", node->is_sparse ? ", sparse" : "",
                  node->modified_s, node->path);
        crowd_draw(tree, parent, kind, tape);
    }
    tape_note(tape, "%zu nodes in all", tree->count);
}

/* ---- on the host --------------------------------------------------------------------------- */

static const char *host_path(const char *folder, const struct drawn_node *node)
{
    static char path[DRAWN_PATH_BYTES + 256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, node->path);
    return path;
}

/* The contents follow from number and size; no two blocks are alike, so that none can be taken for
 * another. The caller frees them. */
static uint8_t *contents_new(const struct drawn *tree, const struct drawn_node *node)
{
    uint8_t *bytes = calloc(1, node->size + 1u);
    uint64_t state = (uint64_t)(node - tree->nodes) << 32 | node->size;
    ck_assert_ptr_nonnull(bytes);
    for (uint32_t i = node->is_sparse ? node->size - TAIL : 0; i < node->size; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        bytes[i] = (uint8_t)(state >> 56);
    }
    return bytes;
}

static void file_make(const struct drawn *tree, const struct drawn_node *node, const char *path)
{
    uint32_t hole = node->is_sparse ? node->size - TAIL : 0;
    uint8_t *bytes = contents_new(tree, node);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    ck_assert_msg(fd >= 0, "%s: %m", path);
    ssize_t written = pwrite(fd, bytes + hole, node->size - hole, hole);
    ck_assert_int_eq(written, node->size - hole);
    ck_assert_int_eq(fchmod(fd, node->read_only ? 0444 : 0644), 0);
    close(fd);
    free(bytes);
}

/* Backwards a directory comes when something in it needs it, or with its own turn. */
static void node_make(const struct drawn *tree, const struct drawn_node *node, const char *folder)
{
    char path[DRAWN_PATH_BYTES + 256];
    (void)snprintf(path, sizeof path, "%s", host_path(folder, node));
    for (char *slash = path + strlen(folder); (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    if (node->is_directory)
        (void)mkdir(path, 0755);
    else
        file_make(tree, node, path);
}

void drawn_make(const struct drawn *tree, const char *folder, bool backwards)
{
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    for (size_t i = 0; i < tree->count; i++)
        node_make(tree, &tree->nodes[backwards ? tree->count - 1 - i : i], folder);
    for (size_t i = 0; i < tree->count; i++) { /* now that nothing changes them any more */
        struct timespec time = { .tv_sec = tree->nodes[i].modified_s };
        struct timespec both[] = { time, time };
        ck_assert_int_eq(utimensat(AT_FDCWD, host_path(folder, &tree->nodes[i]), both, 0), 0);
    }
}

/* ---- knowing it again ---------------------------------------------------------------------- */

static bool contents_are(const struct drawn *tree, const struct drawn_node *node, const char *path)
{
    uint8_t *wanted = contents_new(tree, node), *got = malloc(node->size + 1u);
    int fd = open(path, O_RDONLY);
    bool same = got && fd >= 0 && read(fd, got, node->size + 1u) == (ssize_t)node->size &&
                memcmp(wanted, got, node->size) == 0;
    if (fd >= 0) close(fd);
    free(wanted);
    free(got);
    return same;
}

static bool node_is(const struct drawn *tree, const struct drawn_node *node, const char *path,
                    struct tape *tape)
{
    struct stat st;
    if (lstat(path, &st) != 0) return tape_fail(tape, "%s: %m", path);
    if (!(node->is_directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode)))
        return tape_fail(tape, "%s: of another kind", path);
    if (st.st_mtim.tv_sec != node->modified_s || st.st_mtim.tv_nsec != 0)
        return tape_fail(tape, "%s: time %" PRId64 ".%09ld", path, (int64_t)st.st_mtim.tv_sec,
                         st.st_mtim.tv_nsec);
    if (node->is_directory) return true;
    if (!(st.st_mode & 0222) != node->read_only)
        return tape_fail(tape, "%s: mode %o", path, (unsigned)st.st_mode);
    return contents_are(tree, node, path) || tape_fail(tape, "%s: other contents", path);
}

static size_t entries_met;

static int entry_count(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)path, (void)st, (void)kind;
    entries_met += where->level > 0;
    return 0;
}

bool drawn_is(const struct drawn *tree, const char *folder, struct tape *tape)
{
    for (size_t i = 0; i < tree->count; i++)
        if (!node_is(tree, &tree->nodes[i], host_path(folder, &tree->nodes[i]), tape)) return false;
    entries_met = 0;
    if (nftw(folder, entry_count, 16, FTW_PHYS) != 0) return tape_fail(tape, "%s: %m", folder);
    return entries_met == tree->count ||
           tape_fail(tape, "%s: %zu entries, not %zu", folder, entries_met, tree->count);
}
