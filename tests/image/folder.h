/* SPDX-License-Identifier: ISC */
/* A temporary folder to build from, and the steps of a build with defaults. */
#ifndef CAIRN_TESTS_FOLDER_H
#define CAIRN_TESTS_FOLDER_H

#include <cairn/image.h>
#include <check.h>

#define FOLDER_NOTICES 64

struct folder {
    char path[128];                 /* of the source */
    char base[64];                  /* what holds it, for images */
    uint32_t notices;               /* that the scan gave */
    char text[FOLDER_NOTICES][256]; /* "error path: text" */
    struct cairn_why why;
};

void folder_make(struct folder *folder);
void folder_remove(struct folder *folder);

/* The path of name under base, in a buffer of this function's own. */
const char *folder_path(const struct folder *folder, const char *name);
/* A file of the source with these contents and a fixed time; folders on the way are made. */
void folder_put(const struct folder *folder, const char *name, const char *contents);

/* Scan with all policies set to this one. */
enum cairn_err folder_scan(struct folder *folder, enum cairn_image_policy policy,
                           struct cairn_image_tree **tree);
/* Is there a notice that begins with this? */
bool folder_noticed(const struct folder *folder, const char *start);

/* Scan, plan and write to `name` under base; every step must succeed. */
void folder_build(struct folder *folder, const struct cairn_image_plan_options *options,
                  const char *name);
struct cairn_image_plan *folder_plan(struct folder *folder, struct cairn_image_tree *tree,
                                     const struct cairn_image_plan_options *options);

/* The whole of a file under base; the caller frees it. */
char *folder_slurp(const struct folder *folder, const char *name, size_t *bytes);

Suite *scan_suite(void);
Suite *plan_suite(void);
Suite *write_suite(void);
Suite *undo_suite(void);

#endif
