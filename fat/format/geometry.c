/* SPDX-License-Identifier: ISC */
/*
 * Choosing a geometry. With type and cluster size settled, the rest follows: the least number of
 * FAT sectors whose entries are enough for the clusters that then fit. More FAT sectors never leave
 * room for more clusters, so "enough" is a threshold that can be bisected, and the result wastes no
 * sector.
 */
#include <cairn/bytes.h>
#include <cairn/fat_format.h>

#define DIRENT_BYTES 32u
#define SECTORS_MAX UINT32_MAX
#define RESERVED_MAX 65535u
#define CLUSTER_SECTORS_MAX 128u
#define CLUSTER_BYTES_MAX 65536u
#define FATS_MAX 4u
#define MIB (UINT64_C(1) << 20)
#define FSINFO_SECTOR 1u
#define BACKUP_BOOT 6u /* and FSInfo's behind it */

/* A geometry under construction: before it is placed, reserved_sectors is only the least. */
struct draft {
    struct cairn_fat_geometry g;
    uint32_t align; /* sectors; hidden_sectors + data_start is a multiple of it */
};

/* Cluster counts that a type may have. Implementations disagree by one or two about where FAT16 and
 * FAT32 begin: where the type is ours to choose, `clear` of that. */
struct limits {
    uint32_t least, most, clear;
};

static struct limits limits_of(enum cairn_fat_type type)
{
    static const struct limits fat12 = { 1, CAIRN_FAT_CLUSTERS_MAX_12, 1 };
    static const struct limits fat16 = { 4085, CAIRN_FAT_CLUSTERS_MAX_16, 4087 };
    static const struct limits fat32 = { 65525, CAIRN_FAT_CLUSTERS_MAX_32, 65529 };
    return type == CAIRN_FAT12 ? fat12 : type == CAIRN_FAT16 ? fat16 : fat32;
}

/* ---- options ----------------------------------------------------------------------------- */

static enum cairn_err refuse(struct cairn_why *why, const char *option, uint64_t value,
                             const char *hint)
{
    (void)cairn_why_fail(why, CAIRN_EINVAL, "format: %s is %llu", option,
                         (unsigned long long)value);
    cairn_why_hint(why, "%s", hint);
    return CAIRN_EINVAL;
}

static uint32_t sector_bytes_of(const struct cairn_fat_format_options *o)
{
    return o->sector_bytes ? o->sector_bytes : 512;
}

static enum cairn_err check_sizes(const struct cairn_fat_format_options *o, struct cairn_why *why)
{
    uint32_t sector = sector_bytes_of(o), cluster = o->cluster_bytes;
    if (!cairn_is_pow2(sector) || sector < 512 || sector > 4096)
        return refuse(why, "sector size", sector, "use 512, 1024, 2048 or 4096");
    if (cluster && (!cairn_is_pow2(cluster) || cluster < sector || cluster > CLUSTER_BYTES_MAX ||
                    cluster / sector > CLUSTER_SECTORS_MAX))
        return refuse(why, "cluster size", cluster,
                      "use a power of two from the sector size to 65536");
    if (o->align_bytes % sector)
        return refuse(why, "alignment", o->align_bytes, "use a multiple of the sector size");
    return CAIRN_OK;
}

static enum cairn_err check_options(const struct cairn_fat_format_options *o, struct cairn_why *why)
{
    enum cairn_err err = check_sizes(o, why);
    if (err) return err;
    if (o->type != CAIRN_FAT_AUTO && o->type != CAIRN_FAT12 && o->type != CAIRN_FAT16 &&
        o->type != CAIRN_FAT32)
        return refuse(why, "FAT type", (uint64_t)o->type, "use 12, 16 or 32");
    if (o->reserved_sectors > RESERVED_MAX)
        return refuse(why, "number of reserved sectors", o->reserved_sectors, "use at most 65535");
    if (o->type == CAIRN_FAT32 && o->reserved_sectors == 1)
        return refuse(why, "number of reserved sectors", 1, "a FAT32 needs 2, better 32");
    if (o->fat_count > FATS_MAX) return refuse(why, "number of FATs", o->fat_count, "use 1 to 4");
    if (o->root_entries > 65536 - sector_bytes_of(o) / DIRENT_BYTES)
        return refuse(why, "number of root entries", o->root_entries, "512 is usual");
    if (o->media && o->media != 0xF0 && o->media < 0xF8)
        return refuse(why, "media", o->media, "use 0xF8, or another of 0xF0 and 0xF8 to 0xFF");
    return CAIRN_OK;
}

