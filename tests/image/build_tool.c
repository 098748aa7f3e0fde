/* SPDX-License-Identifier: ISC */
/* Build an image: build_tool [-t 12|16|32] [-s SIZE] [-c CLUSTER] [-f FREE] [-l LABEL] [-m]
 * [-F] [-C] [-n] [-j THREADS] SOURCE IMAGE. What the shell tests need, no more. */
#include <cairn/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    struct cairn_image_source_options source;
    struct cairn_image_plan_options plan;
    struct cairn_image_write_options write;
};

static void notice(void *ctx, enum cairn_image_policy taken, const char *path, const char *text)
{
    (void)ctx;
    static const char *const words[] = { "error", "skipped", "followed", "mapped" };
    fprintf(stderr, "%s: %s: %s\n", words[taken], path, text);
}

static void set_option(struct settings *s, int option, const char *value)
{
    switch (option) {
    case 't':
        s->plan.format.type = (enum cairn_fat_type)atoi(value);
        break;
    case 's':
        s->plan.format.total_bytes = strtoull(value, NULL, 0);
        break;
    case 'c':
        s->plan.format.cluster_bytes = (uint32_t)atoi(value);
        break;
    case 'f':
        s->plan.free_bytes = strtoull(value, NULL, 0);
        break;
    case 'l':
        snprintf(s->plan.format.label, sizeof s->plan.format.label, "%s", value);
        break;
    case 'm':
        s->source.on_name = CAIRN_IMAGE_MAP;
        break;
    case 'F':
        s->source.on_symlink = CAIRN_IMAGE_FOLLOW;
        break;
    case 'S':
        s->source.on_symlink = s->source.on_special = s->source.on_name = s->source.on_large =
            CAIRN_IMAGE_SKIP;
        break;
    case 'C':
        s->plan.id_from_content = true;
        break;
    case 'n':
        s->write.no_sync = true;
        break;
    case 'j':
        s->write.threads = (uint32_t)atoi(value);
        break;
    default:
        exit(2);
    }
}

static enum cairn_err build(const struct settings *s, const char *source, const char *image,
                            struct cairn_why *why)
{
    struct cairn_image_tree *tree = NULL;
    struct cairn_image_plan *plan = NULL;
    struct cairn_image_write_result result;
    enum cairn_err err = cairn_image_scan(&tree, source, &s->source, why);
    if (!err) err = cairn_image_plan(&plan, tree, &s->plan, why);
    if (!err) err = cairn_image_write(plan, image, &s->write, &result, why);
    if (!err)
        fprintf(stderr, "written %llu cloned %llu copied %llu hole %llu\n",
                (unsigned long long)result.written_bytes, (unsigned long long)result.cloned_bytes,
                (unsigned long long)result.copied_bytes, (unsigned long long)result.hole_bytes);
    cairn_image_plan_free(plan);
    cairn_image_tree_free(tree);
    return err;
}

int main(int argc, char **argv)
{
    struct settings s = { .source = { .clamp_ns = INT64_MAX, .notice = notice },
                          .plan.now_ns = INT64_MIN };
    struct cairn_why why = { 0 };
    int option;
    while ((option = getopt(argc, argv, "t:s:c:f:l:mFSCnj:")) != -1)
        set_option(&s, option, optarg);
    if (argc - optind != 2) return 2;
    enum cairn_err err = build(&s, argv[optind], argv[optind + 1], &why);
    char text[1024];
    cairn_why_text(&why, text, sizeof text);
    if (err) fprintf(stderr, "build_tool: %s\n", text);
    return err ? 1 : 0;
}
