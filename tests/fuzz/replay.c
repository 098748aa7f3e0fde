/* SPDX-License-Identifier: ISC */
/* A fuzz target without libFuzzer: runs it over each file of the folders and files that are named.
 */
#include "fuzz.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

static int inputs;

static int replay(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)where;
    if (kind != FTW_F) return 0;
    size_t len = (size_t)status->st_size;
    uint8_t *bytes = malloc(len ? len : 1);
    FILE *file = fopen(path, "rb");
    bool whole = bytes && file && fread(bytes, 1, len, file) == len;
    if (file) fclose(file);
    if (whole) {
        printf("%s\n", path);
        fflush(stdout); /* the last one named is the one that broke */
        LLVMFuzzerTestOneInput(bytes, len);
        inputs++;
    }
    free(bytes);
    return whole ? 0 : -1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (nftw(argv[i], replay, 8, FTW_PHYS)) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
    if (inputs == 0) fprintf(stderr, "no inputs\n");
    return inputs ? EXIT_SUCCESS : EXIT_FAILURE;
}
