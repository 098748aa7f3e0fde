/* SPDX-License-Identifier: ISC */
/* The speaking clock: a date each second, and how long the second was. */
#include <cairn/env.h>

#define TIMES 3

static void speak(struct cairn_env *env)
{
    struct cairn_date date;
    cairn_date_from_ns(&date, cairn_clock_wall_now(env->wall));
    cairn_env_print("it is %04d-%02u-%02u %02u:%02u:%02u UTC\n", (int)date.year, date.month,
                    date.day, date.hour, date.minute, date.second);
}

int cairn_main(struct cairn_env *env)
{
    for (int i = 0; i < TIMES; i++) {
        uint64_t start = cairn_clock_mono_now(env->mono);
        speak(env);
        cairn_clock_sleep(env->mono, 100 * (uint64_t)CAIRN_NS_PER_MS);
        char text[32];
        cairn_duration_text(cairn_clock_mono_now(env->mono) - start, text, sizeof text);
        cairn_env_print("  a tenth of a second took %s\n", text);
    }
    return 0;
}
