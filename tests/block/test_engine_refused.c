/* SPDX-License-Identifier: ISC */
/* The kernel, or a file system, refuses what an engine needs: a filter on system calls does it. */
#include "engine.h"
#include <cairn/log.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct cairn_log_ring ring;
static char ring_text[4096], log_text[4096];

static void log_start(void)
{
    cairn_log_ring_init(&ring, ring_text, sizeof ring_text);
    cairn_log_reporter_set(&ring.base);
}

static const char *log_read(void)
{
    size_t len = cairn_log_ring_read(&ring, log_text, sizeof log_text - 1);
    log_text[len] = '\0';
    return log_text;
}

/* From now on this process, which check forked for the test, gets `os` from a system call. A build
 * that makes none of them, as those for other machines, has nothing to refuse. */
static void refuse(long call, uint32_t os)
{
    if (!cairn_blk_uring_version()) return;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | os),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof *code, code };
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void write_and_read(void)
{
    enum { COUNT = 20 };
    static uint8_t data[COUNT][ENGINE_BLOCK], back[COUNT][ENGINE_BLOCK];
    struct cairn_blk_req reqs[COUNT];
    struct cairn_blk_seg segs[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        memset(data[i], (int)i + 1, ENGINE_BLOCK);
        reqs[i] = engine_req(CAIRN_BLK_WRITE, 2 * i, &segs[i], data[i], 1);
    }
    ck_ok(cairn_blk_submit(&dev.base, reqs, COUNT));
    for (unsigned i = 0; i < COUNT; i++)
        reqs[i] = engine_req(CAIRN_BLK_READ, 2 * i, &segs[i], back[i], 1);
    ck_ok(cairn_blk_begin(&dev.base, reqs, COUNT));
    ck_ok(cairn_blk_finish(&dev.base, reqs, COUNT));
    ck_assert_mem_eq(back, data, sizeof data);
}

/* Containers refuse io_uring: the reason is said once, and the work done. */
START_TEST(without_io_uring_files_are_read)
{
    static const int reasons[] = { EPERM, ENOSYS, ENOMEM };
    ck_assert_int_eq(truncate(path, 64 * ENGINE_BLOCK), 0);
    log_start();
    refuse(SYS_io_uring_setup, (uint32_t)reasons[_i]);
    engine_open(&engines[1]);
    ck_assert_int_eq(dev.io, CAIRN_BLK_IO_PREAD);
    if (cairn_blk_uring_version()) ck_assert_ptr_nonnull(strstr(log_read(), "io_uring_setup"));
    ck_assert_ptr_nonnull(strstr(log_read(), "pread"));
    write_and_read();
    engine_close();
    size_t told = strlen(log_read());
    engine_open(&engines[1]);
    ck_assert_uint_eq(strlen(log_read()), told);
    write_and_read();
    engine_close();
}
END_TEST

/* A ring that stops to work in use: its batches are done all the same. */
START_TEST(ring_that_stops_is_given_up)
{
    ck_assert_int_eq(truncate(path, 64 * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    if (dev.io == CAIRN_BLK_IO_URING) {
        log_start();
        refuse(SYS_io_uring_enter, EAGAIN);
        write_and_read();
        write_and_read();
        ck_assert_ptr_nonnull(strstr(log_read(), "going on with pread"));
    }
    engine_close();
}
END_TEST

/* A batch is in flight when its ring stops. */
START_TEST(ring_that_stops_in_mid_batch_loses_nothing)
{
    enum { COUNT = 30 };
    static uint8_t back[COUNT][ENGINE_BLOCK];
    struct cairn_blk_req reqs[COUNT];
    struct cairn_blk_seg segs[COUNT];
    ck_assert_int_eq(truncate(path, 64 * ENGINE_BLOCK), 0);
    engine_open(&engines[_i]);
    write_and_read();
    for (unsigned i = 0; i < COUNT; i++)
        reqs[i] = engine_req(CAIRN_BLK_READ, 2 * i, &segs[i], back[i], 1);
    ck_ok(cairn_blk_begin(&dev.base, reqs, COUNT));
    refuse(SYS_io_uring_enter, ENOMEM);
    ck_ok(cairn_blk_finish(&dev.base, reqs, COUNT));
    for (unsigned i = 0; i < COUNT; i++)
        ck_assert_uint_eq(back[i][7], i < 20 ? i + 1 : 0);
    engine_close();
}
END_TEST

/* Files of the kernel are regular ones, whose file system has no O_DIRECT. */
START_TEST(without_o_direct_it_is_said)
{
    static const char file[] = "/proc/version";
    struct cairn_blk_file_options how = { .direct = CAIRN_BLK_DIRECT_ON };
    ck_assert_int_eq(cairn_blk_file_open(&dev, file, &how, &why), CAIRN_ENOTSUP);
    ck_assert_str_eq(why.path, file);
    ck_assert_ptr_nonnull(strstr(why.what, "O_DIRECT"));
    ck_assert_str_ne(why.hint, "");
    how.direct = CAIRN_BLK_DIRECT_TRY;
    log_start();
    ck_ok(cairn_blk_file_open(&dev, file, &how, &why));
    ck_assert(!dev.direct);
    ck_assert_ptr_nonnull(strstr(log_read(), "page cache"));
    engine_close();
}
END_TEST

START_TEST(options_that_cannot_be_are_refused)
{
    struct cairn_blk_file_options how = { .queue_depth = CAIRN_BLK_QUEUE_DEPTH_MAX + 1 };
    ck_assert_int_eq(cairn_blk_file_open(&dev, path, &how, &why), CAIRN_EINVAL);
    how = (struct cairn_blk_file_options){ .block_bytes = 1000 };
    ck_assert_int_eq(cairn_blk_file_open(&dev, path, &how, &why), CAIRN_EINVAL);
    how = (struct cairn_blk_file_options){ .io = CAIRN_BLK_IO_URING };
    how.queue_depth = CAIRN_BLK_QUEUE_DEPTH_MAX;
    ck_ok(cairn_blk_file_open(&dev, path, &how, &why));
    engine_close();
}
END_TEST

TCase *tcase_engine_refused(void)
{
    TCase *tcase = tcase_create("refused");
    tcase_add_loop_test(tcase, without_io_uring_files_are_read, 0, 3);
    tcase_add_loop_test(tcase, ring_that_stops_is_given_up, 0, ENGINES);
    tcase_add_loop_test(tcase, ring_that_stops_in_mid_batch_loses_nothing, 0, ENGINES);
    tcase_add_test(tcase, without_o_direct_it_is_said);
    tcase_add_test(tcase, options_that_cannot_be_are_refused);
    return tcase;
}
