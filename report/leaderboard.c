/*
 * leaderboard.c - a board as a table: rank, value with interval, trivial baselines, chance,
 * ceiling, coverage, and in words what happened to cells without a score.
 */
#include "leaderboard.h"

#include "digits.h"
#include "verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bram_score_words(const char *id, char metric[64], char label[64])
{
    const char *at = strrchr(id, '@');
    size_t length = at ? (size_t)(at - id) : strlen(id);
    snprintf(label, 64, "%.63s", at ? at + 1 : "");
    snprintf(metric, 64, "%.*s", (int)(length < 63 ? length : 63), id);
    char *options = strchr(metric, ':'); /* people read the options in the methods */
    if (options) *options = 0;
}

/* The columns of a board with all floors; see place(). */
enum {
    BENCHMARK,
    SCORE_ID,
    RANK,
    NAME,
    MODEL,
    SCORE,
    VALUE,
    LOW,
    HIGH,
    DIFFERENCE,
    DIFFERENCE_LOW,
    DIFFERENCE_HIGH,
    FLOOR,
    CHANCE = FLOOR + BRAM_BOARD_FLOORS,
    CEILING,
    CEILING_LOW,
    CEILING_HIGH,
    NORMALIZED,
    COVERAGE,
    SCORED,
    FAILED,
    NOT_APPLICABLE,
    NOT_RUN,
    UNITS,
    UNDEFINED,
    SEEDS,
    SEED_LOW,
    SEED_HIGH,
    REASON,
    SELF_REPORTED,
    COLUMNS
};

static bool has_ceiling(const bram_board *b)
{
    for (size_t i = 0; i < b->rows; i++)
        if (isfinite(b->row[i].ceiling)) return true;
    return false;
}

/* Where a column is: a board with fewer floors has no columns for the others. */
static size_t place(const bram_board *b, int column)
{
    return (size_t)column - (column >= CHANCE ? BRAM_BOARD_FLOORS - b->floors : 0);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int bram_decimals(double *size, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(size[i]) && size[i] != 0) size[n++] = fabs(size[i]);
    if (!n) return 3;
    qsort(size, n, sizeof *size, ascending);
    double decimals = 2 - floor(log10(size[n / 2]));
    return decimals < 0 ? 0 : decimals > 9 ? 9 : (int)decimals;
}

int bram_board_decimals(bram_ctx *cx, const bram_board *b)
{
    size_t mark = bram_scratch_mark(cx);
    double *size = bram_scratch(cx, b->rows, sizeof *size);
    for (size_t i = 0; size && i < b->rows; i++) size[i] = b->row[i].value;
    int decimals = size ? bram_decimals(size, b->rows) : 3;
    bram_scratch_release(cx, mark);
    return decimals;
}

void bram_interval_text(char text[BRAM_INTERVAL_BYTES], double value, double low, double high,
                        int decimals)
{
    char v[BRAM_DIGITS_BYTES], l[BRAM_DIGITS_BYTES], h[BRAM_DIGITS_BYTES];
    bram_digits_fixed(v, value, decimals);
    if (isnan(low) || isnan(high)) snprintf(text, BRAM_INTERVAL_BYTES, "%s", v);
    else
        snprintf(text, BRAM_INTERVAL_BYTES, "%s [%s, %s]", v, bram_digits_fixed(l, low, decimals),
                 bram_digits_fixed(h, high, decimals));
}

