/* SPDX-License-Identifier: ISC */
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_make(struct folder *folder)
{
    memset(folder, 0, sizeof *folder);
    strcpy(folder->base, "/tmp/cairn-image-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder->base));
    snprintf(folder->path, sizeof folder->path, "%s/source", folder->base);
    ck_assert_int_eq(mkdir(folder->path, 0755), 0);
}

/* rm, since paths may be longer than nftw takes. */
void folder_remove(struct folder *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder->base);
    ck_assert_int_eq(system(command), 0);
}

const char *folder_path(const struct folder *folder, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder->base, name);
    return path;
}

static void make_parents(char *path)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0755);
        *at = '/';
    }
}

void folder_put(const struct folder *folder, const char *name, const char *contents)
{
    char path[1024];
    struct timespec times[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    make_parents(path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(contents, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    while (strcmp(path, folder->path) != 0) { /* and its folders */
        *strrchr(path, '/') = '\0';
        ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    }
}

static void notice(void *ctx, enum cairn_image_policy taken, const char *path, const char *text)
{
    static const char *const words[] = { "error", "skip", "follow", "map" };
    struct folder *folder = ctx;
    if (folder->notices == FOLDER_NOTICES) return;
    snprintf(folder->text[folder->notices++], sizeof folder->text[0], "%s %s: %s", words[taken],
             path, text);
}

enum cairn_err folder_scan(struct folder *folder, enum cairn_image_policy policy,
                           struct cairn_image_tree **tree)
{
    bool names = policy == CAIRN_IMAGE_MAP, links = policy == CAIRN_IMAGE_FOLLOW;
    enum cairn_image_policy other = names || links ? CAIRN_IMAGE_ERROR : policy;
    struct cairn_image_source_options options = { .on_symlink = links ? policy : other,
                                                  .on_special = other,
                                                  .on_name = names ? policy : other,
                                                  .on_large = other,
                                                  .clamp_ns = INT64_MAX,
                                                  .notice = notice,
                                                  .ctx = folder };
    folder->notices = 0;
    return cairn_image_scan(tree, folder->path, &options, &folder->why);
}

bool folder_noticed(const struct folder *folder, const char *start)
{
    for (uint32_t i = 0; i < folder->notices; i++)
        if (strncmp(folder->text[i], start, strlen(start)) == 0) return true;
    return false;
}

struct cairn_image_plan *folder_plan(struct folder *folder, struct cairn_image_tree *tree,
                                     const struct cairn_image_plan_options *options)
{
    struct cairn_image_plan_options none = { .now_ns = INT64_MIN };
    struct cairn_image_plan *plan = NULL;
    enum cairn_err err = cairn_image_plan(&plan, tree, options ? options : &none, &folder->why);
    ck_assert_msg(err == CAIRN_OK, "%s", folder->why.what);
    return plan;
}

void folder_build(struct folder *folder, const struct cairn_image_plan_options *options,
                  const char *name)
{
    struct cairn_image_tree *tree = NULL;
    ck_assert_int_eq(folder_scan(folder, CAIRN_IMAGE_ERROR, &tree), CAIRN_OK);
    struct cairn_image_plan *plan = folder_plan(folder, tree, options);
    enum cairn_err err =
        cairn_image_write(plan, folder_path(folder, name), NULL, NULL, &folder->why);
    ck_assert_msg(err == CAIRN_OK, "%s", folder->why.what);
    cairn_image_plan_free(plan);
    cairn_image_tree_free(tree);
}

char *folder_slurp(const struct folder *folder, const char *name, size_t *bytes)
{
    struct stat st;
    FILE *file = fopen(folder_path(folder, name), "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &st), 0);
    *bytes = (size_t)st.st_size;
    char *data = malloc(*bytes + 1);
    ck_assert_uint_eq(fread(data, 1, *bytes, file), *bytes);
    data[*bytes] = '\0';
    fclose(file);
    return data;
}
