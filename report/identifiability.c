/*
 * identifiability.c - the confusion matrix of model recovery; see identifiability.h.
 */
#include "identifiability.h"

#include "leaderboard.h"
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char KIND[] = "identifiability";

void bram_identifiability_free(bram_identifiability *d)
{
    if (!d) return;
    for (size_t i = 0; i < d->models; i++) {
        bram_free(d->model[i]);
        bram_free(d->name[i]);
    }
    bram_free(d->model);
    bram_free(d->name);
    bram_free(d->wins);
    bram_free(d->draws);
    bram_free(d->tied);
    bram_free(d->base);
    bram_free(d->title);
    bram_free(d->score);
    bram_free(d);
}

static size_t index_of(const bram_identifiability *d, const char *model)
{
    size_t i = 0;
    while (i < d->models && strcmp(d->model[i], model) != 0) i++;
    return i;
}

/* The models of the first board, in the order of its plan. */
static int begin(bram_ctx *cx, bram_identifiability *d, const bram_board *b)
{
    size_t n = b->rows;
    d->model = bram_alloc(cx, n, sizeof *d->model);
    d->name = bram_alloc(cx, n, sizeof *d->name);
    d->wins = bram_alloc(cx, n * n, sizeof *d->wins);
    d->draws = bram_alloc(cx, n, sizeof *d->draws);
    d->tied = bram_alloc(cx, n, sizeof *d->tied);
    d->title = bram_strdup(cx, b->title);
    d->score = bram_strdup(cx, b->score);
    if (!d->model || !d->name || !d->wins || !d->draws || !d->tied || !d->title || !d->score)
        return BRAM_ENOMEM;
    for (d->models = 0; d->models < n; d->models++)
        for (size_t i = 0; i < n; i++) {
            if (b->row[i].index != d->models) continue;
            d->model[d->models] = bram_strdup(cx, b->row[i].model);
            d->name[d->models] = bram_strdup(cx, b->row[i].name);
            if (!d->model[d->models] || !d->name[d->models]) return BRAM_ENOMEM;
        }
    return BRAM_OK;
}

static void count(bram_identifiability *d, const bram_board *b, const char *generator)
{
    size_t made = index_of(d, generator), won = d->models;
    double best = NAN;
    const bram_board_row *own = bram_board_row_of(b, generator);
    if (made == d->models || !own || isnan(own->value)) return;
    for (size_t i = 0; i < b->rows; i++) {
        double value = b->row[i].value;
        bool better = isnan(best) || (b->higher_better ? value > best : value < best);
        if (isnan(value) || !better) continue;
        best = value;
        won = index_of(d, b->row[i].model);
    }
    if (own->value == best) won = made;
    if (won == d->models) return;
    d->wins[made * d->models + won]++;
    d->draws[made]++;
    d->tied[made] += own->rank == 1 || (!own->rank && won == made);
}

static int add(bram_ctx *cx, bram_identifiability *d, const bram_results *r, const char *name,
               const char *generator)
{
    bram_board *b = NULL;
    if (!bram_board_scores(r, name)) return BRAM_OK; /* nothing was scored on these data */
    BRAM_TRY(bram_board_new(cx, &b, r, name, NULL));
    int status = d->models ? BRAM_OK : begin(cx, d, b);
    if (status == BRAM_OK) count(d, b, generator);
    bram_board_free(b);
    return status;
}

static int gather(bram_ctx *cx, bram_identifiability *d, const bram_results *r, const char *base)
{
    const char *last = "";
    d->base = bram_strdup(cx, base);
    if (!d->base) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const char *name = bram_results_at(r, i)->benchmark;
        if (strcmp(name, last) == 0) continue; /* cells of a benchmark lie together */
        last = name;
        const bram_dataset *plan = bram_results_plan(r, name);
        const bram_attrs *a = plan ? bram_dataset_find_attrs(plan, "") : NULL;
        const char *kind = a ? bram_attrs_text(a, "variation_kind") : NULL;
        const char *of = a ? bram_attrs_text(a, "variation_of") : NULL;
        const char *generator = a ? bram_attrs_text(a, "variation_generator") : NULL;
        if (!kind || !of || !generator || strcmp(kind, KIND) != 0 || strcmp(of, base) != 0)
            continue;
        BRAM_TRY(add(cx, d, r, name, generator));
    }
    return d->models ? BRAM_OK
                     : bram_fail(cx, BRAM_EABSENT,
                                 "there are no simulations of %s; bramble run %s --identifiability "
                                 "--out DIR makes them",
                                 base, base);
}

