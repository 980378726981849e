/*
 * kernel_pair.c - kernel matrices of two sides and their HSIC ratio; see kernel_pair.h and hsic.h.
 *
 * A linear kernel of n rows and p channels is used as features (n p q a product) or as its Gram
 * matrix (n^2 (p + q) once, then n^2 a comparison): the latter with p >= n, and where many draws
 * are to come and the matrices fit the memory. The choice depends on the shapes and the memory
 * alone.
 *
 * RBF: K_ij = exp(-d_ij^2 / (2 sigma^2)), sigma^2 = bandwidth^2 times the median of the squared
 * distances over the full matrix, the zeros of the diagonal included (Kornblith et al. 2019); it is
 * of the rows as recorded, under any weights.
 */
#include "kernel_pair.h"

#include "alignment.h"
#include "resample.h"
#include "stats.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

struct side {
    bram_patterns *patterns;
    bram_mat gram; /* data NULL: not made */
};

struct pair {
    bram_kernel_rule rule;
    const struct side *model, *brain;
    bram_mat own[2]; /* Gram matrices made for this pair */
    const bram_mat *gram[2];
    bram_row_set rows;
    double chance;
    double whole; /* the ratio under weights of one; not for minibatches */
};

/* ---- one side ------------------------------------------------------------------------------- */

void bram_kernel_release(void *prepared)
{
    struct side *s = prepared;
    if (!s) return;
    bram_patterns_free(s->patterns);
    bram_free(s->gram.data);
    bram_free(s);
}

/* The median of the squared distances of rows that count: of all n^2 entries of the matrix. */
static int median_square(bram_ctx *cx, double *median, const bram_patterns *p, const bram_mat *gram)
{
    size_t n = gram->rows, count = 0, used = 0;
    double *d = bram_scratch(cx, n * (n - 1) / 2, sizeof *d);
    if (!d) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (p->complete && !p->complete[i]) continue;
        used++;
        for (size_t j = 0; j < i; j++)
            if (!p->complete || p->complete[j])
                d[count++] = fmax(0, bram_row(gram, i)[i] + bram_row(gram, j)[j] -
                                         2 * bram_row(gram, i)[j]);
    }
    bram_sort(d, count);
    size_t all = used * used, high = all / 2, low = (all - 1) / 2;
    double a = low < used ? 0 : d[(low - used) / 2], b = high < used ? 0 : d[(high - used) / 2];
    *median = (a + b) / 2;
    return BRAM_OK;
}

/* In place: squared distances from the Gram matrix, then the kernel. */
static int make_rbf(bram_ctx *cx, bram_mat *gram, const bram_patterns *p, double bandwidth)
{
    size_t mark = bram_scratch_mark(cx), n = gram->rows;
    double median = 0, *square = bram_scratch(cx, n, sizeof *square);
    int status = square ? median_square(cx, &median, p, gram) : BRAM_ENOMEM;
    for (size_t i = 0; square && i < n; i++) square[i] = bram_row(gram, i)[i];
    for (size_t i = 0; status == BRAM_OK && i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double d = fmax(0, square[i] + square[j] - 2 * bram_row(gram, i)[j]);
            /* all rows equal: a kernel of ones, which centring makes zero */
            bram_row(gram, i)[j] = median > 0 ? exp(-d / (2 * bandwidth * bandwidth * median)) : 1;
        }
    bram_scratch_release(cx, mark);
    return status;
}

static int make_gram(bram_ctx *cx, bram_mat *gram, const bram_patterns *p)
{
    BRAM_TRY(bram_mat_new(cx, gram, p->x.rows, p->x.rows));
    return bram_syrk(cx, gram, 1, &p->x, BRAM_AS_IS, 0);
}

