/* SPDX-License-Identifier: ISC */
/*
 * Images from folders and archives, and folders from images. Hosted only; uses malloc.
 *
 * A build has three steps that a caller may also take singly: scan a source into a tree, plan the
 * exact layout, write it in one pass. All that makes two images differ is in the plan.
 */
#ifndef CAIRN_IMAGE_H
#define CAIRN_IMAGE_H

#include <cairn/fat.h>
#include <cairn/part.h>

CAIRN_BEGIN

/* ---- the source ---------------------------------------------------------------------------- */

enum cairn_image_policy {
    CAIRN_IMAGE_ERROR,  /* report it, and fail before a byte is written */
    CAIRN_IMAGE_SKIP,   /* leave it out, and say so */
    CAIRN_IMAGE_FOLLOW, /* symlinks: store what they point to (never twice the same folder) */
    CAIRN_IMAGE_MAP     /* names: replace what FAT refuses by '_', make collisions unique, say so */
};

struct cairn_image_source_options {
    enum cairn_image_policy on_symlink; /* ERROR, SKIP, FOLLOW */
    enum cairn_image_policy on_special; /* FIFO, socket, device: ERROR, SKIP */
    enum cairn_image_policy on_name;    /* ERROR, SKIP, MAP */
    enum cairn_image_policy on_large;   /* over 4 GiB - 1: ERROR, SKIP */
    int64_t clamp_ns;                   /* times later than this become it; INT64_MAX: none */
    bool keys;  /* for a key-value store (image_kv.h): any names and sizes that it takes */
    bool lines; /* the source is JSON lines (docs/cli.md); with keys */
    /* One line of the report, for every thing that does not fit; the scan goes on and finds all. */
    void (*notice)(void *ctx, enum cairn_image_policy taken, const char *path, const char *text);
    void *ctx;
};

struct cairn_image_tree; /* names, sizes, times, attributes, and where the bytes are */

/* Scan a folder (its contents become the root), an archive that libarchive reads, or "-": an
 * archive on standard input. Sorted by raw bytes; nothing of the order of the source is left.
 * The read-only attribute is the absence of every write permission bit.
 * Errors: the OS's; CAIRN_ECANCELED after the notices when something has policy ERROR. */