int bram_identifiability_new(bram_ctx *cx, bram_identifiability **out, const bram_results *r,
                             const char *base)
{
    bram_identifiability *d = bram_alloc(cx, 1, sizeof *d);
    if (!d) return BRAM_ENOMEM;
    int status = gather(cx, d, r, base);
    if (status == BRAM_OK) *out = d;
    else bram_identifiability_free(d);
    return status;
}

/* ---- showing -------------------------------------------------------------------------------- */

enum { MOST_SHOWN = 26 };

int bram_identifiability_table(bram_ctx *cx, bram_table **out, const bram_identifiability *d)
{
    enum { BENCHMARK, LETTER, MODEL, RECOVERED, TIED, DRAWS, FIXED };
    bram_table_column column[FIXED + MOST_SHOWN] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [LETTER] = {"letter", "", BRAM_CELL_TEXT},
        [MODEL] = {"made_by", "made by", BRAM_CELL_TEXT, .wrap = true},
        [RECOVERED] = {"recovered", "wins", BRAM_CELL_NUMBER, 2},
        [TIED] = {"rank_1", "rank 1", BRAM_CELL_NUMBER, 2},
        [DRAWS] = {"simulations", "of", BRAM_CELL_INTEGER}};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char title[MOST_SHOWN][2], key[MOST_SHOWN][8], words[192];
    size_t shown = d->models < MOST_SHOWN ? d->models : MOST_SHOWN, right = 0, all = 0;
    for (size_t i = 0; i < shown; i++) {
        snprintf(title[i], sizeof title[i], "%c", letters[i]);
        snprintf(key[i], sizeof key[i], "won_%c", letters[i]);
        column[FIXED + i] = (bram_table_column){key[i], title[i], BRAM_CELL_INTEGER};
    }
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, d->title, column, FIXED + shown));
    for (size_t i = 0; i < d->models; i++) {
        size_t own = d->wins[i * d->models + i];
        bram_table_row(t);
        bram_table_text(t, BENCHMARK, d->base);
        if (i < shown) bram_table_text(t, LETTER, title[i]);
        bram_table_text(t, MODEL, d->name[i]);
        bram_table_integer(t, DRAWS, (int64_t)d->draws[i]);
        for (size_t k = 0; k < shown; k++)
            bram_table_integer(t, FIXED + k, (int64_t)d->wins[i * d->models + k]);
        if (!d->draws[i]) continue;
        bram_table_number(t, RECOVERED, (double)own / (double)d->draws[i]);
        bram_table_number(t, TIED, (double)d->tied[i] / (double)d->draws[i]);
        right += own, all += d->draws[i];
    }
    bram_score_title(words, d->score);
    bram_table_note(t, "Columns A, B ...: how many simulations each model won, by %s.", words);
    if (all)
        bram_table_note(t,
                        "The model that made the data wins %zu of %zu simulations (%.0f %%; by "
                        "chance %.0f %%).",
                        right, all, 100.0 * (double)right / (double)all, 100.0 / (double)d->models);
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_identifiability_figure(bram_ctx *cx, bram_figure **out, const bram_identifiability *d)
{
    char words[400];
    bram_figure *f = NULL;
    size_t n = d->models, mark = bram_scratch_mark(cx);
    double *share = bram_scratch(cx, n * n, sizeof *share);
    if (!share) return BRAM_ENOMEM;
    for (size_t i = 0; i < n * n; i++)
        share[i] = d->draws[i / n] ? (double)d->wins[i] / (double)d->draws[i / n] : (double)NAN;
    snprintf(
        words, sizeof words,
        "Share of the simulations of %.80s made by each of %zu models (rows) that each model "
        "won (columns): ones on the diagonal are models that the benchmark tells from the others.",
        d->base, n);
    BRAM_TRY(bram_figure_new(cx, &f, "Which model wins on data of which", words));
    bram_figure_size(f, 240 + 44 * (double)n, bram_figure_height(n) + 130);
    const bram_figure_axis axis = {
        .title = "won by", .labels = (const char *const *)d->name, .label_count = n};
    int status = bram_figure_x(cx, f, &axis);
    bram_figure_axis rows = axis;
    rows.title = "made by";
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &rows);
    if (status == BRAM_OK)
        status = bram_figure_heat(cx, f,
                                  &(bram_heat){.rows = n,
                                               .cols = n,
                                               .values = share,
                                               .low = 0,
                                               .high = 1,
                                               .title = "share of simulations"});
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = f;
    else bram_figure_free(f);
    return status;
}
