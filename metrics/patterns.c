/*
 * patterns.c - sides, rows and weights of metrics on patterns; see patterns.h.
 */
#include "patterns.h"

#include "linalg.h"
#include "moments.h"
#include "sums.h"
#include "wide.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { CHANCE_DRAWS = 20 };

/* Multiplications of all draws together up to which a chance level is worth its time. */
static const double chance_work = 2e9;

/* ---- one side ------------------------------------------------------------------------------- */

void bram_patterns_free(bram_patterns *p)
{
    if (!p) return;
    bram_free(p->x.data);
    bram_free(p->complete);
    bram_free(p);
}

enum { ROW_BLOCK = 256 };

static size_t blocks_of(size_t rows)
{
    return (rows + ROW_BLOCK - 1) / ROW_BLOCK;
}

static size_t end_of(size_t block, size_t rows)
{
    return (block + 1) * ROW_BLOCK < rows ? (block + 1) * ROW_BLOCK : rows;
}

static int check_block(bram_ctx *cx, size_t block, void *user)
{
    const bram_side *side = user;
    const bram_mat *x = &side->values;
    for (size_t i = block * ROW_BLOCK; i < end_of(block, x->rows); i++) {
        if (bram_all_finite(bram_row(x, i), x->cols)) continue;
        for (size_t k = 0; k < x->cols; k++)
            if ((!side->present || side->present[i * x->cols + k]) && !isfinite(bram_row(x, i)[k]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "condition %zu, channel %zu is %g, expected a number (what is "
                                 "missing is masked)",
                                 i, k, bram_row(x, i)[k]);
    }
    return BRAM_OK;
}

static int check_side(bram_ctx *cx, const bram_side *side, const char *what)
{
    const bram_mat *x = &side->values;
    if (side->is_rdm)
        return bram_fail(cx, BRAM_EUSAGE,
                         "found a dissimilarity matrix, %s compares patterns (conditions x "
                         "channels); rsa compares RDMs",
                         what);
    if (x->rows == 0 || x->cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu conditions x %zu channels, expected one or more of each", x->rows,
                         x->cols);
    bram_side copy = *side; /* tasks take what is not const */
    return bram_parallel_for(cx, blocks_of(x->rows), check_block, &copy);
}

static bool row_counts(const bram_patterns *p, size_t i)
{
    return !p->complete || p->complete[i];
}

static int mark_complete(bram_ctx *cx, bram_patterns *p, const bram_side *side)
{
    size_t n = side->values.rows, cols = side->values.cols, count = 0;
    if (!side->present) return BRAM_OK;
    p->complete = bram_alloc(cx, n, 1);
    if (!p->complete) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        p->complete[i] = !memchr(side->present + i * cols, 0, cols);
        count += p->complete[i];
    }
    if (count < n) return BRAM_OK;
    bram_free(p->complete);
    p->complete = NULL;
    return BRAM_OK;
}

/* Rows in blocks, each with the sums of its columns about the first row that counts. */
struct centring {
    const bram_patterns *p;
    const bram_mat *x;
    bram_mat *out;
    const double *first;
    double *part, *mean; /* part: blocks x columns; mean NULL: nothing is taken away */
};

static BRAM_WIDE void add_differences(double *restrict sum, const double *x, const double *first,
                                      size_t n)
{
    for (size_t k = 0; k < n; k++) sum[k] += x[k] - first[k];
}

static int sum_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct centring *c = user;
    double *sum = c->part + block * c->x->cols;
    for (size_t i = block * ROW_BLOCK; i < end_of(block, c->x->rows); i++) {
        if (row_counts(c->p, i)) add_differences(sum, bram_row(c->x, i), c->first, c->x->cols);
    }
    return BRAM_OK;
}

static BRAM_WIDE void copy_row(double *restrict to, const double *restrict x,
                               const double *restrict first, const double *restrict mean, size_t n)
{
    for (size_t k = 0; k < n; k++) to[k] = x[k] - first[k] - mean[k];
}

