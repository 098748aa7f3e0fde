/* SPDX-License-Identifier: ISC */
/* A plan of sim from text. */
#include "sim.h"

/* A piece of the text. */
struct piece {
    const char *at;
    size_t len;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Take what is before the next `mark`, or all, off the front. */
static struct piece piece_take(struct piece *rest, char mark)
{
    struct piece piece = { rest->at, 0 };
    while (piece.len < rest->len && piece.at[piece.len] != mark)
        piece.len++;
    size_t gone = piece.len < rest->len ? piece.len + 1 : piece.len;
    rest->at += gone;
    rest->len -= gone;
    return piece;
}

static bool piece_is(struct piece piece, const char *word)
{
    return cairn_str_len(word) == piece.len && memcmp(piece.at, word, piece.len) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Take a number off the front. false: there is none, or it is too large. */
static bool number_take(struct piece *piece, uint64_t *number)
{
    size_t digits = 0;
    *number = 0;
    for (; digits < piece->len && is_digit(piece->at[digits]); digits++) {
        uint64_t digit = (uint64_t)(piece->at[digits] - '0');
        if (*number > (UINT64_MAX - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    piece->at += digits;
    piece->len -= digits;
    return digits != 0;
}

static bool number_is(struct piece piece, uint64_t *number)
{
    return number_take(&piece, number) && piece.len == 0;
}

/* ---- tables ---------------------------------------------------------------------------------- */

struct fault_word {
    const char *name;
    enum cairn_blk_fault fault;
    uint32_t on; /* what it can hit */
};

static const struct fault_word faults[] = {
    { "error", CAIRN_BLK_FAULT_ERROR, CAIRN_BLK_ON_ANY },
    { "torn", CAIRN_BLK_FAULT_TORN, CAIRN_BLK_ON_CHANGE },
    { "lost", CAIRN_BLK_FAULT_LOST, CAIRN_BLK_ON_CHANGE },
    { "misdirect", CAIRN_BLK_FAULT_MISDIRECT, CAIRN_BLK_ON_CHANGE },
    { "stale", CAIRN_BLK_FAULT_STALE, CAIRN_BLK_ON_READ },
    { "rot", CAIRN_BLK_FAULT_ROT, CAIRN_BLK_ON_ANY },
    { "lie", CAIRN_BLK_FAULT_LIE, CAIRN_BLK_ON_FLUSH },
    { "cut", CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_ANY },
    { "delay", CAIRN_BLK_FAULT_DELAY, CAIRN_BLK_ON_ANY },
};
#define WORDS "error torn lost misdirect stale rot lie cut delay seed atomic leaves"

struct value_word {
    const char *name;
    uint64_t value;
};

static const struct value_word kinds[] = {
    { "read", CAIRN_BLK_ON_READ },   { "write", CAIRN_BLK_ON_WRITE },
    { "zero", CAIRN_BLK_ON_ZERO },   { "discard", CAIRN_BLK_ON_DISCARD },
    { "flush", CAIRN_BLK_ON_FLUSH }, { "change", CAIRN_BLK_ON_CHANGE },
    { "any", CAIRN_BLK_ON_ANY },     { NULL, 0 },
};

static const struct value_word cuts[] = {
    { "before", CAIRN_BLK_CUT_BEFORE },
    { "half", CAIRN_BLK_CUT_HALF },
    { "after", CAIRN_BLK_CUT_AFTER },
    { NULL, 0 },
};

static const struct value_word units[] = {
    { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { NULL, 0 },
};

static const struct value_word leaves[] = {
    { "lost", CAIRN_BLK_SIM_LEAVES_LOST },
    { "any", CAIRN_BLK_SIM_LEAVES_ANY },
    { NULL, 0 },
};

static bool value_find(const struct value_word *words, struct piece piece, uint64_t *value)
{
    while (words->name && !piece_is(piece, words->name))
        words++;
    *value = words->value;
    return words->name != NULL;
}

/* ---- fields of a rule ------------------------------------------------------------------------ */

enum field {
    FIELD_ON,
    FIELD_NTH,
    FIELD_EVERY,
    FIELD_CHANCE,
    FIELD_RANGE,
    FIELD_ERR,
    FIELD_CUT,
    FIELD_VALUE
};

struct reading {
    struct cairn_blk_sim_rule *rule;
    const struct fault_word *word;
    uint32_t fields; /* those that were there: 1 << enum field */
};

/* false: it was there before. */
static bool field_note(struct reading *reading, enum field field)
{
    bool is_new = !(reading->fields >> field & 1);
    reading->fields |= 1u << field;
    return is_new;
}

/* "read+write" */
static bool read_kinds(struct reading *reading, struct piece piece)
{
    uint64_t on = 0, kind;
    while (piece.len) {
        if (!value_find(kinds, piece_take(&piece, '+'), &kind)) return false;
        on |= kind;
    }
    if (on == CAIRN_BLK_ON_ANY) on = reading->word->on;
    reading->rule->on = (uint32_t)on;
    return on && !(on & ~reading->word->on) && field_note(reading, FIELD_ON);
}

/* "@100+8" without the at sign */
static bool read_range(struct reading *reading, struct piece piece)
{
    struct piece first = piece_take(&piece, '+');
    uint64_t count = 1;
    if (!number_is(first, &reading->rule->block)) return false;
    if (piece.len && (!number_is(piece, &count) || !count)) return false;
    reading->rule->count = count;
    return field_note(reading, FIELD_RANGE);
}

/* The digits of a percentage behind its point, as millionths of a percent. */
static uint64_t fraction_take(struct piece *piece)
{
    uint64_t unit = 1000000, millionths = 0;
    for (; piece->len && is_digit(piece->at[0]); piece->at++, piece->len--) {
        unit /= 10;
        millionths += unit * (uint64_t)(piece->at[0] - '0');
    }
    return millionths;
}

/* "0.5%", of which `percent` was read. */
static bool read_chance(struct reading *reading, uint64_t percent, struct piece rest)
{
    uint64_t millionths = 0;
    if (rest.at[0] == '.') {
        piece_take(&rest, '.');
        millionths = fraction_take(&rest);
    }
    if (!piece_is(rest, "%") || percent > 100) return false;
    millionths += percent * 1000000;
    if (!millionths || millionths > 100000000) return false;
    bool is_sure = millionths == 100000000;
    uint64_t chance = cairn_max_u64((millionths << 32) / 100000000, 1);
    reading->rule->chance = is_sure ? 0 : (uint32_t)chance;
    return field_note(reading, FIELD_CHANCE);
}

/* "5", "5+", "1%", "5ms" */
static bool read_number(struct reading *reading, struct piece piece)
{
    uint64_t number, unit;
    if (!number_take(&piece, &number)) return false;
    if (!piece.len || piece_is(piece, "+")) {
        reading->rule->nth = number;
        reading->rule->times = !piece.len;
        return number && field_note(reading, FIELD_NTH);
    }
    if (piece.at[0] == '.' || piece.at[0] == '%') return read_chance(reading, number, piece);
    if (!value_find(units, piece, &unit) || number > UINT64_MAX / unit) return false;
    reading->rule->value = number * unit;
    return reading->word->fault == CAIRN_BLK_FAULT_DELAY && field_note(reading, FIELD_VALUE);
}

static bool read_error(struct reading *reading, struct piece piece)
{
    bool takes = reading->word->fault == CAIRN_BLK_FAULT_ERROR ||
                 reading->word->fault == CAIRN_BLK_FAULT_TORN;
    int32_t err = CAIRN_EPERM;
    while (err > -4096 && !piece_is(piece, cairn_err_name((enum cairn_err)err)))
        err--;
    reading->rule->err = (enum cairn_err)err;
    return takes && err > -4096 && field_note(reading, FIELD_ERR);
}

static bool read_word(struct reading *reading, struct piece piece)
{
    uint64_t when;
    if (!value_find(cuts, piece, &when)) return read_kinds(reading, piece);
    reading->rule->cut = (enum cairn_blk_cut)when;
    return reading->word->fault == CAIRN_BLK_FAULT_CUT && field_note(reading, FIELD_CUT);
}

static bool read_field(struct reading *reading, struct piece piece)
{
    if (!piece.len) return false;
    char first = piece.at[0];
    struct piece behind = { piece.at + 1, piece.len - 1 };
    if (first == '@') return read_range(reading, behind);
    if (first == '/')
        return number_is(behind, &reading->rule->every) && reading->rule->every &&
               field_note(reading, FIELD_EVERY);
    if (first == 'E') return read_error(reading, piece);
    return is_digit(first) ? read_number(reading, piece) : read_word(reading, piece);
}

/* What fields mean together: "/5" alone is the fifth, the tenth ...; "3:/5" the third, the eighth
 * ... */
static bool rule_settle(struct reading *reading)
{
    struct cairn_blk_sim_rule *rule = reading->rule;
    if (rule->every) rule->times = 0;
    if (rule->every && !rule->nth) rule->nth = rule->every;
    return rule->fault != CAIRN_BLK_FAULT_DELAY || reading->fields >> FIELD_VALUE & 1;
}

/* ---- words ----------------------------------------------------------------------------------- */

static enum cairn_err refuse(struct piece word, const char *what, const char *hint,
                             struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "plan of sim: \"%.*s\": %s",
                                        (int)cairn_min_u64(word.len, 80), word.at, what);
    cairn_why_hint(why, "%s", hint);
    return err;
}

static enum cairn_err read_rule(struct cairn_blk_sim_plan *plan, const struct fault_word *fault,
                                struct piece word, struct piece fields, struct cairn_why *why)
{
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(plan, fault->fault, fault->on, 0);
    if (!rule) return refuse(word, "there are too many rules", "16 are possible", why);
    struct reading reading = { rule, fault, 0 };
    bool is_fine = true;
    while (is_fine && fields.len)
        is_fine = read_field(&reading, piece_take(&fields, ':'));
    if (is_fine && rule_settle(&reading)) return CAIRN_OK;
    if (is_fine) return refuse(word, "for how long?", "add 5ms, or 10us, 1s, 100ns", why);
    return refuse(word, "a field is not understood, twice there, or none of this rule",
                  "fields are read write discard zero flush change any, joined by +; 5 5+ /5 1%; "
                  "@100+8; ENOSPC (error, torn); 5ms (delay); before half after (cut)",
                  why);
}

static enum cairn_err read_setting(struct cairn_blk_sim_plan *plan, struct piece name,
                                   struct piece word, struct piece value, struct cairn_why *why)
{
    uint64_t number;
    if (piece_is(name, "leaves")) {
        if (!value_find(leaves, value, &number))
            return refuse(word, "no such state", "leaves=lost or leaves=any", why);
        plan->leaves = (enum cairn_blk_sim_leaves)number;
        return CAIRN_OK;
    }
    if (!piece_is(name, "seed") && !piece_is(name, "atomic"))
        return refuse(word, "no such word", "words are " WORDS, why);
    if (!number_is(value, &number)) return refuse(word, "a number is needed", "as in seed=7", why);
    if (piece_is(name, "seed")) {
        plan->seed = number;
        return CAIRN_OK;
    }
    if (!cairn_is_pow2(number) || number < BLK_BYTES_MIN || number > BLK_BYTES_MAX)
        return refuse(word, "no size of a unit", "a power of two from 512, at most a block", why);
    plan->atomic_bytes = (uint32_t)number;
    return CAIRN_OK;
}

static enum cairn_err read_one(struct cairn_blk_sim_plan *plan, struct piece word,
                               struct cairn_why *why)
{
    struct piece value = word, name = piece_take(&value, '=');
    for (size_t i = 0; i < CAIRN_COUNT(faults); i++)
        if (piece_is(name, faults[i].name)) return read_rule(plan, &faults[i], word, value, why);
    return read_setting(plan, name, word, value, why);
}

enum cairn_err cairn_blk_sim_plan_parse(struct cairn_blk_sim_plan *plan, const char *text,
                                        struct cairn_why *why)
{
    struct piece rest = { text, cairn_str_len(text) };
    enum cairn_err err = CAIRN_OK;
    cairn_blk_sim_plan_init(plan);
    plan->leaves = CAIRN_BLK_SIM_LEAVES_LOST;
    while (!err && rest.len)
        err = read_one(plan, piece_take(&rest, ','), why);
    return err;
}
