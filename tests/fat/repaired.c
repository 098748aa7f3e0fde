/* SPDX-License-Identifier: ISC */
#include "repaired.h"

#include <check.h>

void repaired_make(struct repaired *v, enum cairn_fat_type type)
{
    *v = (struct repaired){ .mending = { .err = CAIRN_OK } };
    sample_make(&v->s, type);
}

void repaired_mend(struct repaired *v)
{
    static struct mending again;
    v->mending.bytes = v->s.bytes;
    v->mending.size = v->s.size;
    mending_run(&v->mending);
    ck_assert_msg(v->mending.err == CAIRN_OK && !v->mending.broken, "%s %s\n%s",
                  cairn_err_name(v->mending.err), v->mending.broken ? v->mending.broken : "",
                  v->mending.log);
    again =
        (struct mending){ .bytes = v->s.bytes, .size = v->s.size, .options = v->mending.options };
    mending_run(&again);
    ck_assert_msg(again.save_count == 0 && again.result.mended == 0, "%s\nagain:\n%s",
                  v->mending.log, again.log);
    mending_end(&again);
}

void repaired_end(struct repaired *v)
{
    mending_end(&v->mending);
    sample_free(&v->s);
}

uint64_t repaired_left(const struct repaired *v)
{
    const uint64_t *findings = v->mending.result.after.findings;
    return findings[CAIRN_FAT_MINOR] + findings[CAIRN_FAT_MAJOR];
}
