/* SPDX-License-Identifier: ISC */
/* Devices by name: a closed list of schemes, and files for all that is none of them. */
#include "open.h"
#include "open_remote.h"

#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define MEM_BLOCK_BYTES 512u

static const struct cairn_blk_file_options options_default;

/* One way to name devices. */
struct scheme {
    const char *prefix;
    blk_open_fn *open;
    bool is_file; /* a path of the host follows */
};

static const struct scheme *scheme_of(const char *name);

static const char *behind_scheme(const char *name)
{
    return name + cairn_blk_scheme_bytes(name);
}

static enum cairn_err open_file(struct cairn_blk_any *any, const char *name,
                                const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    enum cairn_err err = cairn_blk_file_open(&any->is.file, behind_scheme(name), options, why);
    if (err) return err;
    any->dev = &any->is.file.base;
    any->is_file = true;
    return CAIRN_OK;
}

static enum cairn_err open_direct(struct cairn_blk_any *any, const char *name,
                                  const struct cairn_blk_file_options *options,
                                  struct cairn_why *why)
{
    struct cairn_blk_file_options direct = *options;
    direct.direct = CAIRN_BLK_DIRECT_ON;
    return open_file(any, name, &direct, why);
}

static enum cairn_err open_uring(struct cairn_blk_any *any, const char *name,
                                 const struct cairn_blk_file_options *options,
                                 struct cairn_why *why)
{
    struct cairn_blk_file_options uring = *options;
    uring.io = CAIRN_BLK_IO_URING;
    return open_file(any, name, &uring, why);
}

static enum cairn_err mem_fail(struct cairn_why *why, enum cairn_err err, const char *name,
                               const char *what)
{
    err = cairn_why_fail(why, err, "%s", what);
    cairn_why_path(why, name, strlen(name));
    cairn_why_hint(why, "write it as mem:64M; a file of that name as ./%s", name);
    return err;
}

/* Pages come with their first use, so a large device costs what is written to it. */
static enum cairn_err map_zeros(struct cairn_blk_any *any, uint64_t bytes, struct cairn_why *why)
{
    if (bytes > PTRDIFF_MAX) return cairn_why_fail(why, CAIRN_EOVERFLOW, "map memory");
    any->mapped_bytes = (size_t)bytes;
    any->mapped = mmap(NULL, any->mapped_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (any->mapped != MAP_FAILED) return CAIRN_OK;
    any->mapped = NULL;
    return cairn_why_fail(why, cairn_err_from_errno(errno), "map %llu bytes of memory",
                          (unsigned long long)bytes);
}

static enum cairn_err open_mem(struct cairn_blk_any *any, const char *name,
                               const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    uint64_t bytes;
    uint32_t block_bytes = options->block_bytes ? options->block_bytes : MEM_BLOCK_BYTES;
    enum cairn_err err = cairn_size_parse(behind_scheme(name), &bytes);
    if (err) return mem_fail(why, err, name, "the size of a memory device");
    if (!bytes || bytes % block_bytes)
        return mem_fail(why, CAIRN_EINVAL, name, "the size is not a whole number of blocks");
    err = map_zeros(any, bytes, why);
    if (err) return err;
    err = cairn_blk_mem_open(&any->is.mem, any->mapped, block_bytes, bytes / block_bytes, why);
    if (err) {
        (void)munmap(any->mapped, any->mapped_bytes);
        return err;
    }
    any->is.mem.base.info.read_only = !options->write;
    any->dev = &any->is.mem.base;
    return CAIRN_OK;
}

static const struct scheme schemes[] = {
    { "file:", open_file, true },         { "direct:", open_direct, true },
    { "uring:", open_uring, true },       { "mem:", open_mem, false },
    { "nbd:", blk_open_nbd, false },      { "nbds:", blk_open_nbd, false },
    { "nbd+unix:", blk_open_nbd, false }, { "nbds+unix:", blk_open_nbd, false },
    { "rbd:", blk_open_rbd, false },      { "vhost-user:", blk_open_vhost, false },
};

static const struct scheme *scheme_of(const char *name)
{
    for (size_t i = 0; i < CAIRN_COUNT(schemes); i++)
        if (!strncmp(name, schemes[i].prefix, strlen(schemes[i].prefix))) return &schemes[i];
    return NULL;
}

size_t cairn_blk_scheme_bytes(const char *name)
{
    const struct scheme *scheme = scheme_of(name);
    return scheme ? strlen(scheme->prefix) : 0;
}

const char *cairn_blk_file_path(const char *name)
{
    const struct scheme *scheme = scheme_of(name);
    return !scheme || scheme->is_file ? behind_scheme(name) : NULL;
}

enum cairn_err cairn_blk_open(struct cairn_blk_any *any, const char *name,
                              const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    const struct scheme *scheme = scheme_of(name);
    if (!options) options = &options_default;
    *any = (struct cairn_blk_any){ 0 };
    if (!scheme) return open_file(any, name, options, why);
    return scheme->open(any, name, options, why);
}

enum cairn_err cairn_blk_any_close(struct cairn_blk_any *any, struct cairn_why *why)
{
    enum cairn_err err = cairn_blk_close(any->dev, why);
    if (any->mapped) (void)munmap(any->mapped, any->mapped_bytes);
    any->dev = NULL;
    any->mapped = NULL;
    return err;
}