static int copy_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct centring *c = user;
    for (size_t i = block * ROW_BLOCK; i < end_of(block, c->x->rows); i++) {
        const double *row = bram_row(c->x, i);
        double *to = bram_row(c->out, i);
        if (!row_counts(c->p, i)) continue;
        if (c->mean) copy_row(to, row, c->first, c->mean, c->x->cols);
        else memcpy(to, row, c->x->cols * sizeof *to);
    }
    return BRAM_OK;
}

/* x = the rows that count less the mean of each column, which is taken about the first of them: a
 * constant column becomes exactly zero. */
static int copy_centred(bram_ctx *cx, bram_mat *out, const bram_patterns *p, const bram_mat *x,
                        bool raw)
{
    size_t first = 0, count = 0, blocks = blocks_of(x->rows), cols = x->cols;
    while (first < x->rows && !row_counts(p, first)) first++;
    for (size_t i = first; i < x->rows; i++) count += row_counts(p, i);
    if (!count) return BRAM_OK;
    struct centring c = {.p = p, .x = x, .out = out, .first = bram_row(x, first)};
    if (!raw) {
        c.part = bram_scratch(cx, blocks + 1, cols * sizeof *c.part);
        if (!c.part) return BRAM_ENOMEM;
        c.mean = c.part + blocks * cols;
        BRAM_TRY(bram_parallel_for(cx, blocks, sum_block, &c));
        for (size_t b = 0; b < blocks; b++)
            for (size_t k = 0; k < cols; k++) c.mean[k] += c.part[b * cols + k];
        for (size_t k = 0; k < cols; k++) c.mean[k] /= (double)count;
    }
    return bram_parallel_for(cx, blocks, copy_block, &c);
}

static int fill(bram_ctx *cx, bram_patterns *p, const bram_side *side, unsigned flags)
{
    const bram_mat *x = &side->values;
    BRAM_TRY(mark_complete(cx, p, side));
    bool raw = flags & BRAM_PATTERNS_RAW;
    if (!(flags & BRAM_PATTERNS_REDUCE) || x->cols <= x->rows) {
        BRAM_TRY(bram_mat_new(cx, &p->x, x->rows, x->cols));
        return copy_centred(cx, &p->x, p, x, raw);
    }
    bram_mat whole;
    BRAM_TRY(bram_mat_scratch(cx, &whole, x->rows, x->cols));
    BRAM_TRY(copy_centred(cx, &whole, p, x, raw));
    BRAM_TRY(bram_mat_new(cx, &p->x, x->rows, x->rows));
    return bram_lq_factor(cx, &p->x, &whole);
}

int bram_patterns_new(bram_ctx *cx, bram_patterns **out, const bram_side *side, unsigned flags,
                      const char *what)
{
    BRAM_TRY(check_side(cx, side, what));
    bram_patterns *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    p->channels = side->values.cols;
    size_t mark = bram_scratch_mark(cx);
    int status = fill(cx, p, side, flags);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = p;
    else bram_patterns_free(p);
    return status;
}

/* ---- rows of both sides --------------------------------------------------------------------- */

static int join_rows(bram_ctx *cx, bram_row_set *s, const bram_patterns *model,
                     const bram_patterns *brain, const bram_groups *groups, const char *what)
{
    s->rows = s->usable = brain->x.rows;
    if (groups->group) {
        s->group = bram_alloc(cx, s->rows, sizeof *s->group);
        if (!s->group) return BRAM_ENOMEM;
        memcpy(s->group, groups->group, s->rows * sizeof *s->group);
    }
    if (!model->complete && !brain->complete) return BRAM_OK;
    s->use = bram_alloc(cx, s->rows, 1);
    if (!s->use) return BRAM_ENOMEM;
    s->usable = 0;
    for (size_t i = 0; i < s->rows; i++)
        s->usable += s->use[i] = row_counts(model, i) && row_counts(brain, i);
    bram_note(cx,
              "%s: %zu of %zu conditions have every value on both sides; the others are left "
              "out",
              what, s->usable, s->rows);
    return BRAM_OK;
}

