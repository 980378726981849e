/*
 * learning_curve.c - learning curves from a results folder; see learning_curve.h.
 */
#include "learning_curve.h"

#include "scoring.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char KIND[] = "learning-curve";

/* ---- which variations there are ------------------------------------------------------------- */

static const bram_attrs *words_of(const bram_results *r, const char *benchmark)
{
    const bram_dataset *plan = bram_results_plan(r, benchmark);
    return plan ? bram_dataset_find_attrs(plan, "") : NULL;
}

static bool is_kind(const bram_attrs *a, const char *kind)
{
    const char *own = a ? bram_attrs_text(a, "variation_kind") : NULL;
    return own && strcmp(own, kind) == 0;
}

static bool is_new(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0) return false;
    return true;
}

size_t bram_variation_bases(const bram_results *r, const char *kind, const char **base, size_t most)
{
    size_t n = 0;
    const char *last = "";
    for (size_t i = 0; i < bram_results_count(r) && n < most; i++) {
        const char *name = bram_results_at(r, i)->benchmark;
        if (strcmp(name, last) == 0) continue; /* cells of a benchmark lie together */
        last = name;
        const bram_attrs *a = words_of(r, name);
        if (!is_kind(a, kind)) continue;
        const char *own = bram_attrs_text(a, "variation_of");
        if (own && is_new(base, n, own)) base[n++] = own;
    }
    return n;
}

/* A variation of the curve that is asked for. */
struct member {
    const char *name;
    double amount;
    uint64_t draw;
    bram_board *board;
};

static int by_amount(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    if (x->amount != y->amount) return x->amount < y->amount ? -1 : 1;
    return (x->draw > y->draw) - (x->draw < y->draw);
}

static bool is_member(const bram_attrs *a, const char *base, const char *axis)
{
    if (!is_kind(a, KIND)) return false;
    const char *of = bram_attrs_text(a, "variation_of"),
               *along = bram_attrs_text(a, "variation_axis");
    return of && along && strcmp(of, base) == 0 && (!axis || strcmp(along, axis) == 0);
}

static size_t find_members(const bram_results *r, struct member *out, const char *base,
                           const char *axis)
{
    size_t n = 0;
    const char *last = "";
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const char *name = bram_results_at(r, i)->benchmark;
        if (strcmp(name, last) == 0) continue;
        last = name;
        const bram_attrs *a = words_of(r, name);
        if (!is_member(a, base, axis)) continue;
        out[n++] = (struct member){name, bram_attrs_number(a, "variation_amount", NAN),
                                   (uint64_t)bram_attrs_integer(a, "variation_draw", 0), NULL};
    }
    if (n) qsort(out, n, sizeof *out, by_amount);
    return n;
}

size_t bram_learning_curve_axes(const bram_results *r, const char *base, const char **axis)
{
    static const char *const all[] = {"animals", "minutes", "stimuli", "units"};
    size_t n = 0;
    for (size_t k = 0; k < 4; k++) {
        bool has = false;
        for (size_t i = 0; i < bram_results_count(r) && !has; i++)
            has = is_member(words_of(r, bram_results_at(r, i)->benchmark), base, all[k]);
        if (has) axis[n++] = all[k];
    }
    return n;
}

/* ---- curves --------------------------------------------------------------------------------- */

struct making {
    bram_learning_curve *c;
    struct member *member;
    size_t members, samples, draws;
    double best;                            /* of the score; NaN */
    double *amount, *value, *test, *sample; /* bram_curve_data of the model in hand */
};

void bram_learning_curve_free(bram_learning_curve *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->curves; i++) {
        bram_free(c->curve[i].model);
        bram_free(c->curve[i].name);
        bram_free(c->curve[i].point);
    }
    char *const text[] = {c->base, c->title, c->axis, c->score};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) bram_free(text[i]);
    bram_free(c->curve);
    bram_free(c);
}

static const bram_board_row *row_of(const bram_board *b, const char *model)
{
    for (size_t i = 0; i < b->rows; i++)
        if (strcmp(b->row[i].model, model) == 0) return &b->row[i];
    return NULL;
}

/*
 * The values of one size, and its samples by test rows: the mean over subsets of the bootstrap
 * draws, each row's mapped so that their quantiles are the ends of its interval on the leaderboard.
 * first .. end - 1 are its members. @return BRAM_OK; BRAM_ENOMEM
 */
static int gather(bram_ctx *cx, const struct making *k, const char *model, size_t first, size_t end,
                  double *value, double *test)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    double *draw = bram_scratch(cx, k->samples, sizeof *draw);
    if (!draw) return BRAM_ENOMEM;
    for (size_t d = 0; d < k->draws; d++) value[d] = NAN;
    for (size_t s = 0; s < k->samples; s++) test[s] = 0;
    for (size_t i = first; i < end; i++) {
        const bram_board_row *own = row_of(k->member[i].board, model);
        if (!own || isnan(own->value)) continue;
        value[k->member[i].draw] = own->value;
        const bram_board_row *whole = row_of(k->member[k->members - 1].board, model);
        if (whole && own->scored < whole->scored) k->c->uneven += whole->scored - own->scored;
        n++;
        double low = NAN, high = NAN;
        if (own->draw)
            BRAM_TRY(bram_curve_interval(cx, &low, &high, own->draw, k->samples, k->c->level));
        double stretch = high > low ? (own->high - own->low) / (high - low) : 1;
        for (size_t s = 0; s < k->samples; s++)
            test[s] += own->draw ? own->low + stretch * (own->draw[s] - low) : (double)NAN;
    }
    for (size_t s = 0; s < k->samples; s++) test[s] = n ? test[s] / (double)n : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The best value that the metric of a score can have; NaN: not known, or there is none. */