static void describe(bram_table_column c[COLUMNS], const bram_board *b, bool any_chance,
                     int decimals, char floor_key[][64])
{
    memset(c, 0, COLUMNS * sizeof *c);
    c[BENCHMARK] = (bram_table_column){"benchmark", "benchmark", BRAM_CELL_TEXT,
                                       .audience = BRAM_FOR_MACHINES};
    c[SCORE_ID] = (bram_table_column){"score", "score", BRAM_CELL_TEXT,
                                      .audience = BRAM_FOR_MACHINES};
    c[RANK] = (bram_table_column){"rank", "#", BRAM_CELL_INTEGER};
    c[NAME] = (bram_table_column){"name", "model", BRAM_CELL_TEXT, .wrap = true,
                                  .audience = BRAM_FOR_PEOPLE};
    c[MODEL] = (bram_table_column){"model", "model", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES};
    c[SCORE] = (bram_table_column){"score_text", "score", BRAM_CELL_TEXT,
                                   .audience = BRAM_FOR_PEOPLE};
    for (int i = VALUE; i < COLUMNS; i++)
        c[i] = (bram_table_column){"", "", BRAM_CELL_NUMBER, 3, .audience = BRAM_FOR_MACHINES};
    static const struct {
        int column;
        const char *key;
    } machine[] = {{VALUE, "value"},
                   {LOW, "low"},
                   {HIGH, "high"},
                   {DIFFERENCE, "difference"},
                   {DIFFERENCE_LOW, "difference_low"},
                   {DIFFERENCE_HIGH, "difference_high"},
                   {CEILING_LOW, "ceiling_low"},
                   {CEILING_HIGH, "ceiling_high"},
                   {NORMALIZED, "normalized"},
                   {SEED_LOW, "seed_low"},
                   {SEED_HIGH, "seed_high"}};
    for (size_t i = 0; i < sizeof machine / sizeof *machine; i++)
        c[machine[i].column].key = c[machine[i].column].title = machine[i].key;
    for (size_t f = 0; f < b->floors; f++) {
        snprintf(floor_key[f], 64, "floor_%s", b->floor_name[f]);
        c[FLOOR + f] = (bram_table_column){floor_key[f], floor_key[f] + 6, BRAM_CELL_NUMBER,
                                           decimals, .drop = 2 + (unsigned)f};
    }
    c[CHANCE] = (bram_table_column){
        "chance", "chance",  BRAM_CELL_NUMBER,
        decimals, .drop = 5, .audience = any_chance ? BRAM_FOR_ALL : BRAM_FOR_MACHINES};
    c[CEILING] = (bram_table_column){
        "ceiling", "ceiling", BRAM_CELL_NUMBER,
        decimals,  .drop = 1, .audience = has_ceiling(b) ? BRAM_FOR_ALL : BRAM_FOR_MACHINES};
    c[COVERAGE] = (bram_table_column){"coverage_text", "parts", BRAM_CELL_TEXT,
                                      .align = BRAM_ALIGN_RIGHT, .audience = BRAM_FOR_PEOPLE};
    static const char *const counts[] = {"scored", "failed",    "not_applicable", "not_run",
                                         "units",  "undefined", "seeds"};
    for (int i = SCORED; i <= SEEDS; i++)
        c[i] = (bram_table_column){counts[i - SCORED], counts[i - SCORED], BRAM_CELL_INTEGER,
                                   .audience = BRAM_FOR_MACHINES};
    c[REASON] = (bram_table_column){"reason", "reason", BRAM_CELL_TEXT,
                                    .audience = BRAM_FOR_MACHINES};
    c[SELF_REPORTED] = (bram_table_column){"self_reported", "self_reported", BRAM_CELL_INTEGER,
                                           .audience = BRAM_FOR_MACHINES};
    for (int i = CHANCE; i < COLUMNS; i++) c[place(b, i)] = c[i];
}