int bram_row_set_init(bram_ctx *cx, bram_row_set *out, const bram_patterns *model,
                      const bram_patterns *brain, const bram_groups *groups, const char *what)
{
    bram_row_set s = {0};
    if (model->x.rows != brain->x.rows)
        return bram_fail(cx, BRAM_ESHAPE, "the model has %zu conditions, the brain %zu",
                         model->x.rows, brain->x.rows);
    BRAM_TRY(bram_groups_check(cx, &s.groups, groups, brain->x.rows));
    int status = join_rows(cx, &s, model, brain, groups, what);
    if (status == BRAM_OK) *out = s;
    else bram_row_set_release(&s);
    return status;
}

void bram_row_set_release(bram_row_set *s)
{
    bram_free(s->use);
    bram_free(s->group);
    *s = (bram_row_set){0};
}

int bram_row_set_weigh(bram_ctx *cx, bram_row_weights *out, const bram_row_set *s,
                       const double *weight)
{
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    bram_row_weights r = {.w = bram_scratch(cx, s->rows, sizeof *r.w)};
    if (!r.w) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->rows; i++) {
        if (s->use && !s->use[i]) continue;
        r.w[i] = weight ? weight[s->group ? s->group[i] : i] : 1;
        r.sum += r.w[i];
        r.drawn += r.w[i] > 0;
    }
    *out = r;
    return BRAM_OK;
}

int bram_weighted_rows(bram_ctx *cx, bram_mat *out, const bram_mat *x, const bram_row_weights *w,
                       bool centre)
{
    bool all = w->drawn == x->rows;
    for (size_t i = 0; all && i < x->rows; i++) all = w->w[i] == 1;
    if (all) { /* bram_patterns_new has centred them */
        *out = *x;
        return BRAM_OK;
    }
    double *mean = bram_scratch(cx, x->cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, out, w->drawn, x->cols));
    size_t first = 0;
    while (first < x->rows && w->w[first] <= 0) first++;
    for (size_t i = first; centre && i < x->rows; i++)
        for (size_t k = 0; w->w[i] > 0 && k < x->cols; k++)
            mean[k] += w->w[i] / w->sum * (bram_row(x, i)[k] - bram_row(x, first)[k]);
    for (size_t i = first, at = 0; i < x->rows; i++) {
        if (!(w->w[i] > 0)) continue;
        double *row = bram_row(out, at++), root = sqrt(w->w[i]);
        for (size_t k = 0; k < x->cols; k++)
            row[k] = root * (centre ? bram_row(x, i)[k] - bram_row(x, first)[k] - mean[k]
                                    : bram_row(x, i)[k]);
    }
    return BRAM_OK;
}

double bram_sum_of_squares(const bram_mat *x)
{
    double sum = 0;
    for (size_t i = 0; i < x->rows; i++) sum += bram_dot(bram_row(x, i), bram_row(x, i), x->cols);
    return sum;
}

/* ---- metrics that are a formula ------------------------------------------------------------- */

struct pattern_pair {
    const bram_pattern_rule *rule;
    const bram_patterns *model, *brain;
    bram_options *options;
    bram_row_set rows;
    double chance;
};

int bram_pattern_prepare(bram_ctx *cx, void **prepared, const bram_options *o,
                         const bram_side *side, const bram_pattern_rule *rule)
{
    bram_patterns *p;
    unsigned flags = rule->flags | (bram_option_flag(o, "centre") ? 0 : BRAM_PATTERNS_RAW);
    BRAM_TRY(bram_patterns_new(cx, &p, side, flags, rule->name));
    *prepared = p;
    return BRAM_OK;
}

void bram_pattern_release(void *prepared)
{
    bram_patterns_free(prepared);
}

void bram_pattern_release_pair(void *pair)
{
    struct pattern_pair *s = pair;
    if (!s) return;
    bram_options_free(s->options);
    bram_row_set_release(&s->rows);
    bram_free(s);
}

double bram_pattern_chance(const void *pair)
{
    return ((const struct pattern_pair *)pair)->chance;
}

