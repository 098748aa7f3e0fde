/* SPDX-License-Identifier: ISC */
/* Any bytes as a volume, and any operations on it: what the volume says may be nonsense, but every
 * call ends, in a number of device requests that the volume's size bounds, and explains its errors.
 * Repair mends what is left. */
#include "fuzz.h"

#include <cairn/fat_check.h>
#include <string.h>
#include <tape/tape.h>

#include "device.h"
#include "mend.h"

#define DEVICE_BYTES (256u << 10)
#define MEM_BYTES (1u << 20)
#define HELD 6u
#define STEPS_MAX 200u
#define REQUESTS_MAX (8u * (DEVICE_BYTES / FUZZ_UNIT)) /* of one operation */

struct hostile {
    struct tape *tape;
    struct fuzz_device dev;
    void *mem;
    struct cairn_clock_wall_fixed clock;
    struct cairn_clock_mono_fixed timer;
    struct cairn_fat *fs;
    struct cairn_fat_node *held[HELD]; /* [0]: the root */
    struct cairn_why why;
};

struct name {
    char utf8[CAIRN_FAT_NAME_BYTES];
    size_t len;
};

/* ---- drawing -------------------------------------------------------------------------------- */

static struct cairn_fat_node *node_draw(struct hostile *h)
{
    struct cairn_fat_node *node = h->held[tape_pick(h->tape, HELD)];
    return node ? node : h->held[0];
}

/* The name of one of the directory's first entries, or one of a few. */
static void name_draw(struct hostile *h, struct cairn_fat_node *dir, struct name *name)
{
    static const char *const names[] = { "A",
                                         "a long name of some slots",
                                         "..",
                                         "B.TXT",
                                         "b",
                                         "ALONGN~1",
                                         "\xF0\x9F\x98\x80",
                                         "A long name, and another case" };
    static struct cairn_fat_entry entry;
    size_t pick = tape_pick(h->tape, 16);
    const char *utf8 = names[pick % CAIRN_COUNT(names)];
    uint64_t at = 0;
    for (size_t n = CAIRN_COUNT(names); n <= pick; n++, at = entry.next) {
        if (cairn_fat_list(dir, at, &entry, NULL)) break;
        utf8 = tape_bool(h->tape) ? entry.name : entry.alias;
    }
    name->len = strlen(utf8);
    memcpy(name->utf8, utf8, name->len + 1);
}

static uint64_t offset_draw(struct hostile *h)
{
    uint64_t unit = UINT64_C(1) << tape_pick(h->tape, 24);
    return unit * tape_u64(h->tape, 3) + tape_u64(h->tape, 2);
}

static void keep(struct hostile *h, struct cairn_fat_node *node)
{
    size_t place = 1 + tape_pick(h->tape, HELD - 1);
    if (h->held[place]) cairn_fat_release(h->held[place]);
    h->held[place] = node;
}

/* ---- operations ----------------------------------------------------------------------------- */

static enum cairn_err step_lookup(struct hostile *h, struct cairn_fat_node *dir)
{
    struct cairn_fat_node *node;
    struct name name;
    name_draw(h, dir, &name);
    enum cairn_err err = cairn_fat_lookup(dir, name.utf8, name.len, &node, &h->why);
    if (!err) keep(h, node);
    return err;
}

static enum cairn_err step_make(struct hostile *h, struct cairn_fat_node *dir)
{
    struct cairn_fat_node *node;
    struct name name;
    name_draw(h, dir, &name);
    enum cairn_err err = (tape_bool(h->tape) ? cairn_fat_mkdir : cairn_fat_create)(
        dir, name.utf8, name.len, &node, &h->why);
    if (!err) keep(h, node);
    return err;
}

static enum cairn_err step_remove(struct hostile *h, struct cairn_fat_node *dir)
{
    struct name name;
    name_draw(h, dir, &name);
    return cairn_fat_remove(dir, name.utf8, name.len, &h->why);
}

static enum cairn_err step_rename(struct hostile *h, struct cairn_fat_node *dir)
{
    struct cairn_fat_node *to_dir = node_draw(h);
    struct name from, to;
    name_draw(h, dir, &from);
    name_draw(h, to_dir, &to);
    return cairn_fat_rename(dir, from.utf8, from.len, to_dir, to.utf8, to.len, 0, &h->why);
}

static enum cairn_err step_list(struct hostile *h, struct cairn_fat_node *dir)
{
    static struct cairn_fat_entry entry;
    enum cairn_err err = CAIRN_OK;
    uint64_t at = 0;
    for (uint32_t n = 0; !err && n < 40; n++, at = entry.next) {
        err = cairn_fat_list(dir, at, &entry, &h->why);
        fuzz_require(err || entry.next > at, "a cursor moves on");
        fuzz_require(err || strlen(entry.name) <= entry.name_len, "a name fits");
    }
    return err;
}

static enum cairn_err step_read(struct hostile *h, struct cairn_fat_node *file)
{
    static uint8_t buf[20000];
    struct cairn_fat_stat stat;
    size_t done = 0;
    uint64_t offset = offset_draw(h);
    enum cairn_err err = cairn_fat_read(file, offset, buf, sizeof buf, &done, &h->why);
    if (err || cairn_fat_stat(file, &stat, NULL)) return err;
    fuzz_require(done == 0 || offset + done <= stat.size, "reads end with the file");
    return CAIRN_OK;
}

static enum cairn_err step_write(struct hostile *h, struct cairn_fat_node *file)
{
    static const uint8_t data[9000] = { 1, 2, 3 };
    size_t done, bytes = tape_u64(h->tape, sizeof data);
    return cairn_fat_write(file, offset_draw(h) % DEVICE_BYTES, data, bytes, &done, &h->why);
}

