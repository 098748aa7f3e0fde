/* SPDX-License-Identifier: ISC */
#include "engine.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct engine engines[ENGINES] = {
    { "pread", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_OFF },
    { "uring", CAIRN_BLK_IO_URING, CAIRN_BLK_DIRECT_OFF },
    { "direct by pread", CAIRN_BLK_IO_PREAD, CAIRN_BLK_DIRECT_TRY },
    { "direct by uring", CAIRN_BLK_IO_AUTO, CAIRN_BLK_DIRECT_TRY },
};

struct cairn_blk_file dev;
struct cairn_why why;
char path[256];

void engine_open(const struct engine *engine)
{
    struct cairn_blk_file_options how = { .block_bytes = ENGINE_BLOCK,
                                          .write = true,
                                          .io = engine->io,
                                          .direct = engine->direct,
                                          .queue_depth = 8 };
    ck_ok(cairn_blk_file_open(&dev, path, &how, &why));
}

void engine_close(void)
{
    ck_ok(cairn_blk_close(&dev.base, &why));
}

struct cairn_blk_req engine_req(enum cairn_blk_op op, uint64_t block, struct cairn_blk_seg *seg,
                                void *data, uint64_t count)
{
    *seg = (struct cairn_blk_seg){ data, count * ENGINE_BLOCK };
    return (struct cairn_blk_req){
        .op = op, .block = block, .count = count, .segs = seg, .seg_count = 1, .why = &why
    };
}

static void setup(void)
{
    const char *dir = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/cairn-engine-XXXXXX", dir ? dir : "/tmp");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    signal(SIGXFSZ, SIG_IGN);
}

static void teardown(void)
{
    unlink(path);
}

int main(void)
{
    TCase *cases[] = { tcase_engine(), tcase_engine_refused() };
    Suite *suite = suite_create("engines");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcase_set_timeout(cases[i], 60);
        tcase_add_checked_fixture(cases[i], setup, teardown);
        suite_add_tcase(suite, cases[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