static double best_of(bram_ctx *cx, const char *score, bool higher_better)
{
    char spec[192];
    size_t length = strcspn(score, "@");
    bram_metric_use use = {0};
    if (length >= sizeof spec) return NAN;
    memcpy(spec, score, length);
    spec[length] = 0;
    if (bram_metric_use_parse(cx, &use, spec) != BRAM_OK) return NAN;
    bool known = use.metric->flags & (BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_IDENTITY_ZERO) ||
                 use.metric->kind == BRAM_METRIC_GRAPH;
    bram_metric_use_release(&use);
    return known ? (higher_better ? 1 : 0) : (double)NAN;
}

static int make_curve(bram_ctx *cx, struct making *k, bram_curve *curve, const char *model)
{
    curve->model = bram_strdup(cx, model);
    curve->point = bram_alloc(cx, k->c->points, sizeof *curve->point);
    if (!curve->model || !curve->point) return BRAM_ENOMEM;
    BRAM_TRY(bram_model_brief(cx, &curve->name, model));
    bram_curve_data data = {.points = k->c->points,
                            .draws = k->draws,
                            .samples = k->samples,
                            .amount = k->amount,
                            .value = k->value,
                            .test = k->test,
                            .level = k->c->level,
                            .best = k->best,
                            .higher_better = k->c->higher_better};
    size_t p = 0;
    for (size_t first = 0, end; first < k->members; first = end, p++) {
        for (end = first; end < k->members && k->member[end].amount == k->member[first].amount;)
            end++;
        k->amount[p] = curve->point[p].amount = k->member[first].amount;
        BRAM_TRY(
            gather(cx, k, model, first, end, k->value + p * k->draws, k->test + p * k->samples));
    }
    bram_curve_samples(k->sample, &data);
    for (p = 0; p < k->c->points; p++) {
        bram_curve_point *point = &curve->point[p];
        point->value = bram_curve_mean(&data, p, &point->subsets);
        BRAM_TRY(bram_curve_interval(cx, &point->low, &point->high, k->sample + p * k->samples,
                                     k->samples, k->c->level));
    }
    return bram_curve_law_fit(cx, &curve->fit, &data, k->sample);
}

/* The whole, or what there is of it in a run that is not finished: its score and order of models.
 */
static const bram_board *largest_scored(const struct making *k)
{
    size_t i = k->members - 1;
    while (i && !*k->member[i].board->score) i--;
    return k->member[i].board;
}

static int make_curves(bram_ctx *cx, struct making *k)
{
    const bram_board *b = largest_scored(k);
    k->samples = b->draws;
    for (size_t i = 0; i < k->members; i++) {
        size_t own = k->member[i].board->draws;
        if (own && own < k->samples) k->samples = own;
        if (k->member[i].draw >= k->draws) k->draws = k->member[i].draw + 1;
    }
    k->c->alone = k->draws == 1;
    k->best = best_of(cx, k->c->score, k->c->higher_better);
    k->amount = bram_scratch(cx, k->c->points, sizeof *k->amount);
    k->value = bram_scratch(cx, k->c->points * k->draws, sizeof *k->value);
    k->test = bram_scratch(cx, k->c->points * (k->samples + 1), sizeof *k->test);
    k->sample = bram_scratch(cx, k->c->points * (k->samples + 1), sizeof *k->sample);
    k->c->curve = bram_alloc(cx, b->rows, sizeof *k->c->curve);
    if (!k->amount || !k->value || !k->test || !k->sample || !k->c->curve) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->rows; i++) {
        k->c->curves++;
        BRAM_TRY(make_curve(cx, k, &k->c->curve[i], b->row[i].model));
    }
    return BRAM_OK;
}

static int open_boards(bram_ctx *cx, struct making *k, const bram_results *r, const char *base,
                       const char *axis, const char *score)
{
    for (size_t i = 0; i < k->members; i++) {
        struct member *m = &k->member[i];
        BRAM_TRY(bram_board_new(cx, &m->board, r, m->name, score));
        k->c->points += i == 0 || m->amount != m[-1].amount;
    }
    const bram_board *b = largest_scored(k);
    k->c->base = bram_strdup(cx, base);
    k->c->axis = bram_strdup(cx, axis);
    k->c->title = bram_strdup(cx, b->title);
    k->c->score = bram_strdup(cx, b->score);
    k->c->higher_better = b->higher_better;
    k->c->level = b->level;
    return k->c->base && k->c->axis && k->c->title && k->c->score ? BRAM_OK : BRAM_ENOMEM;
}

int bram_learning_curve_new(bram_ctx *cx, bram_learning_curve **out, const bram_results *r,
                            const char *base, const char *axis, const char *score)
{
    size_t mark = bram_scratch_mark(cx);
    struct making k = {.c = bram_alloc(cx, 1, sizeof *k.c)};
    k.member = bram_scratch(cx, bram_results_count(r) + 1, sizeof *k.member);
    int status = k.c && k.member ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) k.members = find_members(r, k.member, base, axis);
    if (status == BRAM_OK && !k.members)
        status = bram_fail(cx, BRAM_EABSENT,
                           "there is no learning curve of %s along %s; bramble run %s "
                           "--learning-curve %s --out DIR makes it",
                           base, axis, base, axis);
    if (status == BRAM_OK) status = open_boards(cx, &k, r, base, axis, score);
    if (status == BRAM_OK) status = make_curves(cx, &k);
    for (size_t i = 0; i < k.members; i++) bram_board_free(k.member[i].board);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = k.c;
    else bram_learning_curve_free(k.c);
    return status;
}