static void fill(bram_table *t, const bram_board *b, const bram_board_row *r, int decimals,
                 bool signs)
{
    char text[BRAM_INTERVAL_BYTES];
    bram_table_row(t);
    bram_table_text(t, BENCHMARK, b->benchmark);
    bram_table_text(t, SCORE_ID, b->score);
    if (r->rank) bram_table_integer(t, RANK, (int64_t)r->rank);
    bram_table_text(t, NAME, r->name);
    bram_table_text(t, MODEL, r->model);
    bram_interval_text(text, r->value, r->low, r->high, decimals);
    /* a minus sign stands out to the left, so that the digits stand below each other */
    if (!isnan(r->value))
        bram_table_textf(t, SCORE, "%s%s", signs && text[0] != '-' ? " " : "", text);
    const double numbers[] = {r->value,          r->low, r->high, r->difference, r->difference_low,
                              r->difference_high};
    for (int i = VALUE; i <= DIFFERENCE_HIGH; i++)
        bram_table_number(t, (size_t)i, numbers[i - VALUE]);
    for (size_t f = 0; f < b->floors; f++) bram_table_number(t, FLOOR + f, r->floor[f]);
    bram_table_number(t, place(b, CHANCE), r->chance);
    const double more[] = {r->ceiling, r->ceiling_low, r->ceiling_high, r->normalized};
    for (int i = CEILING; i <= NORMALIZED; i++)
        bram_table_number(t, place(b, i), more[i - CEILING]);
    size_t cells = r->scored + r->failed + r->not_applicable + r->not_run;
    bram_table_textf(t, place(b, COVERAGE), "%zu/%zu%s", r->scored, cells,
                     r->failed           ? " failed"
                     : r->not_applicable ? " n/a"
                     : r->not_run        ? " not run"
                                         : "");
    const size_t counts[] = {r->scored, r->failed, r->not_applicable, r->not_run};
    for (int i = SCORED; i <= NOT_RUN; i++)
        bram_table_integer(t, place(b, i), (int64_t)counts[i - SCORED]);
    bram_table_integer(t, place(b, UNITS), r->units);
    bram_table_integer(t, place(b, UNDEFINED), r->undefined);
    bram_table_integer(t, place(b, SEEDS), (int64_t)r->seeds);
    bram_table_number(t, place(b, SEED_LOW), r->seed_low);
    bram_table_number(t, place(b, SEED_HIGH), r->seed_high);
    if (r->reason && *r->reason) bram_table_text(t, place(b, REASON), r->reason);
    bram_table_integer(t, place(b, SELF_REPORTED), r->self_reported);
}

const char *bram_ceiling_words(const char *rule)
{
    if (strcmp(rule, "reliability") == 0)
        return "what the signal itself scores, by the reliability of the repeats";
    if (strcmp(rule, "other subjects") == 0)
        return "what the other subjects score as models; at most, what all of them do";
    if (strcmp(rule, "all subjects") == 0) return "what the mean of all subjects scores";
    return *rule && strcmp(rule, "none") != 0 ? rule : "what a perfect model could score";
}

/* What the ceiling lies between, and a model above it: both say how far the ceiling can be trusted.
 */
static void note_ceiling(bram_table *t, const bram_board *b, int decimals)
{
    const bram_board_row *best = b->rows ? &b->row[0] : NULL;
    char low[BRAM_DIGITS_BYTES], high[BRAM_DIGITS_BYTES];
    if (!best || !isfinite(best->ceiling)) return;
    bool above = b->higher_better ? best->value > best->ceiling : best->value < best->ceiling;
    if (isfinite(best->ceiling_low) && isfinite(best->ceiling_high))
        bram_table_note(t, "ceiling: %s; between %s and %s%s.", bram_ceiling_words(b->ceiling_rule),
                        bram_digits_fixed(low, best->ceiling_low, decimals),
                        bram_digits_fixed(high, best->ceiling_high, decimals),
                        above ? "; the best model is beyond the value in the table" : "");
}

static void note_self_reported(bram_table *t, const bram_board *b)
{
    bool any = false;
    for (size_t i = 0; i < b->rows; i++) any |= b->row[i].self_reported;
    if (any)
        bram_table_note(t,
                        "%s self-reported: forecasts from files, made where the future was "
                        "visible; nobody can check that they did not use it.",
                        BRAM_SELF_REPORTED_MARK + 1);
}

/* Why cells have no score: each reason once, for all models that have it. */
static void note_reasons(bram_table *t, const bram_board *b)
{
    for (size_t i = 0; i < b->rows; i++) {
        const char *reason = b->row[i].reason;
        bool told = !*reason;
        for (size_t k = 0; k < i; k++) told |= !strcmp(b->row[k].reason, reason);
        if (told) continue;
        bram_buffer names = {0};
        size_t count = 0;
        for (size_t k = i; k < b->rows; k++)
            if (!strcmp(b->row[k].reason, reason))
                bram_buffer_putf(&names, "%s%s", count++ ? ", " : "", b->row[k].name);
        bool all = count > 1 && count == b->rows;
        bram_table_note(t, "%s: %s", all ? "all models" : bram_buffer_text(&names), reason);
        bram_buffer_release(&names);
    }
}

