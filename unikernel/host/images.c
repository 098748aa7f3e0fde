/* SPDX-License-Identifier: ISC */
#include "unikernel/host/images.h"

#include <cairn/blk_open.h>
#include <cairn/fat_format.h>
#include <cairn/image_kv.h>
#include <cairn/kv_native.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_MEM_BYTES ((size_t)16 << 20)

void front_image_path(const struct front_device *device, const char *folder, const char *build,
                      char path[FRONT_PATH_BYTES])
{
    if (!device->image)
        snprintf(path, FRONT_PATH_BYTES, "%.4096s/%s.img", build, device->name);
    else if (device->image[0] == '/')
        snprintf(path, FRONT_PATH_BYTES, "%s", device->image);
    else
        snprintf(path, FRONT_PATH_BYTES, "%.4096s/%s", folder, device->image);
}

static enum cairn_err tree_scan(struct cairn_image_tree **tree, const struct front_device *device,
                                const char *folder, struct cairn_why *why)
{
    char path[FRONT_PATH_BYTES];
    const struct cairn_image_source_options how = { .clamp_ns = INT64_MAX,
                                                    .keys = device->kind == CAIRN_ENV_KV };
    snprintf(path, sizeof path, "%.4096s/%s", folder, device->folder);
    enum cairn_err err = cairn_image_scan(tree, path, &how, why);
    if (err) cairn_why_path(why, path, strlen(path));
    return err;
}

/* ---- a FAT volume ------------------------------------------------------------------------------
 */

static enum cairn_err volume_write(struct cairn_image_tree *tree, const struct front_device *device,
                                   const char *path, struct cairn_why *why)
{
    struct cairn_image_plan_options how = { .now_ns = INT64_MIN,
                                            .free_bytes = FRONT_FAT_FREE_USUAL };
    struct cairn_image_write_options writing = { .threads = 0 };
    struct cairn_image_write_result result;
    struct cairn_image_plan *plan;
    how.format.total_bytes = device->size;
    if (device->size) how.free_bytes = 0;
    enum cairn_err err = CAIRN_OK;
    if (device->label)
        err = cairn_fat_label_encode(device->label, strlen(device->label), how.format.label, why);
    if (!err) err = cairn_image_plan(&plan, tree, &how, why);
    if (err) return err;
    err = cairn_image_write(plan, path, &writing, &result, why);
    cairn_image_plan_free(plan);
    return err;
}

/* Of a folder, or of one that is empty. */
static enum cairn_err volume_make(const struct front_device *device, const char *folder,
                                  const char *path, struct cairn_why *why)
{
    char empty[] = "/tmp/cairn-empty-XXXXXX";
    struct front_device from = *device;
    struct cairn_image_tree *tree;
    if (!device->folder && !mkdtemp(empty))
        return cairn_why_fail(why, CAIRN_EIO, "make a folder in /tmp");
    if (!device->folder) from.folder = empty;
    enum cairn_err err = tree_scan(&tree, &from, device->folder ? folder : "/", why);
    if (!device->folder) (void)rmdir(empty);
    if (err) return err;
    err = volume_write(tree, device, path, why);
    cairn_image_tree_free(tree);
    return err;
}

/* ---- a disk, a store ---------------------------------------------------------------------------
 */

static enum cairn_err store_load(const struct front_device *device, const char *folder,
                                 struct cairn_blk *dev, void *mem, struct cairn_why *why)
{
    const struct cairn_kv_native_options how = { .read_only = false };
    struct cairn_image_kv_options loading = { .progress = NULL };
    struct cairn_image_kv_result result;
    struct cairn_image_tree *tree;
    struct cairn_kv *kv;
    enum cairn_err err = tree_scan(&tree, device, folder, why);
    if (err) return err;
    err = cairn_kv_native_open(&kv, dev, &how, mem, STORE_MEM_BYTES, why);
    if (!err) {
        err = cairn_image_kv_load(kv, cairn_kv_key(""), tree, &loading, &result, why);
        enum cairn_err closing = cairn_kv_close(kv, err ? NULL : why);
        if (!err) err = closing;
    }
    cairn_image_tree_free(tree);
    return err;
}

static enum cairn_err store_fill(const struct front_device *device, const char *folder,
                                 struct cairn_blk *dev, struct cairn_why *why)
{
    const struct cairn_kv_native_format_options how = { .label = device->label };
    void *mem = aligned_alloc(4096, STORE_MEM_BYTES);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "make the store");
    enum cairn_err err = cairn_kv_native_format(dev, &how, mem, STORE_MEM_BYTES, why);
    if (!err && device->folder) err = store_load(device, folder, dev, mem, why);
    free(mem);
    return err;
}

/* A new file; it goes again when it cannot be filled. */
static enum cairn_err device_make(const struct front_device *device, const char *folder,
                                  const char *path, struct cairn_why *why)
{
    struct cairn_blk_any any;
    struct cairn_blk_file_options how = { .write = true, .create = true };
    how.create_bytes = device->size ? device->size : FRONT_DEVICE_BYTES_USUAL;
    (void)unlink(path);
    enum cairn_err err = cairn_blk_open(&any, path, &how, why);
    if (err) return err;
    if (device->kind == CAIRN_ENV_KV) err = store_fill(device, folder, any.dev, why);
    enum cairn_err closing = cairn_blk_any_close(&any, err ? NULL : why);
    if (!err) err = closing;
    if (err) (void)unlink(path);
    return err;
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static enum cairn_err size_check(const struct front_device *device, const char *path,
                                 struct cairn_why *why)
{
    struct stat st;
    if (stat(path, &st)) {
        int code = errno;
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_ENOENT, "device %s has no image %s", device->name, path);
        cairn_why_os(why, code);
        return err;
    }
    if ((uint64_t)st.st_size >= device->least) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ERANGE, "device %s: %s has %llu bytes, at least %llu are told",
                          device->name, path, (unsigned long long)st.st_size,
                          (unsigned long long)device->least);
}

enum cairn_err front_image_make(const struct front_device *device, const char *folder,
                                const char *build, bool fresh, struct cairn_why *why)
{
    char path[FRONT_PATH_BYTES];
    enum cairn_err err = CAIRN_OK;
    front_image_path(device, folder, build, path);
    if (!device->image && (fresh || access(path, F_OK)))
        err = device->kind == CAIRN_ENV_FAT ? volume_make(device, folder, path, why)
                                            : device_make(device, folder, path, why);
    return err ? err : size_check(device, path, why);
}
