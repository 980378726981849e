/*
 * truth.c - whether the true model wins each benchmark of a suite; see truth.h.
 */
#include "truth.h"

#include "leaderboard.h"
#include "store.h"

#include <math.h>
#include <string.h>

enum { BENCHMARK, MODEL, SHOWN, SCORE, VALUE, LOW, HIGH, OTHER, OTHER_VALUE, VERDICT, COLUMNS };

static const bram_table_column columns[COLUMNS] = {
    [BENCHMARK] = {"benchmark", "benchmark", BRAM_CELL_TEXT},
    [MODEL] = {"truth", "true model", BRAM_CELL_TEXT, .wrap = true},
    [SHOWN] = {"shown", "score", BRAM_CELL_TEXT, .drop = 2, .audience = BRAM_FOR_PEOPLE},
    [SCORE] = {"score", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
    [VALUE] = {"value", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
    [LOW] = {"low", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
    [HIGH] = {"high", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
    [OTHER] = {"other", "best other", BRAM_CELL_TEXT, .drop = 1, .wrap = true},
    [OTHER_VALUE] = {"other_value", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
    [VERDICT] = {"verdict", "verdict", BRAM_CELL_TEXT},
};

static const char *const words[] = {"wins", "shares rank 1", "beaten", "not scored", "no truth"};

static const bram_board_row *find(const bram_board *b, const char *model)
{
    for (size_t i = 0; i < b->rows; i++)
        if (strcmp(b->row[i].model, model) == 0) return &b->row[i];
    return NULL;
}

static bool better(const bram_board *b, double x, double y)
{
    return b->higher_better ? x > y : x < y;
}

bram_verdict bram_truth_verdict(const bram_board *b, const char *truth,
                                const bram_board_row **other)
{
    const bram_board_row *own = find(b, truth);
    bool shared = false;
    *other = NULL;
    for (size_t i = 0; i < b->rows; i++) {
        const bram_board_row *row = &b->row[i];
        if (row == own || isnan(row->value)) continue;
        if (!*other || better(b, row->value, (*other)->value)) *other = row;
        shared |= row->rank == 1;
    }
    if (!own || isnan(own->value)) return BRAM_TRUTH_UNSCORED;
    if (!own->rank)
        return *other && !better(b, own->value, (*other)->value) ? BRAM_TRUTH_BEATEN
                                                                 : BRAM_TRUTH_WINS;
    if (own->rank > 1) return BRAM_TRUTH_BEATEN;
    return shared ? BRAM_TRUTH_SHARES : BRAM_TRUTH_WINS;
}

/* The spec of the truth as boards have it, and the name that people read. */
static int names_of(bram_ctx *cx, char **model, char **name, const bram_benchmark *b)
{
    bram_entrant e = {0};
    BRAM_TRY(bram_entrant_find(cx, &e, b, b->truth));
    int status = bram_model_brief(cx, name, e.canonical);
    if (status == BRAM_OK) *model = e.canonical;
    else bram_free(e.canonical);
    return status;
}

static int add_row(bram_ctx *cx, bram_table *t, bool *good, const bram_results *r,
                   const bram_benchmark *b)
{
    char *model = NULL, *name = NULL, text[BRAM_INTERVAL_BYTES];
    bram_board *board = NULL;
    BRAM_TRY(names_of(cx, &model, &name, b));
    int status = bram_board_new(cx, &board, r, b->name, NULL);
    bram_table_row(t);
    bram_table_text(t, BENCHMARK, b->name);
    bram_table_text(t, MODEL, name);
    bram_verdict verdict = BRAM_TRUTH_UNSCORED;
    if (status == BRAM_OK) {
        const bram_board_row *other, *own = find(board, model);
        verdict = bram_truth_verdict(board, model, &other);
        bram_table_text(t, SCORE, board->score);
        if (verdict != BRAM_TRUTH_UNSCORED) {
            bram_interval_text(text, own->value, own->low, own->high,
                               bram_board_decimals(cx, board));
            bram_table_text(t, SHOWN, text);
            bram_table_number(t, VALUE, own->value);
            bram_table_number(t, LOW, own->low);
            bram_table_number(t, HIGH, own->high);
        }
        if (other) {
            bram_table_text(t, OTHER, other->name);
            bram_table_number(t, OTHER_VALUE, other->value);
        }
    } else if (status == BRAM_EABSENT) status = BRAM_OK; /* nothing is scored: so it says */
    bram_table_text(t, VERDICT, words[verdict]);
    if (verdict == BRAM_TRUTH_BEATEN || verdict == BRAM_TRUTH_UNSCORED) *good = false;
    bram_board_free(board);
    bram_free(model);
    bram_free(name);
    return status;
}

/* Where no model is right by construction, the definition says why. */
static void add_none(bram_table *t, const bram_benchmark *b)
{
    bram_table_row(t);
    bram_table_text(t, BENCHMARK, b->name);
    bram_table_text(t, VERDICT, words[BRAM_TRUTH_NONE]);
    bram_table_note(t, "%s has no true model: %s.", b->name, b->no_truth);
}

/* How many rows have this verdict. */
static size_t count(const bram_table *t, bram_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_table_rows(t); i++)
        n += strcmp(bram_table_get_text(t, i, VERDICT), words[verdict]) == 0;
    return n;
}

int bram_truth_table(bram_ctx *cx, bram_table **out, size_t *rows, bool *good,
                     const bram_results *r, const bram_suite *suite)
{
    bram_table *t = NULL;
    bool fine = true;
    BRAM_TRY(bram_table_new(cx, &t, "Does the true model win?", columns, COLUMNS));
    int status = BRAM_OK;
    for (size_t i = 0; i < suite->benchmarks && status == BRAM_OK; i++) {
        const bram_benchmark *b = suite->benchmark[i];
        if (b->truth) status = add_row(cx, t, &fine, r, b);
        else if (b->no_truth) add_none(t, b);
    }
    if (status == BRAM_OK) status = bram_table_status(cx, t);
    if (status != BRAM_OK) {
        bram_table_free(t);
        return status;
    }
    *rows = bram_table_rows(t);
    size_t known = *rows - count(t, BRAM_TRUTH_NONE);
    if (known)
        bram_table_note(t,
                        "The true model wins %zu of %zu benchmarks, shares rank 1 on %zu, is "
                        "beaten on %zu, has no score on %zu.",
                        count(t, BRAM_TRUTH_WINS), known, count(t, BRAM_TRUTH_SHARES),
                        count(t, BRAM_TRUTH_BEATEN), count(t, BRAM_TRUTH_UNSCORED));
    *good = fine;
    *out = t;
    return BRAM_OK;
}