/* How far seeds lie apart, of models that had several. */
static void note_seeds(bram_table *t, const bram_board *b, int decimals)
{
    char low[BRAM_DIGITS_BYTES], high[BRAM_DIGITS_BYTES];
    bram_buffer text = {0};
    size_t count = 0;
    for (size_t i = 0; i < b->rows; i++) {
        const bram_board_row *r = &b->row[i];
        if (r->seeds < 2 || isnan(r->seed_low)) continue;
        bram_buffer_putf(&text, "%s%s %s to %s", count++ ? "; " : "", r->name,
                         bram_digits_fixed(low, r->seed_low, decimals),
                         bram_digits_fixed(high, r->seed_high, decimals));
    }
    if (count) bram_table_note(t, "lowest to highest seed: %s.", bram_buffer_text(&text));
    bram_buffer_release(&text);
}

/* Whether networks beat what they should. */
static int note_networks(bram_ctx *cx, bram_table *t, const bram_board *b, int decimals)
{
    static const char *const others[] = {"var", "copy"};
    char text[768];
    if (strncmp(b->score, "gain@", 5) == 0) return BRAM_OK; /* not how good a forecast is */
    for (size_t k = 0; k < 2; k++) {
        BRAM_TRY(bram_network_verdict_text(cx, text, sizeof text, b, others[k], decimals));
        if (*text) bram_table_note(t, "%s", text);
    }
    return BRAM_OK;
}

static void add_notes(bram_table *t, const bram_board *b, int decimals)
{
    char metric[64], label[64];
    bram_score_words(b->score, metric, label);
    size_t undefined = 0;
    bool interval = false, single = true; /* single: one value a part, not one a unit */
    bool whole = true;
    for (size_t i = 0; i < b->rows; i++) {
        single &= (size_t)b->row[i].units <= b->row[i].scored;
        undefined += (size_t)b->row[i].undefined;
        interval |= isfinite(b->row[i].low);
        const bram_board_row *r = &b->row[i];
        whole &= !r->scored || !(r->failed + r->not_applicable + r->not_run);
    }
    bram_table_note(t, "score: %s%s%s; %s is better%s%s%s.", metric, *label ? " at " : "", label,
                    b->higher_better ? "higher" : "lower", single ? "" : "; ",
                    single ? "" : b->summary, single ? "" : " over units");
    if (interval)
        bram_table_note(t,
                        "%g %% interval: bootstrap over %s, %zu draws; rank: 1 + models whose "
                        "paired difference is better beyond it.",
                        100 * b->level, b->resampled, b->draws);
    else if (b->rows && !b->draws)
        bram_table_note(t, "no bootstrap draws were asked for, so no interval and no rank.");
    else if (b->rows && *b->resampled)
        bram_table_note(t, "too short for an interval (%s), so no rank.", b->resampled);
    if (b->parts > 1)
        bram_table_note(t, "mean over %s%zu parts%s.", whole ? "" : "the scored ones of ", b->parts,
                        interval ? "; the interval is for these parts, not for others" : "");
    note_seeds(t, b, decimals);
    note_ceiling(t, b, decimals);
    if (undefined) bram_table_note(t, "%zu unit scores are undefined and left out.", undefined);
    note_self_reported(t, b);
    note_reasons(t, b);
}

int bram_leaderboard_table(bram_ctx *cx, bram_table **out, const bram_board *b)
{
    bram_table_column column[COLUMNS];
    char floor_key[BRAM_BOARD_FLOORS][64];
    bool any_chance = false, signs = false;
    for (size_t i = 0; i < b->rows; i++) {
        signs |= b->row[i].value < 0;
        any_chance |= isfinite(b->row[i].chance);
    }
    int decimals = bram_board_decimals(cx, b);
    describe(column, b, any_chance, decimals, floor_key);
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, b->title, column, place(b, COLUMNS)));
    for (size_t i = 0; i < b->rows; i++) fill(t, b, &b->row[i], decimals, signs);
    int status = note_networks(cx, t, b, decimals);
    if (status == BRAM_OK) add_notes(t, b, decimals);
    if (status == BRAM_OK) status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}
