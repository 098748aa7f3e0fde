/* SPDX-License-Identifier: ISC */
/* What base/host adds: errno, standard error, clocks that run, locks that keep threads apart. */
#include "units.h"
#include <cairn/bytes.h>
#include <cairn/clock.h>
#include <cairn/err_posix.h>
#include <cairn/log.h>
#include <cairn/platform.h>
#include <cairn/sync.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

START_TEST(errno_keeps_its_number)
{
    for (int os = 1; os < 200; os++) {
        enum cairn_err err = cairn_err_from_errno(os);
        bool known = !cairn_str_equal(cairn_err_name((enum cairn_err) - os), "E?");
        if (known) ck_assert_int_eq(err, -os);
        ck_assert_str_ne(cairn_err_name(err), "E?");
    }
    ck_assert_int_eq(cairn_err_from_errno(0), CAIRN_OK);
}
END_TEST

START_TEST(other_errnos_are_the_nearest_error)
{
    ck_assert_int_eq(cairn_err_from_errno(EMFILE), CAIRN_ENFILE);
    ck_assert_int_eq(cairn_err_from_errno(EDQUOT), CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_err_from_errno(ENOSYS), CAIRN_ENOTSUP);
    ck_assert_int_eq(cairn_err_from_errno(ECHRNG), CAIRN_EIO);
    ck_assert_int_eq(cairn_err_from_errno(-1), CAIRN_EIO);
    ck_assert_int_eq(cairn_err_from_errno(99999), CAIRN_EIO);
}
END_TEST

/* Standard error as a pipe: a message is what one read returns. */
START_TEST(stderr_gets_one_line_a_message)
{
    static const struct cairn_log_source source = { "block.file", CAIRN_LOG_INFO };
    int ends[2];
    char line[128];
    ck_assert_int_eq(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    errno = ENOSPC;
    cairn_log_reporter_set(cairn_log_stderr());
    cairn_log(&source, CAIRN_LOG_WARNING, "name %s", "a\x1b");
    int after = errno;
    dup2(kept, STDERR_FILENO);
    ssize_t len = read(ends[0], line, sizeof(line) - 1);
    ck_assert_int_gt(len, 0);
    line[len] = '\0';
    ck_assert_str_eq(line, "warning block.file: name a\\x1b\n");
    ck_assert_int_eq(after, ENOSPC);
}
END_TEST

START_TEST(platform_clocks_run)
{
    struct cairn_clock_mono *mono = cairn_clock_mono_platform();
    uint64_t before = cairn_clock_mono_now(mono);
    cairn_clock_sleep(mono, 3 * CAIRN_NS_PER_MS);
    ck_assert_uint_ge(cairn_clock_mono_now(mono) - before, 3 * (uint64_t)CAIRN_NS_PER_MS);
    int64_t now = (int64_t)time(NULL);
    int64_t wall = cairn_clock_wall_now(cairn_clock_wall_platform()) / CAIRN_NS_PER_SEC;
    ck_assert(wall >= now - 1 && wall <= now + 5);
}
END_TEST

START_TEST(dma_address_is_the_address)
{
    ck_assert_uint_eq(cairn_platform_dma_address(&errno, 4), (uintptr_t)&errno);
}
END_TEST

struct turns {
    struct cairn_lock lock;
    struct cairn_cond cond;
    unsigned count;
    bool begun;
};

static void *turns_take(void *arg)
{
    struct turns *turns = arg;
    cairn_lock_take(&turns->lock);
    while (!turns->begun)
        cairn_cond_wait(&turns->cond, &turns->lock);
    cairn_lock_drop(&turns->lock);
    for (unsigned i = 0; i < 20000; i++) {
        cairn_lock_take(&turns->lock);
        turns->count++;
        cairn_lock_drop(&turns->lock);
    }
    return NULL;
}

START_TEST(locks_keep_threads_apart)
{
    struct turns turns = { .count = 0 };
    pthread_t threads[4];
    cairn_lock_init(&turns.lock);
    cairn_cond_init(&turns.cond);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, turns_take, &turns), 0);
    cairn_lock_take(&turns.lock);
    turns.begun = true;
    cairn_cond_broadcast(&turns.cond);
    cairn_lock_drop(&turns.lock);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(turns.count, 80000);
    cairn_cond_destroy(&turns.cond);
    cairn_lock_destroy(&turns.lock);
}
END_TEST

TCase *host_units(void)
{
    TCase *tcase = tcase_create("host");
    tcase_add_test(tcase, errno_keeps_its_number);
    tcase_add_test(tcase, other_errnos_are_the_nearest_error);
    tcase_add_test(tcase, stderr_gets_one_line_a_message);
    tcase_add_test(tcase, platform_clocks_run);
    tcase_add_test(tcase, dma_address_is_the_address);
    tcase_add_test(tcase, locks_keep_threads_apart);
    return tcase;
}