static int fill_side(bram_ctx *cx, struct side *s, const bram_side *given,
                     const bram_kernel_rule *rule)
{
    BRAM_TRY(bram_patterns_new(cx, &s->patterns, given, BRAM_PATTERNS_REDUCE, rule->name));
    const bram_mat *x = &s->patterns->x;
    if (rule->bandwidth == 0 && (rule->batch || x->cols < x->rows)) return BRAM_OK;
    BRAM_TRY(make_gram(cx, &s->gram, s->patterns));
    return rule->bandwidth > 0 ? make_rbf(cx, &s->gram, s->patterns, rule->bandwidth) : BRAM_OK;
}

int bram_kernel_prepare(bram_ctx *cx, void **prepared, const bram_side *side,
                        const bram_kernel_rule *rule)
{
    struct side *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    int status = fill_side(cx, s, side, rule);
    if (status == BRAM_OK) *prepared = s;
    else bram_kernel_release(s);
    return status;
}

/* ---- both sides ----------------------------------------------------------------------------- */

void bram_kernel_release_pair(void *pair)
{
    struct pair *s = pair;
    if (!s) return;
    bram_free(s->own[0].data);
    bram_free(s->own[1].data);
    bram_row_set_release(&s->rows);
    bram_free(s);
}

double bram_kernel_chance(const void *pair)
{
    return ((const struct pair *)pair)->chance;
}

/* Both sides as Gram matrices, where one is one, or where many draws make it worth while. */
static int choose_form(bram_ctx *cx, struct pair *s, const bram_comparison *c)
{
    const struct side *side[] = {s->model, s->brain};
    double n = (double)s->rows.rows, bytes = 16 * n * n;
    bool draws = s->rows.groups > 1 && (!c->memory || bytes <= (double)c->memory);
    bool wanted = s->model->gram.data || s->brain->gram.data || (draws && !s->rule.batch);
    for (size_t k = 0; wanted && k < 2; k++) {
        if (!side[k]->gram.data) BRAM_TRY(make_gram(cx, &s->own[k], side[k]->patterns));
        s->gram[k] = side[k]->gram.data ? &side[k]->gram : &s->own[k];
    }
    return BRAM_OK;
}

static void kernels_of(bram_kernel kernel[2], const struct pair *s)
{
    kernel[0] = (bram_kernel){s->gram[0], &s->model->patterns->x};
    kernel[1] = (bram_kernel){s->gram[1], &s->brain->patterns->x};
}

/* Tells what is to be read instead where the biased value says little. */
static void note_bias(bram_ctx *cx, const struct pair *s)
{
    size_t p = s->model->patterns->channels, q = s->brain->patterns->channels;
    size_t least = p < q ? p : q;
    if (s->rule.form == BRAM_HSIC_GRETTON && s->rule.bandwidth == 0 && s->rows.rows <= least)
        bram_note(cx,
                  "%s: %zu conditions, %zu and %zu channels: the biased value nears 1 for noise "
                  "as well (chance says how near); cka:hsic=song is to be read",
                  s->rule.name, s->rows.rows, p, q);
}

static int fill_pair(bram_ctx *cx, struct pair *s, const bram_comparison *c)
{
    bram_kernel kernel[2];
    bram_row_weights w;
    BRAM_TRY(bram_row_set_init(cx, &s->rows, s->model->patterns, s->brain->patterns, &c->groups,
                               s->rule.name));
    BRAM_TRY(choose_form(cx, s, c));
    note_bias(cx, s);
    if (s->rule.batch) {
        s->chance = s->rule.angular ? bram_angle(0) : 0;
        return BRAM_OK;
    }
    kernels_of(kernel, s);
    size_t mark = bram_scratch_mark(cx);
    int status = bram_row_set_weigh(cx, &w, &s->rows, NULL);
    bram_hsic_terms terms;
    if (status == BRAM_OK)
        status = bram_hsic_compare(cx, &terms, s->rule.form, &kernel[0], &kernel[1], w.w,
                                   s->rows.rows);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) return status;
    s->whole = bram_hsic_ratio(&terms);
    if (terms.drawn > 1) s->chance = bram_hsic_chance(&terms);
    if (s->rule.angular) s->chance = bram_angle(s->chance);
    return status;
}

