/* SPDX-License-Identifier: ISC */
/* The engines of the file device, each by name, on a file of the test's own. */
#ifndef CAIRN_TESTS_ENGINE_H
#define CAIRN_TESTS_ENGINE_H

#include <cairn/blk_file.h>
#include <check.h>

#define ENGINE_BLOCK 4096u /* what O_DIRECT takes everywhere */

struct engine {
    const char *name;
    enum cairn_blk_file_io io;
    enum cairn_blk_file_direct direct;
};

#define ENGINES 4
extern const struct engine engines[ENGINES];

/* What is being tested: a new file in TMPDIR, of no length, and the device on it. */
extern struct cairn_blk_file dev;
extern struct cairn_why why;
extern char path[256];

/* Open the file for writing by an engine, with blocks of ENGINE_BLOCK and a queue of 8. */
void engine_open(const struct engine *engine);
void engine_close(void);

/* A request of one segment. */
struct cairn_blk_req engine_req(enum cairn_blk_op op, uint64_t block, struct cairn_blk_seg *seg,
                                void *data, uint64_t count);

TCase *tcase_engine(void);
TCase *tcase_engine_refused(void);

#define ck_ok(err) ck_assert_int_eq((err), CAIRN_OK)

#endif
