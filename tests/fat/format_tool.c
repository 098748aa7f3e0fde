/* SPDX-License-Identifier: ISC */
/*
 * Makes files that format_peers.sh shows to other people's tools.
 *   format_tool FILE BYTES TYPE SECTOR_BYTES CLUSTER_BYTES HIDDEN_SECTORS [LABEL]
 * TYPE 0 is AUTO, other zeros are the defaults. Prints type, cluster size and cluster count. Exit
 * status: 0 made, 1 refused.
 */
#include <cairn/blk_file.h>
#include <cairn/fat_format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int explain(const struct cairn_why *why)
{
    char text[1024];
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "format_tool: %s\n", text);
    return 1;
}

static struct cairn_fat_format_options options_of(int argc, char **argv)
{
    struct cairn_fat_format_options options = { .volume_id = 0xCA1121FA };
    options.type = (enum cairn_fat_type)atoi(argv[3]);
    options.sector_bytes = (uint32_t)strtoul(argv[4], NULL, 10);
    options.cluster_bytes = (uint32_t)strtoul(argv[5], NULL, 10);
    options.hidden_sectors = (uint32_t)strtoul(argv[6], NULL, 10);
    if (argc > 7) memcpy(options.label, argv[7], strnlen(argv[7], CAIRN_FAT_LABEL_BYTES));
    return options;
}

int main(int argc, char **argv)
{
    static uint8_t scratch[65536];
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_blk_file file;
    struct cairn_fat_geometry g;
    if (argc < 7 || argc > 8) return 2;
    struct cairn_fat_format_options options = options_of(argc, argv);
    struct cairn_blk_file_options create = { .write = true,
                                             .create = true,
                                             .create_bytes = strtoull(argv[2], NULL, 10) };
    if (cairn_blk_file_open(&file, argv[1], &create, &why)) return explain(&why);
    enum cairn_err err = cairn_fat_format(&file.base, &options, scratch, sizeof scratch, &g, &why);
    enum cairn_err closed = cairn_blk_close(&file.base, err ? NULL : &why);
    if (err || closed) return explain(&why);
    printf("FAT%d %u %u\n", (int)g.type, g.cluster_bytes, g.cluster_count);
    return 0;
}
