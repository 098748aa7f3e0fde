/* SPDX-License-Identifier: ISC */
/* What people write: a place in an image, a size, a GUID, a label, a time. */
#include "fuzz.h"

#include <cairn/blk_open.h>
#include <cairn/image.h>
#include <string.h>
#include <strings.h>
#include <tools/out.h>

#define TEXT_BYTES 10000 /* more than a place may have */

static void require_place(const char *text)
{
    static struct cairn_image_place place;
    static char again[sizeof place + 2];
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_image_place_parse(text, &place, &why);
    if (err) {
        fuzz_require(err == CAIRN_EINVAL || err == CAIRN_ENAMETOOLONG, "errors are known ones");
        fuzz_require(why.err == err && why.what[0], "errors explain themselves");
        return;
    }
    bool is_cut = place.has_path || place.part[0];
    (void)snprintf(again, sizeof again, "%s%s%s%s", place.image, is_cut ? ":" : "", place.part,
                   place.path);
    fuzz_require(strcmp(again, text) == 0, "a place is cut, and nothing else");
    fuzz_require(place.image[0], "an image is named");
    fuzz_require(!strchr(place.part, '/'), "a partition has no path");
    fuzz_require(place.has_path ? place.path[0] == '/' : !place.path[0], "a path begins with /");
    fuzz_require(!is_cut || strncmp(text, "./", 2) != 0, "./ is always a file of the host");
}

static void require_size(const char *text)
{
    char digits[24];
    uint64_t bytes = 0, again = 0;
    if (cairn_size_parse(text, &bytes)) return;
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)bytes);
    fuzz_require(!cairn_size_parse(digits, &again) && again == bytes, "a size in bytes is itself");
    fuzz_require(strspn(text, "0123456789.KMGTkmgtiIbB") == strlen(text), "a size is a number");
}

static void require_guid(const char *text)
{
    uint8_t guid[16];
    char again[37];
    if (!cairn_guid_parse(text, guid)) return;
    cairn_guid_text(guid, again);
    fuzz_require(strcasecmp(again, text) == 0, "a GUID has one spelling");
}

/* An encoded label is in upper case, and so it is ASCII letters that stay as they are. */
static void require_label(const char *text)
{
    char label[CAIRN_FAT_LABEL_BYTES + 1], again[CAIRN_FAT_LABEL_BYTES + 1];
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_fat_label_encode(text, strlen(text), label, &why);
    fuzz_require(!err || (why.err == err && why.what[0]), "errors explain themselves");
    if (err) return;
    fuzz_require(label[0] != ' ' && !strpbrk(label, "\"*+,./:;<=>?[\\]|"), "a label is legal");
    for (const char *c = label; *c; c++) {
        fuzz_require(*c < 'a' || *c > 'z', "a label is in upper case");
        if (*c & 0x80) return;
    }
    fuzz_require(!cairn_fat_label_encode(label, strlen(label), again, NULL) &&
                     strcmp(label, again) == 0,
                 "a label is its own label");
}

static void require_time(const char *text)
{
    char shown[TOOL_TEXT_BYTES];
    int64_t ns, again;
    if (!tool_time_parse(text, &ns)) return;
    if (text[0] == '@') return;
    tool_time_text(ns, true, shown);
    fuzz_require(tool_time_parse(shown, &again) && again == ns, "a time that is shown is a time");
    fuzz_require(strncmp(shown, text, strlen("YYYY-MM-DD")) == 0, "a day is that day");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char text[TEXT_BYTES + 1];
    if (len > TEXT_BYTES || memchr(bytes, '\0', len)) return 0;
    memcpy(text, bytes, len);
    text[len] = '\0';
    require_place(text);
    require_size(text);
    require_guid(text);
    require_label(text);
    require_time(text);
    return 0;
}