int bram_kernel_pair(bram_ctx *cx, void **pair, size_t *values, const bram_comparison *c,
                     const bram_kernel_rule *rule)
{
    struct pair *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct pair){.rule = *rule, .model = c->model, .brain = c->brain, .chance = NAN};
    int status = fill_pair(cx, s, c);
    if (status == BRAM_OK) *pair = s, *values = 1;
    else bram_kernel_release_pair(s);
    return status;
}

/* ---- comparing ------------------------------------------------------------------------------ */

/* The rows of these indices of a kernel, as features or as a Gram matrix; scratch memory. */
static int take_rows(bram_ctx *cx, bram_kernel *out, bram_mat *room, const bram_kernel *k,
                     const size_t *row, size_t count)
{
    const bram_mat *from = k->gram ? k->gram : k->features;
    BRAM_TRY(bram_mat_scratch(cx, room, count, k->gram ? count : from->cols));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < room->cols; j++)
            bram_row(room, i)[j] = bram_row(from, row[i])[k->gram ? row[j] : j];
    *out = (bram_kernel){k->gram ? room : NULL, k->gram ? NULL : room};
    return BRAM_OK;
}

/* Adds the three terms of one minibatch; one with fewer than 4 rows drawn counts nothing. */
static int add_batch(bram_ctx *cx, double term[3], const bram_kernel kernel[2], const double *w,
                     const size_t *row, size_t count)
{
    bram_mat room[2];
    bram_kernel part[2];
    double *weight = bram_scratch(cx, count, sizeof *weight), value[3];
    if (!weight) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) weight[i] = w[row[i]];
    for (size_t k = 0; k < 2; k++)
        BRAM_TRY(take_rows(cx, &part[k], &room[k], &kernel[k], row, count));
    for (size_t t = 0; t < 3; t++) /* both sides, the first with itself, the second */
        BRAM_TRY(bram_hsic_value(cx, &value[t], BRAM_HSIC_SONG, &part[t == 2], &part[t != 1],
                                 weight, count));
    for (size_t t = 0; t < 3 && !isnan(value[t]); t++) term[t] += value[t];
    return BRAM_OK;
}

static int minibatches(bram_ctx *cx, double *value, const struct pair *s,
                       const bram_kernel kernel[2], const double *w)
{
    size_t n = s->rows.rows, *row = bram_scratch(cx, n, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(0, "cka/minibatch");
    bram_rng_permutation(&g, n, row);
    bram_blocks blocks = bram_blocks_cut(n, s->rule.batch);
    double term[3] = {0};
    for (size_t b = 0; b < blocks.count; b++) {
        size_t first = bram_blocks_first(blocks, b), mark = bram_scratch_mark(cx);
        size_t count = bram_blocks_first(blocks, b + 1) - first;
        int status = add_batch(cx, term, kernel, w, row + first, count);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
    }
    *value = term[1] > 0 && term[2] > 0 ? term[0] / sqrt(term[1]) / sqrt(term[2]) : (double)NAN;
    return BRAM_OK;
}

static int ratio(bram_ctx *cx, double *value, const struct pair *s, const double *weight)
{
    bram_kernel kernel[2];
    bram_row_weights w;
    kernels_of(kernel, s);
    BRAM_TRY(bram_row_set_weigh(cx, &w, &s->rows, weight));
    bram_hsic_terms terms;
    if (s->rule.batch) {
        BRAM_TRY(minibatches(cx, value, s, kernel, w.w));
    } else if (weight) {
        BRAM_TRY(
            bram_hsic_compare(cx, &terms, s->rule.form, &kernel[0], &kernel[1], w.w, s->rows.rows));
        *value = bram_hsic_ratio(&terms);
    } else {
        *value = s->whole;
    }
    if (s->rule.angular) *value = bram_angle(*value);
    return BRAM_OK;
}

int bram_kernel_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = ratio(cx, &value, pair, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}
