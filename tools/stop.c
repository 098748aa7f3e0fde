/* SPDX-License-Identifier: ISC */
#include "stop.h"

#include <cairn/def.h>
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked_by;

static void ask(int signal_number)
{
    asked_by = signal_number;
}

void tool_stop_catch(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = ask, .sa_flags = (int)SA_RESETHAND | SA_RESTART };
    for (size_t i = 0; i < CAIRN_COUNT(signals); i++) {
        struct sigaction old;
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        (void)sigaction(signals[i], &action, NULL);
    }
}

bool tool_stop_asked(void)
{
    return asked_by != 0;
}

void tool_stop_finish(void)
{
    if (!asked_by) return;
    (void)signal(asked_by, SIG_DFL);
    (void)raise(asked_by);
}
