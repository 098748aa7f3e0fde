/* SPDX-License-Identifier: ISC */
#include "finding.h"

#include <cairn/text.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INDENT 2u
#define LABEL_WIDTH 8u /* of "repair", and the gap behind it */
#define PARAGRAPH_BYTES 8192u

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"

static const char *const severities[] = { "note", "minor", "major" };
static const char *const colours[] = { BOLD, YELLOW, RED };
static const char *const headings[] = { "Worth knowing:", "Minor faults, nothing is lost:",
                                        "Major faults, data are lost, doubled or unreachable:" };

struct tool_finding {
    struct tool_finding *next;
    enum cairn_fat_severity severity;
    uint32_t cluster;
    uint64_t sector;
    const char *action, *lost; /* they stand in line */
    char line[];               /* path and text, and behind them the other two */
};

void tool_findings_init(struct tool_findings *findings, bool with_repair)
{
    *findings = (struct tool_findings){ .with_repair = with_repair };
    for (size_t i = 0; i < CAIRN_COUNT(findings->first); i++)
        findings->end[i] = &findings->first[i];
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* Copies text to *to, which moves behind it. */
static const char *text_keep(char **to, const char *text)
{
    char *at = *to;
    size_t bytes = strlen(text) + 1;
    memcpy(at, text, bytes);
    *to += bytes;
    return at;
}

bool tool_finding_keep(struct tool_findings *findings, const struct cairn_fat_finding *finding)
{
    const char *action = text_or_empty(finding->action), *lost = text_or_empty(finding->lost);
    const char *colon = finding->path[0] ? ": " : "";
    if (findings->count[finding->severity]++ >= TOOL_FINDINGS_MOST) return true;
    size_t line = strlen(finding->path) + strlen(colon) + strlen(finding->text) + 1;
    struct tool_finding *kept = malloc(sizeof *kept + line + strlen(action) + strlen(lost) + 2);
    if (!kept) return false;
    *kept = (struct tool_finding){ .severity = finding->severity,
                                   .cluster = finding->cluster,
                                   .sector = finding->sector };
    snprintf(kept->line, line, "%s%s%s", finding->path, colon, finding->text);
    char *behind = kept->line + line;
    kept->action = text_keep(&behind, action);
    kept->lost = text_keep(&behind, lost);
    *findings->end[finding->severity] = kept;
    findings->end[finding->severity] = &kept->next;
    return true;
}

/* ---- text ---------------------------------------------------------------------------------- */

static void coloured_put(const char *colour, const char *text)
{
    bool wanted = colour && tool_wants_colour(stdout);
    if (wanted) fputs(colour, stdout);
    fputs(text, stdout);
    if (wanted) fputs("\033[0m", stdout);
}

/* Columns of standard output; as many as one likes where it is no terminal. */
static size_t columns(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO)) return SIZE_MAX;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static size_t width_of(const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; i++)
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    return width;
}

/* A paragraph, escaped; at `column` already; its later lines begin at `indent`. Blanks stay, since
 * names have them, but where a line ends. */
static void paragraph_put(const char *text, size_t column, size_t indent)
{
    char buf[PARAGRAPH_BYTES];
    struct cairn_text escaped;
    size_t most = columns();
    cairn_text_init(&escaped, buf, sizeof buf);
    cairn_text_escaped(&escaped, text, strlen(text));
    for (const char *at = buf; *at;) {
        size_t gap = strspn(at, " "), len = strcspn(at + gap, " ");
        size_t width = gap + width_of(at + gap, len);
        if (column > indent && column + width > most) {
            printf("\n%*s", (int)indent, "");
            at += gap;
            width -= gap;
            column = indent;
            gap = 0;
        }
        (void)fwrite(at, 1, gap + len, stdout);
        column += width;
        at += gap + len;
    }
    putchar('\n');
}

static void labelled_put(const char *label, const char *colour, const char *text)
{
    size_t indent = 2 * INDENT + LABEL_WIDTH;
    printf("%*s", (int)(2 * INDENT), "");
    coloured_put(colour, label);
    printf("%*s", (int)(LABEL_WIDTH - strlen(label)), "");
    paragraph_put(text, indent, indent);
}

static void place_put(const struct tool_finding *finding)
{
    char text[64];
    if (finding->cluster && finding->sector != UINT64_MAX)
        snprintf(text, sizeof text, "cluster %u, sector %llu", finding->cluster,
                 (unsigned long long)finding->sector);
    else if (finding->cluster)
        snprintf(text, sizeof text, "cluster %u", finding->cluster);
    else if (finding->sector != UINT64_MAX)
        snprintf(text, sizeof text, "sector %llu", (unsigned long long)finding->sector);
    else
        return;
    labelled_put("at", NULL, text);
}

static void repair_put(const struct tool_finding *finding)
{
    char text[PARAGRAPH_BYTES];
    if (!finding->action[0]) {
        if (finding->severity == CAIRN_FAT_NOTE) return; /* needs no mending */
        labelled_put("repair", YELLOW, "none: this cannot be mended");
        return;
    }
    snprintf(text, sizeof text, "%s%s", finding->action,
             finding->lost[0] ? "" : "; nothing is lost");
    labelled_put("repair", NULL, text);
    if (finding->lost[0]) labelled_put("lost", RED, finding->lost);
}

static void finding_put(const struct tool_finding *finding, bool with_repair)
{
    printf("%*s", (int)INDENT, "");
    paragraph_put(finding->line, INDENT, 2 * INDENT);
    if (!with_repair) return;
    place_put(finding);
    repair_put(finding);
}

static void more_put(uint64_t count)
{
    if (count <= TOOL_FINDINGS_MOST) return;
    printf("%*s... and %llu more, which --json tells\n", (int)INDENT, "",
           (unsigned long long)(count - TOOL_FINDINGS_MOST));
}

void tool_findings_print(struct tool_findings *findings)
{
    for (int severity = CAIRN_FAT_MAJOR; severity >= CAIRN_FAT_NOTE; severity--) {
        struct tool_finding *finding = findings->first[severity];
        if (!finding) continue;
        coloured_put(colours[severity], headings[severity]);
        putchar('\n');
        for (struct tool_finding *next; finding; finding = next) {
            next = finding->next;
            finding_put(finding, findings->with_repair);
            free(finding);
        }
        more_put(findings->count[severity]);
        putchar('\n');
    }
    tool_findings_init(findings, findings->with_repair);
}

const char *tool_faults_text(uint64_t count, char buf[TOOL_TEXT_BYTES])
{
    if (count == 0) return "no fault";
    snprintf(buf, TOOL_TEXT_BYTES, "%llu fault%s", (unsigned long long)count,
             count == 1 ? "" : "s");
    return buf;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static const char *text_or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

void tool_finding_json(struct tool_json *json, const struct cairn_fat_finding *finding,
                       bool with_repair)
{
    tool_json_open_line(json, NULL, '{');
    tool_json_str(json, "fault", cairn_fat_fault_name(finding->fault));
    tool_json_str(json, "severity", severities[finding->severity]);
    tool_json_str(json, "path", text_or_null(finding->path));
    if (finding->cluster) tool_json_u64(json, "cluster", finding->cluster);
    if (finding->sector != UINT64_MAX) tool_json_u64(json, "sector", finding->sector);
    tool_json_str(json, "text", finding->text);
    if (with_repair) tool_json_str(json, "action", text_or_null(finding->action));
    if (with_repair) tool_json_str(json, "lost", text_or_null(finding->lost));
    tool_json_close(json, '}');
}
