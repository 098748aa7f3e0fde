/* SPDX-License-Identifier: ISC */
/* Names of RBD images; only text. */
#include "rbd.h"

#include <cairn/bytes.h>
#include <string.h>

#define SCHEME "rbd:"

static enum cairn_err name_fail(const char *text, const char *what, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "%s", what);
    cairn_why_path(why, text, strlen(text));
    cairn_why_hint(why,
                   "write it as rbd:pool/image, with @snapshot and ?conf=/path/ceph.conf&id=user "
                   "as needed");
    return err;
}

/* End the text at the separator; what follows it, or NULL. */
static char *cut(char *text, char separator)
{
    char *at = strchr(text, separator);
    if (!at) return NULL;
    *at = '\0';
    return at + 1;
}

/* "conf=PATH&id=USER"; false: something else. */
static bool options_parse(struct blk_rbd_name *name, char *option)
{
    for (char *next; option; option = next) {
        next = cut(option, '&');
        if (!strncmp(option, "conf=", 5))
            name->conf = option + 5;
        else if (!strncmp(option, "id=", 3))
            name->id = option + 3;
        else
            return false;
    }
    return true;
}

enum cairn_err blk_rbd_name_parse(struct blk_rbd_name *name, const char *text,
                                  struct cairn_why *why)
{
    const char *body = strncmp(text, SCHEME, strlen(SCHEME)) ? text : text + strlen(SCHEME);
    *name = (struct blk_rbd_name){ .pool = name->text };
    if (strlen(body) >= sizeof name->text) return name_fail(text, "the name is too long", why);
    memcpy(name->text, body, strlen(body) + 1);
    if (!options_parse(name, cut(name->pool, '?')))
        return name_fail(text, "an option that is not known", why);
    name->image = cut(name->pool, '/');
    if (!name->image) return name_fail(text, "no image is named", why);
    char *third = cut(name->image, '/');
    if (third) {
        name->space = name->image;
        name->image = third;
    }
    name->snapshot = cut(name->image, '@');
    if (!*name->pool || !*name->image || (name->snapshot && !*name->snapshot))
        return name_fail(text, "pool, image or snapshot is empty", why);
    return CAIRN_OK;
}
