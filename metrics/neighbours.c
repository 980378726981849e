/*
 * neighbours.c - neighbourhoods of rows under weights; see neighbours.h.
 *
 * Lists of neighbours are sorted once, when two sides meet: the k nearest where nothing is
 * resampled, else all of them (4 bytes x n^2 a side). Cost: n^2 p for the similarities, n^2 log n
 * for the lists, about n k for each draw.
 */
#include "neighbours.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_A_TASK = 64, CHANCE_DRAWS = 20, CHANCE_ROWS = 500 };

/* ---- one side ------------------------------------------------------------------------------- */

void bram_neighbours_release(void *prepared)
{
    bram_neighbours *s = prepared;
    if (!s) return;
    bram_patterns_free(s->patterns);
    bram_free(s->gram.data);
    bram_free(s);
}

static void scale_rows(bram_mat *x)
{
    for (size_t i = 0; i < x->rows; i++) {
        double square = 0, largest = 0, *row = bram_row(x, i);
        for (size_t k = 0; k < x->cols; k++) largest = fmax(largest, fabs(row[k]));
        if (!(largest > 0)) continue; /* a zero row is as far from all others */
        for (size_t k = 0; k < x->cols; k++) square += row[k] / largest * (row[k] / largest);
        for (size_t k = 0; k < x->cols; k++) row[k] = row[k] / largest / sqrt(square);
    }
}

static int fill_side(bram_ctx *cx, bram_neighbours *s, const bram_options *o, const bram_side *side,
                     const char *what)
{
    BRAM_TRY(bram_patterns_new(cx, &s->patterns, side, BRAM_PATTERNS_RAW, what));
    bram_mat *x = &s->patterns->x;
    if (bram_option_flag(o, "normalize")) scale_rows(x);
    s->k = (size_t)bram_option_integer(o, "k");
    BRAM_TRY(bram_mat_new(cx, &s->gram, x->rows, x->rows));
    return bram_syrk(cx, &s->gram, 1, x, BRAM_AS_IS, 0);
}