static void label_pad(const char *label, uint8_t out[CAIRN_FAT_LABEL_BYTES])
{
    if (label[0] == 0) label = "NO NAME";
    memset(out, ' ', CAIRN_FAT_LABEL_BYTES);
    for (uint32_t i = 0; i < CAIRN_FAT_LABEL_BYTES && label[i]; i++)
        out[i] = (uint8_t)label[i];
}

/* What the options and their defaults say of a volume of this type and cluster size. */
static struct draft draft_begin(const struct cairn_fat_format_options *o, enum cairn_fat_type type,
                                uint32_t cluster_sectors)
{
    bool is_32 = type == CAIRN_FAT32;
    uint32_t sector = sector_bytes_of(o), entries = o->root_entries ? o->root_entries : 512;
    struct draft d = { .align = cluster_sectors };
    struct cairn_fat_geometry *g = &d.g;
    g->type = type;
    g->sector_bytes = sector;
    g->cluster_sectors = cluster_sectors;
    g->cluster_bytes = cluster_sectors * sector;
    g->reserved_sectors = o->reserved_sectors ? o->reserved_sectors : is_32 ? 32 : 1;
    if (is_32 && g->reserved_sectors <= FSINFO_SECTOR) g->reserved_sectors = FSINFO_SECTOR + 1;
    g->fat_count = o->fat_count ? o->fat_count : 2;
    g->root_sectors = is_32 ? 0 : (uint32_t)cairn_div_up(entries * DIRENT_BYTES, sector);
    g->root_entries = g->root_sectors * (sector / DIRENT_BYTES);
    g->hidden_sectors = o->hidden_sectors;
    g->media = o->media ? o->media : 0xF8;
    g->drive = o->drive ? o->drive : 0x80;
    g->volume_id = o->volume_id;
    label_pad(o->label, g->label);
    memcpy(g->oem, "CAIRN   ", sizeof g->oem);
    if (o->reserved_sectors) d.align = 1;
    if (o->align_bytes) d.align = o->align_bytes / sector;
    return d;
}

/* ---- solving ----------------------------------------------------------------------------- */

static uint64_t fat_sectors_for(const struct draft *d, uint64_t clusters)
{
    return cairn_div_up((clusters + 2) * d->g.type, d->g.sector_bytes * UINT64_C(8));
}

static uint64_t data_start_with(const struct draft *d, uint64_t fat_sectors)
{
    uint64_t hidden = d->g.hidden_sectors;
    uint64_t before = d->g.reserved_sectors + fat_sectors * d->g.fat_count + d->g.root_sectors;
    return cairn_round_up(hidden + before, d->align) - hidden;
}

static uint64_t clusters_with(const struct draft *d, uint64_t total, uint64_t fat_sectors)
{
    uint64_t data_start = data_start_with(d, fat_sectors);
    return data_start < total ? (total - data_start) / d->g.cluster_sectors : 0;
}

