/*
 * learning_curve.c - learning curves from a results folder; see learning_curve.h.
 */
#include "learning_curve.h"

#include "stats.h"

#include <bramble/rng.h>

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
    size_t members, samples;
    double *sample; /* points x samples, of the model in hand */
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

/* One size: the mean over subsets, and its samples. first .. end - 1 are its members. */
static int make_point(bram_ctx *cx, const struct making *k, const char *model, size_t first,
                      size_t end, bram_curve_point *p, double *sample)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    const bram_board_row **row = bram_scratch(cx, end - first, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    bool draws = true;
    double sum = 0;
    for (size_t i = first; i < end; i++) {
        const bram_board_row *own = row_of(k->member[i].board, model);
        if (!own || isnan(own->value)) continue;
        draws &= own->draw != NULL && k->member[i].board->draws >= k->samples;
        sum += own->value;
        row[n++] = own;
    }
    p->amount = k->member[first].amount;
    p->subsets = n;
    p->value = n ? sum / (double)n : (double)NAN;
    for (size_t s = 0; s < k->samples; s++) {
        bram_rng g = bram_rng_at(0, "learning curve", s * 64 + first);
        double mean = 0;
        for (size_t i = 0; i < n && draws; i++)
            mean += row[n == 1 ? 0 : (size_t)(bram_rng_uniform(&g) * (double)n)]->draw[s] /
                    (double)n;
        sample[s] = n && draws ? mean : (double)NAN;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The interval of the defined ones of some samples; none for fewer than half. */
static int interval(bram_ctx *cx, double *low, double *high, const double *sample, size_t count,
                    double level)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    double *defined = bram_scratch(cx, count, sizeof *defined);
    if (!defined) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (isfinite(sample[i])) defined[n++] = sample[i];
    *low = *high = NAN;
    int status = BRAM_OK;
    if (n >= 2 && 2 * n >= count) {
        status = bram_quantile(cx, low, defined, n, (1 - level) / 2);
        if (status == BRAM_OK) status = bram_quantile(cx, high, defined, n, (1 + level) / 2);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* The law of sample s (samples: of the values themselves). @return BRAM_ENOTAPPLICABLE: none */
static int fit(bram_ctx *cx, bram_power_law *out, const struct making *k, const bram_curve *curve,
               size_t s)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, k->c->points, sizeof *x);
    double *y = bram_scratch(cx, k->c->points, sizeof *y);
    if (!x || !y) return BRAM_ENOMEM;
    for (size_t i = 0; i < k->c->points; i++) {
        double value = s == k->samples ? curve->point[i].value : k->sample[i * k->samples + s];
        if (!isfinite(value)) continue;
        x[n] = curve->point[i].amount;
        y[n++] = value;
    }
    int status = bram_power_law_fit(cx, out, x, y, n);
    bram_scratch_release(cx, mark);
    return status;
}

static int fit_law(bram_ctx *cx, const struct making *k, bram_curve *curve)
{
    const bram_power_law none = {NAN, NAN, NAN, NAN, false};
    curve->law = none;
    curve->exponent_low = curve->exponent_high = NAN;
    curve->asymptote_low = curve->asymptote_high = NAN;
    bram_power_law law;
    int status = fit(cx, &law, k, curve, k->samples);
    if (status == BRAM_ENOTAPPLICABLE || status == BRAM_ENUMERIC) {
        snprintf(curve->why, sizeof curve->why, "%.90s", bram_ctx_message(cx));
        return BRAM_OK;
    }
    BRAM_TRY(status);
    if (law.at_bound) {
        snprintf(curve->why, sizeof curve->why, "no power law: the best exponent is %s",
                 law.exponent < 1 ? "below 0.01" : "above 8");
        return BRAM_OK;
    }
    curve->law = law;
    size_t mark = bram_scratch_mark(cx);
    double *exponent = bram_scratch(cx, k->samples + 1, sizeof *exponent);
    double *asymptote = bram_scratch(cx, k->samples + 1, sizeof *asymptote);
    if (!exponent || !asymptote) return BRAM_ENOMEM;
    for (size_t s = 0; s < k->samples; s++) { /* one at a bound counts there, with its end */
        bool good = fit(cx, &law, k, curve, s) == BRAM_OK;
        exponent[s] = good ? law.exponent : (double)NAN;
        asymptote[s] = good ? law.asymptote : (double)NAN;
    }
    status = interval(cx, &curve->exponent_low, &curve->exponent_high, exponent, k->samples,
                      k->c->level);
    if (status == BRAM_OK)
        status = interval(cx, &curve->asymptote_low, &curve->asymptote_high, asymptote, k->samples,
                          k->c->level);
    bram_scratch_release(cx, mark);
    return status;
}

static int make_curve(bram_ctx *cx, struct making *k, bram_curve *curve, const char *model)
{
    curve->model = bram_strdup(cx, model);
    curve->point = bram_alloc(cx, k->c->points, sizeof *curve->point);
    if (!curve->model || !curve->point) return BRAM_ENOMEM;
    BRAM_TRY(bram_model_brief(cx, &curve->name, model));
    size_t p = 0;
    for (size_t first = 0, end; first < k->members; first = end, p++) {
        for (end = first; end < k->members && k->member[end].amount == k->member[first].amount;)
            end++;
        bram_curve_point *point = &curve->point[p];
        double *sample = k->sample + p * k->samples;
        BRAM_TRY(make_point(cx, k, model, first, end, point, sample));
        BRAM_TRY(interval(cx, &point->low, &point->high, sample, k->samples, k->c->level));
    }
    return fit_law(cx, k, curve);
}

static int make_curves(bram_ctx *cx, struct making *k)
{
    const bram_board *b = k->member[k->members - 1].board; /* the whole: its order of models */
    k->samples = b->draws;
    for (size_t i = 0; i < k->members; i++)
        if (k->member[i].board->draws < k->samples) k->samples = k->member[i].board->draws;
    k->sample = bram_scratch(cx, k->c->points * (k->samples + 1), sizeof *k->sample);
    k->c->curve = bram_alloc(cx, b->rows, sizeof *k->c->curve);
    if (!k->sample || !k->c->curve) return BRAM_ENOMEM;
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
    const bram_board *b = k->member[k->members - 1].board;
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