static enum cairn_err step_truncate(struct hostile *h, struct cairn_fat_node *file)
{
    return cairn_fat_truncate(file, offset_draw(h), &h->why);
}

static enum cairn_err step_allocate(struct hostile *h, struct cairn_fat_node *file)
{
    return cairn_fat_allocate(file, offset_draw(h), &h->why);
}

static enum cairn_err step_where(struct hostile *h, struct cairn_fat_node *file)
{
    struct cairn_fat_run run;
    return cairn_fat_where(file, offset_draw(h), &run, &h->why);
}

static enum cairn_err step_stat_set(struct hostile *h, struct cairn_fat_node *node)
{
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_stat(node, &stat, &h->why);
    if (err) return err;
    stat.attributes = (uint8_t)(stat.attributes & CAIRN_FAT_ATTR_SETTABLE);
    return cairn_fat_stat_set(node, &stat, 15, &h->why);
}

static enum cairn_err step_label(struct hostile *h, struct cairn_fat_node *node)
{
    (void)node;
    return cairn_fat_label_set(h->fs, "FUZZ", tape_bool(h->tape) ? 4 : 0, &h->why);
}

static enum cairn_err step_sync(struct hostile *h, struct cairn_fat_node *node)
{
    (void)node;
    return cairn_fat_sync(h->fs, &h->why);
}

static enum cairn_err step_tick(struct hostile *h, struct cairn_fat_node *node)
{
    (void)node;
    h->timer.ns += 10 * CAIRN_NS_PER_SEC;
    return cairn_fat_tick(h->fs, &h->why);
}

static enum cairn_err step_usage(struct hostile *h, struct cairn_fat_node *node)
{
    struct cairn_fat_usage usage;
    (void)node;
    enum cairn_err err = cairn_fat_usage(h->fs, &usage, &h->why);
    fuzz_require(err || usage.free_clusters <= usage.clusters, "no more is free than there is");
    return err;
}

static enum cairn_err step_release(struct hostile *h, struct cairn_fat_node *node)
{
    keep(h, cairn_fat_hold(node));
    return CAIRN_OK;
}

static const struct {
    const char *name;
    enum cairn_err (*run)(struct hostile *h, struct cairn_fat_node *node);
} steps[] = {
    { "lookup", step_lookup },     { "make", step_make },
    { "remove", step_remove },     { "rename", step_rename },
    { "list", step_list },         { "read", step_read },
    { "write", step_write },       { "truncate", step_truncate },
    { "allocate", step_allocate }, { "where", step_where },
    { "stat_set", step_stat_set }, { "label", step_label },
    { "sync", step_sync },         { "tick", step_tick },
    { "usage", step_usage },       { "let go, or hold", step_release },
};

/* ---- the volume ----------------------------------------------------------------------------- */

static void step(struct hostile *h)
{
    size_t pick = tape_pick(h->tape, CAIRN_COUNT(steps));
    struct cairn_fat_node *node = cairn_fat_hold(node_draw(h));
    uint64_t before = h->dev.requests;
    enum cairn_err err = steps[pick].run(h, node);
    cairn_fat_release(node);
    tape_note(h->tape, "%s: %s, %u requests", steps[pick].name, cairn_err_name(err),
              (unsigned)(h->dev.requests - before));
    fuzz_require(!err || err == CAIRN_ENOENT || h->why.err == err, "an error explains itself");
    fuzz_require(h->dev.requests - before <= REQUESTS_MAX, "the volume's size bounds requests");
}

static void volume_use(struct hostile *h)
{
    struct cairn_fat_options options = { .clock = &h->clock.base,
                                         .timer = &h->timer.base,
                                         .on_dirty = CAIRN_FAT_DIRTY_WRITE };
    options.sync = (enum cairn_fat_sync_policy)tape_pick(h->tape, 3);
    enum cairn_err err =
        cairn_fat_mount(&h->fs, &h->dev.mem.base, &options, h->mem, MEM_BYTES, &h->why);
    tape_note(h->tape, "mount: %s", cairn_err_name(err));
    if (err) return;
    h->held[0] = cairn_fat_root(h->fs);
    for (uint32_t n = 0; n < STEPS_MAX && tape_more(h->tape); n++)
        step(h);
    for (uint32_t i = 0; i < HELD; i++)
        if (h->held[i]) cairn_fat_release(h->held[i]);
    memset(h->held, 0, sizeof h->held);
    (void)!cairn_fat_unmount(h->fs, &h->why);
}

static void volume_mend(uint8_t *image)
{
    static struct mending mending;
    mending = (struct mending){ .bytes = image, .size = DEVICE_BYTES };
    fuzz_mend(&mending);
}

/* The bytes of the volume come first, zeros go on behind them; then the operations. */
static bool hostile_is_borne(struct tape *tape)
{
    static struct hostile h;
    memset(&h, 0, sizeof h);
    h.tape = tape;
    cairn_clock_wall_fixed_init(&h.clock, 0);
    cairn_clock_mono_fixed_init(&h.timer, 0);
    uint8_t *image = calloc(1, DEVICE_BYTES);
    h.mem = malloc(MEM_BYTES);
    if (!image || !h.mem) abort();
    tape_bytes(tape, image, tape_u64(tape, DEVICE_BYTES));
    fuzz_device_open(&h.dev, image, DEVICE_BYTES);
    volume_use(&h);
    fuzz_check(&h.dev);
    fuzz_device_close(&h.dev);
    volume_mend(image);
    free(h.mem);
    free(image);
    return true;
}

TAPE_FUZZ_TARGET(hostile_is_borne)