static uint64_t fat_sectors_least(const struct draft *d, uint64_t total)
{
    uint64_t low = 1, high = fat_sectors_for(d, total / d->g.cluster_sectors);
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (fat_sectors_for(d, clusters_with(d, total, mid)) <= mid)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* What CHS addresses a disk of this size would have: SD's table, which mkfs.fat follows too. */
static void set_chs(struct cairn_fat_geometry *g)
{
    static const struct {
        uint32_t sectors; /* of 512 bytes; up to this many */
        uint16_t heads, sectors_per_track;
    } table[] = { { 4096, 2, 16 },        { 32768, 2, 32 },    { 65536, 4, 32 },
                  { 262144, 8, 32 },      { 524288, 16, 32 },  { 1032192, 16, 63 },
                  { 2064384, 32, 63 },    { 4128768, 64, 63 }, { 8257536, 128, 63 },
                  { UINT32_MAX, 255, 63 } };
    uint64_t sectors = (uint64_t)g->total_sectors * (g->sector_bytes / 512);
    size_t i = 0;
    while (i + 1 < CAIRN_COUNT(table) && sectors > table[i].sectors)
        i++;
    g->heads = table[i].heads;
    g->sectors_per_track = table[i].sectors_per_track;
}

/* Everything that follows from the size of the FAT; the caller has checked the counts. */
static void place(struct draft *d, uint64_t total, uint64_t fat_sectors)
{
    struct cairn_fat_geometry *g = &d->g;
    uint64_t clusters = clusters_with(d, total, fat_sectors);
    g->total_sectors = (uint32_t)total;
    g->fat_sectors = (uint32_t)fat_sectors;
    g->data_start = (uint32_t)data_start_with(d, fat_sectors);
    g->cluster_count = (uint32_t)clusters;
    g->reserved_sectors = g->data_start - g->root_sectors - g->fat_sectors * g->fat_count;
    set_chs(g);
    if (g->type != CAIRN_FAT32) {
        g->root_start = g->data_start - g->root_sectors;
        return;
    }
    g->root_cluster = 2;
    g->fsinfo_sector = FSINFO_SECTOR;
    g->backup_boot = g->reserved_sectors >= BACKUP_BOOT + 2 ? BACKUP_BOOT : 0;
}

static enum cairn_err check_reserved(const struct draft *d, struct cairn_why *why)
{
    if (d->g.reserved_sectors <= RESERVED_MAX) return CAIRN_OK;
    return refuse(why, "number of reserved sectors, for the alignment,", d->g.reserved_sectors,
                  "a volume has at most 65535: use a smaller alignment");
}

/* ---- the choice of type and cluster size ------------------------------------------------- */

/* How the counts of the attempts lie to what was wanted. */
struct search {
    const struct cairn_fat_format_options *options;
    uint64_t total;    /* sectors */
    struct draft best; /* the attempt that was taken, else the last one */
    uint64_t clusters; /* of the last attempt */
    bool any_few, any_many;
};

static bool attempt(struct search *s, enum cairn_fat_type type, uint32_t cluster_sectors)
{
    struct limits limits = limits_of(type);
    uint32_t least = s->options->type == CAIRN_FAT_AUTO ? limits.clear : limits.least;
    s->best = draft_begin(s->options, type, cluster_sectors);
    uint64_t fat_sectors = fat_sectors_least(&s->best, s->total);
    s->clusters = clusters_with(&s->best, s->total, fat_sectors);
    s->any_few |= s->clusters < least;
    s->any_many |= s->clusters > limits.most;
    if (s->clusters < least || s->clusters > limits.most) return false;
    place(&s->best, s->total, fat_sectors);
    return true;
}

/* The types that are tried for one cluster size. */
static bool attempt_types(struct search *s, uint32_t cluster_sectors)
{
    const struct cairn_fat_format_options *o = s->options;
    if (o->type != CAIRN_FAT_AUTO) return attempt(s, o->type, cluster_sectors);
    bool large = o->total_bytes >= 512 * MIB, fixed = o->cluster_bytes != 0;
    if ((fixed || !large) && attempt(s, CAIRN_FAT12, cluster_sectors)) return true;
    if ((fixed || !large) && attempt(s, CAIRN_FAT16, cluster_sectors)) return true;
    return (fixed || large) && attempt(s, CAIRN_FAT32, cluster_sectors);
}

/* Where the search for a cluster size begins, in bytes: Microsoft's table for FAT32, in mkfs.fat's
 * reading; 2 KiB for the others. */
static uint32_t cluster_bytes_first(const struct cairn_fat_format_options *o)
{
    uint64_t mib = o->total_bytes / MIB;
    bool is_32 = o->type == CAIRN_FAT32 || (o->type == CAIRN_FAT_AUTO && mib >= 512);
    if (!is_32) return 2048;
    if (mib < 260) return 512;
    uint64_t bytes = o->total_bytes;
    if (bytes <= 8192 * MIB) return 4096;
    if (bytes <= 16384 * MIB) return 8192;
    return bytes <= 32768 * MIB ? 16384 : 32768;
}

/* Larger clusters while there are too many, then smaller ones while there are too few. */
static bool search_sizes(struct search *s)
{
    uint32_t sector = sector_bytes_of(s->options);
    uint32_t first = cluster_bytes_first(s->options) / sector;
    if (first == 0) first = 1;
    for (uint32_t n = first; n <= CLUSTER_SECTORS_MAX && n * sector <= CLUSTER_BYTES_MAX; n *= 2)
        if (attempt_types(s, n)) return true;
    if (s->clusters > limits_of(s->best.g.type).most) return false;
    for (uint32_t n = first / 2; n > 0; n /= 2)
        if (attempt_types(s, n)) return true;
    return false;
}

/* A few sizes make, with a cluster size that is given, too many clusters for one type and, because
 * the larger type's FAT takes more, too few for the next: then the smaller type, full, and some
 * sectors at the end unused. */
static bool fill_type(struct search *s, enum cairn_fat_type type, uint32_t cluster_sectors)
{
    struct draft d = draft_begin(s->options, type, cluster_sectors);
    uint64_t most = limits_of(type).most, fat_sectors = fat_sectors_for(&d, most);
    if (clusters_with(&d, s->total, fat_sectors) < most) return false;
    place(&d, data_start_with(&d, fat_sectors) + most * cluster_sectors, fat_sectors);
    s->best = d;
    return true;
}

static bool search_fixed(struct search *s, uint32_t cluster_sectors)
{
    if (attempt_types(s, cluster_sectors)) return true;
    if (s->options->type != CAIRN_FAT_AUTO || !s->any_few || !s->any_many) return false;
    return fill_type(s, CAIRN_FAT16, cluster_sectors) || fill_type(s, CAIRN_FAT12, cluster_sectors);
}

static const char *advice(bool many, bool fixed)
{
    if (many) return fixed ? "use a larger cluster size" : "use FAT32";
    return fixed ? "use a smaller cluster size or another FAT type"
                 : "make the volume larger or use another FAT type";
}

static enum cairn_err explain(struct search *s, struct cairn_why *why)
{
    const struct cairn_fat_geometry *g = &s->best.g;
    /* What is too small for every type is too small for the smallest. */
    if (s->options->type == CAIRN_FAT_AUTO && !s->any_many)
        (void)attempt(s, CAIRN_FAT12, g->cluster_sectors);
    struct limits limits = limits_of(g->type);
    bool many = s->clusters > limits.most, fixed = s->options->cluster_bytes != 0;
    enum cairn_err err = many ? CAIRN_EFBIG : CAIRN_ENOSPC;
    if (fixed && (many || g->type != CAIRN_FAT12)) err = CAIRN_EINVAL;
    (void)cairn_why_fail(
        why, err, "format: %llu bytes make %llu clusters of %u bytes, a FAT%u has %u to %u",
        (unsigned long long)s->options->total_bytes, (unsigned long long)s->clusters,
        g->cluster_bytes, (unsigned)g->type, limits.least, limits.most);
    cairn_why_hint(why, "%s", advice(many, fixed));
    return err;
}

enum cairn_err cairn_fat_geometry_plan(const struct cairn_fat_format_options *options,
                                       struct cairn_fat_geometry *geometry, struct cairn_why *why)
{
    enum cairn_err err = check_options(options, why);
    if (err) return err;
    uint32_t sector = sector_bytes_of(options);
    struct search s = { .options = options, .total = options->total_bytes / sector };
    if (s.total > SECTORS_MAX) {
        (void)cairn_why_fail(why, CAIRN_EFBIG, "format: %llu sectors are more than 4294967295",
                             (unsigned long long)s.total);
        cairn_why_hint(why, "use larger sectors, up to 4096 bytes, or a smaller volume");
        return CAIRN_EFBIG;
    }
    bool found = options->cluster_bytes ? search_fixed(&s, options->cluster_bytes / sector)
                                        : search_sizes(&s);
    if (!found) return explain(&s, why);
    err = check_reserved(&s.best, why);
    if (err) return err;
    *geometry = s.best.g;
    return CAIRN_OK;
}

enum cairn_err cairn_fat_geometry_fit(const struct cairn_fat_format_options *options,
                                      uint64_t clusters, struct cairn_fat_geometry *geometry,
                                      uint64_t *total_bytes, struct cairn_why *why)
{
    enum cairn_err err = check_options(options, why);
    if (err) return err;
    if (options->type == CAIRN_FAT_AUTO || options->cluster_bytes == 0)
        return refuse(why, "FAT type or cluster size", 0, "both must be given");
    struct limits limits = limits_of(options->type);
    uint32_t sector = sector_bytes_of(options), root = options->type == CAIRN_FAT32;
    struct draft d = draft_begin(options, options->type, options->cluster_bytes / sector);
    uint64_t count = cairn_max_u64(cairn_min_u64(clusters, UINT32_MAX) + root, limits.least);
    uint64_t fat_sectors = fat_sectors_for(&d, count);
    uint64_t total = data_start_with(&d, fat_sectors) + count * d.g.cluster_sectors;
    if (count > limits.most || total > SECTORS_MAX) {
        (void)cairn_why_fail(why, CAIRN_EFBIG, "format: %llu clusters of %u bytes in a FAT%u",
                             (unsigned long long)clusters, d.g.cluster_bytes,
                             (unsigned)options->type);
        cairn_why_hint(why, "use a larger cluster size, or FAT32");
        return CAIRN_EFBIG;
    }
    place(&d, total, fat_sectors);
    err = check_reserved(&d, why);
    if (err) return err;
    *geometry = d.g;
    *total_bytes = total * sector;
    return CAIRN_OK;
}