static int apply(bram_ctx *cx, double *value, const struct pattern_pair *s,
                 const bram_row_weights *w, bram_pattern_formula *formula)
{
    bram_mat x, y;
    bool centre = bram_option_flag(s->options, "centre");
    *value = NAN;
    if (w->drawn < 2) return BRAM_OK;
    BRAM_TRY(bram_weighted_rows(cx, &x, &s->model->x, w, centre));
    BRAM_TRY(bram_weighted_rows(cx, &y, &s->brain->x, w, centre));
    if (!(bram_sum_of_squares(&x) > 0) || !(bram_sum_of_squares(&y) > 0)) return BRAM_OK;
    return formula(cx, value, &x, &y, s->options);
}

/* The mean value with the rows of the brain side in random order. */
static int permuted(bram_ctx *cx, double *chance, const struct pattern_pair *s,
                    const bram_row_weights *w)
{
    bram_mat x, y, shuffled;
    bool centre = bram_option_flag(s->options, "centre");
    BRAM_TRY(bram_weighted_rows(cx, &x, &s->model->x, w, centre));
    BRAM_TRY(bram_weighted_rows(cx, &y, &s->brain->x, w, centre));
    BRAM_TRY(bram_mat_scratch(cx, &shuffled, y.rows, y.cols));
    size_t *order = bram_scratch(cx, y.rows, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    double sum = 0;
    for (size_t draw = 0; draw < CHANCE_DRAWS; draw++) {
        bram_rng g = bram_rng_at(0, "metric/chance", draw);
        bram_rng_permutation(&g, y.rows, order);
        for (size_t i = 0; i < y.rows; i++)
            memcpy(bram_row(&shuffled, i), bram_row(&y, order[i]), y.cols * sizeof *y.data);
        size_t mark = bram_scratch_mark(cx);
        double value = NAN;
        int status = s->rule->formula(cx, &value, &x, &shuffled, s->options);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
        sum += value / CHANCE_DRAWS;
    }
    *chance = sum;
    return BRAM_OK;
}

static int find_chance(bram_ctx *cx, struct pattern_pair *s)
{
    bram_row_weights w;
    BRAM_TRY(bram_row_set_weigh(cx, &w, &s->rows, NULL));
    if (s->rule->chance) BRAM_TRY(apply(cx, &s->chance, s, &w, s->rule->chance));
    if (!isnan(s->chance)) return BRAM_OK;
    double a = (double)s->model->x.cols, b = (double)s->brain->x.cols, n = (double)w.drawn;
    double work = n * a * b + (a < b ? a : b) * a * b + n * a * a + n * b * b;
    double unused;
    if (CHANCE_DRAWS * work > chance_work || w.drawn < 3) return BRAM_OK;
    BRAM_TRY(apply(cx, &unused, s, &w, s->rule->formula));
    return isnan(unused) ? BRAM_OK : permuted(cx, &s->chance, s, &w);
}

static int pair_sides(bram_ctx *cx, struct pattern_pair *s, const bram_options *o,
                      const bram_comparison *c)
{
    BRAM_TRY(bram_options_new(cx, &s->options, s->rule->params, bram_options_canonical(o)));
    BRAM_TRY(bram_row_set_init(cx, &s->rows, s->model, s->brain, &c->groups, s->rule->name));
    size_t mark = bram_scratch_mark(cx);
    int status = find_chance(cx, s);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_pattern_pair(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                      const bram_comparison *c, const bram_pattern_rule *rule)
{
    struct pattern_pair *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct pattern_pair){.rule = rule, .model = c->model, .brain = c->brain, .chance = NAN};
    int status = pair_sides(cx, s, o, c);
    if (status == BRAM_OK) *pair = s, *values = 1;
    else bram_pattern_release_pair(s);
    return status;
}

int bram_pattern_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    const struct pattern_pair *s = pair;
    size_t mark = bram_scratch_mark(cx);
    bram_row_weights w;
    double value = NAN;
    int status = bram_row_set_weigh(cx, &w, &s->rows, weight);
    if (status == BRAM_OK) status = apply(cx, &value, s, &w, s->rule->formula);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}
