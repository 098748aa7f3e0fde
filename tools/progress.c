/* SPDX-License-Identifier: ISC */
#include "progress.h"

#include "out.h"
#include "stop.h"
#include <cairn/clock.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_NS (500 * (uint64_t)CAIRN_NS_PER_MS)
#define EVERY_NS (100 * (uint64_t)CAIRN_NS_PER_MS)
#define BAR_WIDTH 24u
#define COLUMNS_DEFAULT 80u

static uint64_t now_ns(void)
{
    return cairn_clock_mono_now(cairn_clock_mono_platform());
}

void tool_progress_init(struct tool_progress *progress, const char *what, bool quiet)
{
    *progress = (struct tool_progress){ .what = what, .start_ns = now_ns() };
    progress->on = !quiet && isatty(STDERR_FILENO);
}

static size_t columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return COLUMNS_DEFAULT;
    return size.ws_col;
}

static void bar_text(char *bar, uint64_t done, uint64_t total)
{
    size_t full = total ? (size_t)((double)done / (double)total * BAR_WIDTH) : 0;
    for (size_t i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
}

static void show(struct tool_progress *progress, uint64_t done, uint64_t total, uint64_t now)
{
    char line[512], bar[BAR_WIDTH + 1], rate[TOOL_TEXT_BYTES], left[64] = "";
    double seconds = (double)(now - progress->start_ns) / 1e9;
    double per_second = (double)done / seconds;
    bar_text(bar, done, total);
    uint64_t seconds_left = per_second > 0 ? (uint64_t)((double)(total - done) / per_second) : 0;
    if (seconds_left > 0)
        (void)cairn_duration_text(seconds_left * (uint64_t)CAIRN_NS_PER_SEC, left, sizeof left);
    unsigned int percent = total ? (unsigned int)((double)done / (double)total * 100) : 0;
    int len = snprintf(line, sizeof line, "%s [%s] %3u%%  %s/s%s%s%s", progress->what, bar, percent,
                       tool_size_text((uint64_t)per_second, rate), left[0] ? ", " : "", left,
                       left[0] ? " left" : "");
    size_t width = columns();
    if (len > 0 && (size_t)len >= width && width < sizeof line) line[width - 1] = '\0';
    fprintf(stderr, "\r%s\033[K", line);
    progress->is_shown = true;
    progress->shown_ns = now;
}

bool tool_progress_tick(struct tool_progress *progress, uint64_t done, uint64_t total)
{
    if (progress->on) {
        uint64_t now = now_ns();
        if (now - progress->start_ns > FIRST_NS && now - progress->shown_ns > EVERY_NS)
            show(progress, done < total ? done : total, total, now);
    }
    return !tool_stop_asked();
}

void tool_progress_clear(struct tool_progress *progress)
{
    if (progress->is_shown) fputs("\r\033[K", stderr);
    progress->is_shown = false;
}
