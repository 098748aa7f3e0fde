/* SPDX-License-Identifier: ISC */
/* A store as a tar archive (pax). libarchive takes names as the locale's, so it is told UTF-8; one
 * that is not stays as it is, marked as such. */
#include "archive_api.h"
#include "dump.h"
#include "os.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

struct tar {
    const struct img_archive_api *api;
    struct archive *archive;
    struct archive_entry *entry;
    locale_t utf8, before; /* utf8 (locale_t)0: there is none */
};

static enum cairn_err tar_fail(const struct tar *tar, struct cairn_why *why)
{
    const char *text = tar->api->error_string_(tar->archive);
    int os = tar->api->errno_(tar->archive);
    enum cairn_err err = os == ENOSPC ? CAIRN_ENOSPC : os == EPIPE ? CAIRN_EPIPE : CAIRN_EIO;
    return cairn_why_fail(why, err, "write the archive: %s", text ? text : "it cannot be written");
}

static enum cairn_err data_put(const struct tar *tar, struct img_dump *dump,
                               const struct img_dump_item *item, struct cairn_why *why)
{
    for (uint64_t at = 0; at < item->stat.size;) {
        uint64_t left = item->stat.size - at;
        size_t bytes = left < IMG_DUMP_PIECE ? (size_t)left : IMG_DUMP_PIECE;
        enum cairn_err err = img_dump_read(dump, item, at, bytes, why);
        if (err) return err;
        if (tar->api->write_data_(tar->archive, dump->piece, bytes) != (la_ssize_t)bytes)
            return tar_fail(tar, why);
        at += bytes;
    }
    return CAIRN_OK;
}

static enum cairn_err put(void *out, struct img_dump *dump, const struct img_dump_item *item,
                          struct cairn_why *why)
{
    const struct tar *tar = out;
    const struct img_archive_api *api = tar->api;
    bool is_dictionary = item->stat.kind == CAIRN_KV_DICTIONARY;
    int64_t seconds = item->stat.modified_ns / CAIRN_NS_PER_SEC;
    int64_t ns = item->stat.modified_ns % CAIRN_NS_PER_SEC;
    enum cairn_err err = img_dump_path_check(item, why);
    if (err) return err;
    if (ns < 0) {
        ns += CAIRN_NS_PER_SEC;
        seconds--;
    }
    api->entry_set_pathname_(tar->entry, item->path);
    api->entry_set_filetype_(tar->entry, is_dictionary ? AE_IFDIR : AE_IFREG);
    api->entry_set_perm_(tar->entry, is_dictionary ? 0755 : 0644);
    api->entry_set_size_(tar->entry, (la_int64_t)item->stat.size);
    api->entry_set_mtime_(tar->entry, (time_t)seconds, (long)ns);
    if (api->write_header_(tar->archive, tar->entry) < ARCHIVE_WARN) return tar_fail(tar, why);
    return is_dictionary ? CAIRN_OK : data_put(tar, dump, item, why);
}

static enum cairn_err end(void *out, enum cairn_err err, struct cairn_why *why)
{
    struct tar *tar = out;
    if (!err && tar->api->write_close_(tar->archive) != ARCHIVE_OK) err = tar_fail(tar, why);
    if (tar->entry) tar->api->entry_free_(tar->entry);
    if (tar->archive) tar->api->write_free_(tar->archive);
    if (tar->utf8) {
        uselocale(tar->before);
        freelocale(tar->utf8);
    }
    free(tar);
    return err;
}

static enum cairn_err tar_open(struct tar *tar, int fd, struct cairn_why *why)
{
    tar->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (tar->utf8) tar->before = uselocale(tar->utf8);
    tar->archive = tar->api->write_new_();
    tar->entry = tar->api->entry_new_();
    if (!tar->archive || !tar->entry) return img_no_memory(why);
    if (tar->api->write_set_format_pax_(tar->archive) != ARCHIVE_OK ||
        tar->api->write_open_fd_(tar->archive, fd) != ARCHIVE_OK)
        return tar_fail(tar, why);
    return CAIRN_OK;
}

enum cairn_err img_dump_tar(void **out, const struct img_dump_form **form, int fd,
                            struct cairn_why *why)
{
    static const struct img_dump_form tar_form = { put, NULL, end };
    struct tar *tar = calloc(1, sizeof *tar);
    if (!tar) return img_no_memory(why);
    enum cairn_err err = img_archive_api_load(&tar->api, why);
    if (err) {
        free(tar);
        return err;
    }
    *out = tar;
    *form = &tar_form;
    err = tar_open(tar, fd, why);
    return err ? end(tar, err, why) : CAIRN_OK;
}
