/* SPDX-License-Identifier: ISC */
/* part_print IMAGE BLOCK_BYTES: the partition table, one line each: number, first block, count,
 * type; with a GPT also GUID and name. Exits with 3 when the table is refused. */
#include <cairn/blk_file.h>
#include <cairn/part.h>
#include <stdio.h>
#include <stdlib.h>

static int refuse(const struct cairn_why *why)
{
    char text[1024];
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 3;
}

static void print_part(const struct cairn_part *part, enum cairn_part_scheme scheme)
{
    char type[37], guid[37];
    printf("%lu %llu %llu", (unsigned long)part->number, (unsigned long long)part->first,
           (unsigned long long)part->count);
    cairn_guid_text(part->type_guid, type);
    cairn_guid_text(part->guid, guid);
    if (scheme == CAIRN_PART_MBR)
        printf(" %x\n", part->type_id);
    else
        printf(" %s %s%s%s\n", type, guid, *part->name ? " " : "", part->name);
}

int main(int argc, char **argv)
{
    static struct cairn_part_table table;
    static uint8_t scratch[65536 * 4];
    struct cairn_blk_file dev;
    struct cairn_why why = { 0 };
    if (argc != 3) return 2;
    struct cairn_blk_file_options options = { .block_bytes = (uint32_t)atoi(argv[2]) };
    if (cairn_blk_file_open(&dev, argv[1], &options, &why)) return refuse(&why);
    if (cairn_part_read(&dev.base, &table, scratch, sizeof scratch, &why)) return refuse(&why);
    printf("%s\n", table.scheme == CAIRN_PART_GPT   ? "gpt"
                   : table.scheme == CAIRN_PART_MBR ? "dos"
                                                    : "none");
    for (uint32_t i = 0; i < table.part_count; i++)
        print_part(&table.parts[i], table.scheme);
    return 0;
}
