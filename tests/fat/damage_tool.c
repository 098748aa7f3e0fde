/* SPDX-License-Identifier: ISC */
/* damage-tool                       list the faults: name, fault, 1 when fsck.fat finds it
 * damage-tool healthy|NAME TYPE FILE  write a volume with that fault; exit 3: not for this type */
#include "damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list(void)
{
    for (size_t i = 0; i < damage_count; i++)
        printf("%s %s %d\n", damages[i].name, cairn_fat_fault_name(damages[i].fault),
               damages[i].fsck);
    return 0;
}

static int write_out(const struct sample *s, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(s->bytes, 1, s->size, file) != s->size || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 1) return list();
    if (argc != 4) return 2;
    const struct damage *damage = damage_find(argv[1]);
    enum cairn_fat_type type = (enum cairn_fat_type)atoi(argv[2]);
    if (damage && !damage_fits(damage, type)) return 3;
    if (!damage && strcmp(argv[1], "healthy") != 0) return 2;
    struct sample s;
    sample_make(&s, type);
    if (damage) damage_plant(damage, &s);
    int code = write_out(&s, argv[3]);
    sample_free(&s);
    return code;
}