int bram_neighbours_prepare(bram_ctx *cx, void **prepared, const bram_options *o,
                            const bram_side *side, const char *what)
{
    bram_neighbours *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    int status = fill_side(cx, s, o, side, what);
    if (status == BRAM_OK) *prepared = s;
    else bram_neighbours_release(s);
    return status;
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* The nearest usable rows of each row, nearest first. */
struct lists {
    uint32_t *row; /* n x length */
    size_t n, length;
};

struct near {
    double similarity;
    uint32_t row;
};

static int nearer(const void *a, const void *b)
{
    const struct near *x = a, *y = b;
    if (x->similarity != y->similarity) return x->similarity > y->similarity ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Puts the `first` nearest of n at the front, in no order (Hoare's selection). */
static void select_nearest(struct near *x, size_t n, size_t first)
{
    size_t low = 0, high = n;
    while (high - low > 1 && first > low && first < high) {
        struct near pivot = x[low + (high - low - 1) / 2]; /* never the last: it gets shorter */
        size_t i = low, j = high - 1;
        for (;;) {
            while (nearer(&x[i], &pivot) < 0) i++;
            while (nearer(&x[j], &pivot) > 0) j--;
            if (i >= j) break;
            struct near swap = x[i];
            x[i++] = x[j], x[j--] = swap;
        }
        if (first <= j) high = j + 1;
        else low = j + 1;
    }
}

struct listing {
    struct lists *out;
    const bram_mat *gram;
    const uint8_t *use;
};

static int list_rows(bram_ctx *cx, size_t task, void *user)
{
    const struct listing *l = user;
    size_t n = l->gram->rows, length = l->out->length;
    struct near *near = bram_scratch(cx, n, sizeof *near);
    if (!near) return BRAM_ENOMEM;
    for (size_t i = task * ROWS_A_TASK; i < n && i < (task + 1) * ROWS_A_TASK; i++) {
        size_t count = 0;
        for (size_t j = 0; j < n; j++)
            if (j != i && (!l->use || l->use[j]))
                near[count++] = (struct near){bram_row(l->gram, i)[j], (uint32_t)j};
        size_t kept = count < length ? count : length;
        select_nearest(near, count, kept);
        qsort(near, kept, sizeof *near, nearer);
        for (size_t j = 0; j < kept; j++) l->out->row[i * length + j] = near[j].row;
    }
    return BRAM_OK;
}

static int list(bram_ctx *cx, struct lists *out, const bram_mat *gram, const uint8_t *use)
{
    struct listing l = {out, gram, use};
    return bram_parallel_for(cx, (gram->rows + ROWS_A_TASK - 1) / ROWS_A_TASK, list_rows, &l);
}

/* ---- neighbourhoods ------------------------------------------------------------------------- */

/* How many entries of a list have weight before `all` is reached, and what they weigh. */
static size_t fill_hood(bram_hood *hood, const uint32_t *list, size_t length, const double *w,
                        double all, uint32_t *row, double *weight)
{
    size_t count = 0;
    double left = all;
    for (size_t j = 0; j < length && left > 1e-12 * all; j++) {
        double part = fmin(w[list[j]], left);
        if (!(part > 0)) continue;
        if (row) row[count] = list[j], weight[count] = part;
        count++;
        left -= part;
    }
    *hood = (bram_hood){row, weight, count, all - left};
    return count;
}

/* Neighbourhoods of all rows that are drawn; in scratch memory. */
static int make_hoods(bram_ctx *cx, bram_hood **out, const struct lists *l,
                      const bram_row_weights *w, size_t usable, size_t k)
{
    bram_hood *hood = bram_scratch(cx, l->n, sizeof *hood);
    if (!hood) return BRAM_ENOMEM;
    double share = (double)k * w->sum / (double)usable;
    size_t total = 0;
    for (size_t i = 0; i < l->n; i++)
        if (w->w[i] > 0)
            total += fill_hood(&hood[i], l->row + i * l->length, l->length, w->w,
                               fmin(share, w->sum - w->w[i]), NULL, NULL);
    uint32_t *row = bram_scratch(cx, total, sizeof *row);
    double *weight = row ? bram_scratch(cx, total, sizeof *weight) : NULL;
    if (!weight) return BRAM_ENOMEM;
    for (size_t i = 0, at = 0; i < l->n; i++)
        if (w->w[i] > 0)
            at += fill_hood(&hood[i], l->row + i * l->length, l->length, w->w,
                            fmin(share, w->sum - w->w[i]), row + at, weight + at);
    *out = hood;
    return BRAM_OK;
}

/* ---- both sides ----------------------------------------------------------------------------- */

struct pair {
    const bram_neighbour_rule *rule;
    const bram_neighbours *model, *brain;
    bram_options *options;
    bram_row_set rows;
    struct lists list[2];
    double chance;
};

void bram_neighbour_release_pair(void *pair)
{
    struct pair *s = pair;
    if (!s) return;
    bram_options_free(s->options);
    bram_row_set_release(&s->rows);
    bram_free(s->list[0].row);
    bram_free(s->list[1].row);
    bram_free(s);
}

double bram_neighbour_chance(const void *pair)
{
    return ((const struct pair *)pair)->chance;
}

/* The weighted mean over rows, or the value of all of them. */
static int apply(bram_ctx *cx, double *value, const struct pair *s, const bram_hood *x,
                 const bram_hood *y, const bram_neighbours *brain, const bram_row_weights *w)
{
    const bram_neighbour_rule *rule = s->rule;
    if (rule->whole) return rule->whole(cx, value, s->model, brain, x, y, w, s->options);
    double sum = 0, *seen = bram_scratch(cx, s->rows.rows, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->rows.rows; i++)
        if (w->w[i] > 0) sum += w->w[i] * rule->formula(i, x, y, w->w, seen);
    *value = rule->finish ? rule->finish(sum / w->sum, s->model->k, s->options) : sum / w->sum;
    return BRAM_OK;
}

/* The mean over orders of the rows of the brain side. */
static int permuted(bram_ctx *cx, double *chance, const struct pair *s, const bram_hood *x,
                    const bram_row_weights *w)
{
    size_t n = s->rows.rows, *order = bram_scratch(cx, n, sizeof *order);
    bram_neighbours other = *s->brain;
    struct lists l = {.n = n, .length = s->list[1].length};
    if (!order || !(l.row = bram_scratch(cx, n * l.length, sizeof *l.row))) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &other.gram, n, n));
    double sum = 0;
    for (size_t draw = 0; draw < CHANCE_DRAWS; draw++) {
        bram_rng g = bram_rng_at(0, "metric/chance", draw);
        bram_rng_permutation(&g, n, order);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                bram_row(&other.gram, i)[j] = bram_row(&s->brain->gram, order[i])[order[j]];
        size_t mark = bram_scratch_mark(cx);
        bram_hood *y = NULL;
        double value = NAN;
        int status = list(cx, &l, &other.gram, NULL);
        if (status == BRAM_OK) status = make_hoods(cx, &y, &l, w, n, s->brain->k);
        if (status == BRAM_OK) status = apply(cx, &value, s, x, y, &other, w);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
        sum += value / CHANCE_DRAWS;
    }
    *chance = sum;
    return BRAM_OK;
}

static int find_chance(bram_ctx *cx, struct pair *s)
{
    bram_row_weights w;
    bram_hood *x;
    size_t n = s->rows.usable, k = s->model->k;
    if (n < k + 1) return BRAM_OK;
    BRAM_TRY(bram_row_set_weigh(cx, &w, &s->rows, NULL));
    BRAM_TRY(make_hoods(cx, &x, &s->list[0], &w, n, k));
    if (s->rule->chance) s->chance = s->rule->chance(x, n, s->rows.rows, k);
    else if (n == s->rows.rows && n <= CHANCE_ROWS) return permuted(cx, &s->chance, s, x, &w);
    if (s->rule->finish) s->chance = s->rule->finish(s->chance, k, s->options);
    return BRAM_OK;
}

static int fill_pair(bram_ctx *cx, struct pair *s, const bram_options *o, const bram_comparison *c)
{
    const bram_neighbours *side[] = {s->model, s->brain};
    BRAM_TRY(bram_options_new(cx, &s->options, s->rule->params, bram_options_canonical(o)));
    BRAM_TRY(bram_row_set_init(cx, &s->rows, s->model->patterns, s->brain->patterns, &c->groups,
                               s->rule->name));
    size_t n = s->rows.rows, k = s->model->k;
    if (n < k + 1 || n > UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu neighbours of %zu conditions, expected k < n", k, n);
    if (s->rows.usable < k + 1)
        bram_note(cx, "%s: %zu neighbours of %zu conditions: not defined", s->rule->name, k,
                  s->rows.usable);
    size_t length = s->rows.groups > 1 ? n - 1 : k;
    if (c->memory && 8.0 * (double)n * (double)length > (double)c->memory)
        return bram_fail(cx, BRAM_EMEMORY,
                         "lists of neighbours of %zu conditions need %.0f bytes, the budget is %zu",
                         n, 8.0 * (double)n * (double)length, c->memory);
    for (size_t m = 0; m < 2; m++) {
        s->list[m] = (struct lists){bram_alloc(cx, n, length * sizeof(uint32_t)), n, length};
        if (!s->list[m].row) return BRAM_ENOMEM;
        BRAM_TRY(list(cx, &s->list[m], &side[m]->gram, s->rows.use));
    }
    /* where rows do not count, lists end early; but what stands before the end is all the weight
     * there is, so nobody looks behind it */
    return find_chance(cx, s);
}

int bram_neighbour_pair(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                        const bram_comparison *c, const bram_neighbour_rule *rule)
{
    struct pair *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct pair){.rule = rule, .model = c->model, .brain = c->brain, .chance = NAN};
    size_t mark = bram_scratch_mark(cx);
    int status = fill_pair(cx, s, o, c);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *pair = s, *values = 1;
    else bram_neighbour_release_pair(s);
    return status;
}

static int compare(bram_ctx *cx, double *value, const struct pair *s, const double *weight)
{
    bram_row_weights w;
    bram_hood *x, *y;
    BRAM_TRY(bram_row_set_weigh(cx, &w, &s->rows, weight));
    *value = NAN;
    if (s->rows.usable < s->model->k + 1 || w.drawn < 2) return BRAM_OK;
    BRAM_TRY(make_hoods(cx, &x, &s->list[0], &w, s->rows.usable, s->model->k));
    BRAM_TRY(make_hoods(cx, &y, &s->list[1], &w, s->rows.usable, s->brain->k));
    return apply(cx, value, s, x, y, s->brain, &w);
}

int bram_neighbour_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = compare(cx, &value, pair, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}