CAIRN_API enum cairn_err cairn_image_scan(struct cairn_image_tree **tree, const char *source,
                                          const struct cairn_image_source_options *options,
                                          struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API void cairn_image_tree_free(struct cairn_image_tree *tree);

/* ---- the plan ------------------------------------------------------------------------------ */

struct cairn_image_plan_options {
    enum cairn_fat_codepage codepage;       /* of 8.3 names; 0: 437 */
    struct cairn_fat_format_options format; /* type, cluster size, label, ... ; total_bytes 0: the
                                               smallest volume that holds the tree */
    uint64_t free_bytes;                    /* total_bytes 0: so much free space besides */
    bool id_given;                          /* else format.volume_id is hashed from the plan */
    bool id_from_content;                   /* hashed from names and contents: reads twice */
    int64_t now_ns;                         /* time of the label entry: the newest of the tree when
                                               INT64_MIN */
};

struct cairn_image_plan; /* every node's place */

/* Lay the tree out. Pure but for id_from_content. The tree stays the caller's and outlives it.
 * CAIRN_ENOSPC: it does not fit total_bytes (why says by how much). CAIRN_EINVAL: an unknown code
 * page. Errors of geometry_plan. */
CAIRN_API enum cairn_err cairn_image_plan(struct cairn_image_plan **plan,
                                          struct cairn_image_tree *tree,
                                          const struct cairn_image_plan_options *options,
                                          struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API void cairn_image_plan_free(struct cairn_image_plan *plan);

struct cairn_image_plan_summary {
    struct cairn_fat_geometry geometry;
    uint64_t total_bytes, files, directories, content_bytes;
    uint64_t used_clusters, free_clusters, slack_bytes;
    bool clones; /* data area and clusters are aligned so that a reflink can share blocks */
};
CAIRN_API void cairn_image_plan_summary(const struct cairn_image_plan *plan,
                                        struct cairn_image_plan_summary *summary);

/* One node of the plan, in the order of its place in the image. */
struct cairn_image_plan_node {
    const char *path;  /* from the root, "" for it */
    const char *alias; /* its 8.3 name */
    bool is_directory;
    uint8_t attributes;
    uint64_t size;
    int64_t modified_ns;
    uint32_t first_cluster, clusters;
};
/* Calls each in order; stops when it returns false. */
CAIRN_API void
cairn_image_plan_each(const struct cairn_image_plan *plan,
                      bool (*each)(void *ctx, const struct cairn_image_plan_node *node), void *ctx);

/* ---- writing ------------------------------------------------------------------------------- */

struct cairn_image_write_options {
    uint32_t threads; /* 0: as many as pay */
    bool no_sync;     /* do not fsync the finished file */
    /* Called from the calling thread now and then; return false to stop. May be NULL. */
    bool (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
    void *ctx;
};
struct cairn_image_write_result {
    uint64_t written_bytes, cloned_bytes, copied_bytes, hole_bytes;
};

/* To a file: it appears under its name only when complete (an existing one is replaced then, with
 * its mode; symlinks are followed). A block device, or IMAGE:PART: the boot sector comes last.
 * "-": standard output, which may be a pipe. CAIRN_ESTALE: a source file changed or vanished while
 * it was read; why names it. */
CAIRN_API enum cairn_err cairn_image_write(const struct cairn_image_plan *plan, const char *target,
                                           const struct cairn_image_write_options *options,
                                           struct cairn_image_write_result *result,
                                           struct cairn_why *why) CAIRN_MUST_USE;
/* Front to back to a descriptor that need not seek. */
CAIRN_API enum cairn_err cairn_image_write_fd(const struct cairn_image_plan *plan, int fd,
                                              const struct cairn_image_write_options *options,
                                              struct cairn_image_write_result *result,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* ---- opening ------------------------------------------------------------------------------- */

/* A place in an image: IMAGE:[PART]/PATH. */
struct cairn_image_place {
    char image[4096]; /* device name for cairn_blk_open */
    char part[128];   /* "", "2", "label=X", "uuid=X", "type=X" */
    char path[4096];  /* "" or from "/" on */
    bool has_path;    /* a colon and a path (perhaps only "/") were there */
};
/* Split text by the rules of docs/cli.md. CAIRN_EINVAL, CAIRN_ENAMETOOLONG. */
CAIRN_API enum cairn_err cairn_image_place_parse(const char *text, struct cairn_image_place *place,
                                                 struct cairn_why *why) CAIRN_MUST_USE;

struct cairn_image; /* an open device, the partition of it, and the volume on that */

struct cairn_image_open_options {
    bool write;
    struct cairn_fat_options fat;
    size_t mem_bytes; /* for the volume; 0: by its size */
};
/* Open the device, find the partition (none named: a bare volume, or the only FAT partition, else
 * CAIRN_EINVAL with the partitions listed in why's hint), mount the FAT.
 *   CAIRN_ENOENT   no such image, no such partition
 *   CAIRN_ECORRUPT what is there is no FAT volume, or the partition table contradicts itself; or it
 *                  is to be written to and was not unmounted (fat.on_dirty)
 *   CAIRN_EINVAL   the partition is not told well enough: none named, or several match */
CAIRN_API enum cairn_err cairn_image_open(struct cairn_image **image,
                                          const struct cairn_image_place *place,
                                          const struct cairn_image_open_options *options,
                                          struct cairn_why *why) CAIRN_MUST_USE;
/* The same without mounting: only device and partition (check, info, format). */
CAIRN_API enum cairn_err cairn_image_open_device(struct cairn_image **image,
                                                 const struct cairn_image_place *place,
                                                 const struct cairn_image_open_options *options,
                                                 struct cairn_why *why) CAIRN_MUST_USE;
/* The device as a whole, whatever partitions it has (info). */
CAIRN_API enum cairn_err cairn_image_open_disk(struct cairn_image **image,
                                               const struct cairn_image_place *place,
                                               const struct cairn_image_open_options *options,
                                               struct cairn_why *why) CAIRN_MUST_USE;
/* Another partition of the disk that `beside` has open, which is not locked anew; write access is
 * what beside was opened with. Either may be closed first. */
CAIRN_API enum cairn_err cairn_image_open_beside(struct cairn_image **image,
                                                 struct cairn_image *beside, const char *part,
                                                 const struct cairn_image_open_options *options,
                                                 struct cairn_why *why) CAIRN_MUST_USE;
/* The same without mounting; part as place.part. */
CAIRN_API enum cairn_err cairn_image_open_device_beside(struct cairn_image **image,
                                                        struct cairn_image *beside,
                                                        const char *part,
                                                        struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API struct cairn_fat *cairn_image_fat(struct cairn_image *image);  /* NULL: not mounted */
CAIRN_API struct cairn_blk *cairn_image_blk(struct cairn_image *image);  /* partition or whole */
CAIRN_API struct cairn_blk *cairn_image_disk(struct cairn_image *image); /* the whole device */
/* The partition table as it was when the device was opened; cairn/part.h. */
CAIRN_API const struct cairn_part_table *cairn_image_table(const struct cairn_image *image);
/* Does "label=X", "uuid=X" or "type=X" mean this partition of dev? By what the table says, or by
 * the label or id of a FAT in it. */
CAIRN_API bool cairn_image_part_is(struct cairn_blk *dev, const struct cairn_part_table *table,
                                   const struct cairn_part *part, const char *selector);
CAIRN_API int cairn_image_fd(struct cairn_image *image);          /* of a cached file, else -1 */
CAIRN_API uint64_t cairn_image_offset(struct cairn_image *image); /* bytes before the partition */
/* Unmount (syncing) and close; everything is freed also when it fails. */
CAIRN_API enum cairn_err cairn_image_close(struct cairn_image *image,
                                           struct cairn_why *why) CAIRN_MUST_USE;

/* Does a FAT boot sector, or its backup, stand at the start of dev? */
CAIRN_API bool cairn_image_is_fat(struct cairn_blk *dev);

/* ---- listing ------------------------------------------------------------------------------- */

/* A directory's entries at one moment. */
struct cairn_image_entry {
    const char *name; /* UTF-8; ends in NUL, as alias does */
    const char *alias;
    struct cairn_fat_stat stat;
};
struct cairn_image_list {
    struct cairn_image_entry *entries;
    size_t count;
    void *memory; /* what the entries live in */
};
/* All of dir, sorted by the names' raw bytes or as they lie on disk. */
CAIRN_API enum cairn_err cairn_image_list_read(struct cairn_image_list *list,
                                               struct cairn_fat_node *dir, bool sorted,
                                               struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API void cairn_image_list_free(struct cairn_image_list *list);

/* One step of a walk. */
struct cairn_image_step {
    const char *path; /* from where the walk began, "a/b"; "" for that itself */
    const struct cairn_image_entry *entry;
    struct cairn_fat_node *dir;  /* that holds it; NULL for where the walk began */
    struct cairn_fat_node *node; /* the directory itself; NULL for files */
    uint32_t depth;              /* of path; 0 for where the walk began */
    bool last;                   /* nothing follows in dir */
};
struct cairn_image_walker {
    /* Before a directory's contents, and for each file. */
    enum cairn_err (*visit)(void *ctx, const struct cairn_image_step *step, struct cairn_why *why);
    /* After a directory's contents; may be NULL. */
    enum cairn_err (*leave)(void *ctx, const struct cairn_image_step *step, struct cairn_why *why);
    void *ctx;
    bool unsorted;
};
/* Everything at and below path, depth first, each directory listed as a whole before its first
 * entry is visited, so that visit and leave may change it. Stops at the first error of theirs.
 * CAIRN_ECORRUPT: a directory is reached twice; CAIRN_ENAMETOOLONG: a path of over 4095 bytes. */
CAIRN_API enum cairn_err cairn_image_walk(struct cairn_fat *fs, const char *path,
                                          const struct cairn_image_walker *walker,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* ---- extracting and copying ---------------------------------------------------------------- */

struct cairn_image_copy_options {
    bool recursive;
    bool no_replace;  /* an existing target is an error instead of replaced */
    bool preserve;    /* times and the read-only attribute; extract always does */
    uint32_t threads; /* extract: 0: as many as pay */
    enum cairn_image_policy on_symlink, on_special, on_name, on_large; /* host to image */
    bool (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
    void (*notice)(void *ctx, enum cairn_image_policy taken, const char *path, const char *text);
    void *ctx;
};
struct cairn_image_copy_result {
    uint64_t files, directories, bytes;
};

/* Copy the directory at path in the image into host folder dest (made when absent), or a file to a
 * name. Nothing is ever written outside dest, whatever the names say: the kernel refuses it
 * (openat2, RESOLVE_BENEATH); names with '/' or that are "." or ".." are refused before that. */
CAIRN_API enum cairn_err cairn_image_extract(struct cairn_image *image, const char *path,
                                             const char *dest,
                                             const struct cairn_image_copy_options *options,
                                             struct cairn_image_copy_result *result,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* Copy a host file ("-": standard input), or with recursive a folder, to path in the image: as cp
 * does, into it when path is a directory. A file that is replaced stays until the new one is whole.
 * Not synced: cairn_image_close does. CAIRN_ECANCELED: progress said stop, or a policy is ERROR (as
 * cairn_image_scan). CAIRN_EISDIR: a folder without recursive. */
CAIRN_API enum cairn_err cairn_image_insert(struct cairn_image *image, const char *host_path,
                                            const char *path,
                                            const struct cairn_image_copy_options *options,
                                            struct cairn_image_copy_result *result,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* Copy within one image or between two; the rest as cairn_image_insert. CAIRN_EINVAL: a file onto
 * itself, a directory into itself. */
CAIRN_API enum cairn_err cairn_image_transfer(struct cairn_image *from, const char *from_path,
                                              struct cairn_image *to, const char *to_path,
                                              const struct cairn_image_copy_options *options,
                                              struct cairn_image_copy_result *result,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* Rename or move within the volume, into `to` when that is a directory, as mv does.
 * Errors of cairn_fat_rename; CAIRN_EEXIST with no_replace; CAIRN_EBUSY: the root. */
CAIRN_API enum cairn_err cairn_image_move(struct cairn_image *image, const char *from,
                                          const char *to, bool no_replace,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* Remove a file, or with recursive a directory with all that is in it. CAIRN_EISDIR: a directory
 * without recursive; CAIRN_EBUSY: the root. */
CAIRN_API enum cairn_err cairn_image_remove(struct cairn_image *image, const char *path,
                                            bool recursive, struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
