/*
 * copies.c - finds recordings that are copies of each other; see copies.h.
 */
#include "copies.h"

#include "sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_BINS = BRAM_SKETCH_LEAST_BINS, MOST_SAMPLES = 4096, FEW = 3 };
static const double usual_bin = 4, sketches_agree = 0.6, same_column = 0.9, same_alone = 0.99,
                    half = 0.5;

static double time_at(const bram_recording *r, size_t i)
{
    return bram_axis_values(r->time)[i];
}

/* ---- columns at common times ---------------------------------------------------------------- */

/* Samples k = 0 .. n - 1 at time from + k step on the clock of a, lag later on that of b. */
struct grid {
    double from, step, lag;
    size_t n;
};

/* Row and weight for interpolation at a time within the recording; `at` is where to look from. */
static double place(const bram_recording *r, double time, size_t *at)
{
    while (*at + 2 < r->rows && time_at(r, *at + 1) <= time) ++*at;
    double before = time_at(r, *at), after = time_at(r, *at + 1);
    double w = (time - before) / (after - before);
    return w < 0 ? 0 : w > 1 ? 1 : w;
}

/* A column as a unit vector of n samples about their mean; what is missing is the mean, 0. */
static void unit_vector(double *c, size_t n)
{
    double count = 0, sum = 0, square = 0;
    for (size_t k = 0; k < n; k++)
        if (!isnan(c[k])) count++, sum += c[k];
    double mean = count > 0 ? sum / count : 0;
    for (size_t k = 0; k < n; k++) {
        c[k] = isnan(c[k]) ? 0 : c[k] - mean;
        square += c[k] * c[k];
    }
    double scale = square > 1e-20 * count * mean * mean && square > 0 ? 1 / sqrt(square) : 0;
    for (size_t k = 0; k < n; k++) c[k] *= scale;
}

static double sample(const bram_recording *r, size_t row, size_t u, double w)
{
    const double *x = r->values + row * r->units + u, *y = x + r->units;
    const uint8_t *p = r->present + row * r->units + u;
    return p[0] && p[r->units] ? *x + w * (*y - *x) : (double)NAN;
}

static void column_at(double *out, const bram_recording *r, size_t u, double from,
                      const struct grid *g)
{
    size_t at = 0;
    for (size_t k = 0; k < g->n; k++) {
        double w = place(r, from + (double)k * g->step, &at);
        out[k] = sample(r, at, u, w);
    }
    unit_vector(out, g->n);
}

/* All columns: units x n in scratch memory. */
static double *columns_at(bram_ctx *cx, const bram_recording *r, double from, const struct grid *g)
{
    double *z = bram_scratch(cx, r->units * g->n, sizeof *z);
    size_t at = 0;
    for (size_t k = 0; z && k < g->n; k++) {
        double w = place(r, from + (double)k * g->step, &at);
        for (size_t u = 0; u < r->units; u++) z[u * g->n + k] = sample(r, at, u, w);
    }
    for (size_t u = 0; z && u < r->units; u++) unit_vector(z + u * g->n, g->n);
    return z;
}

/* What both have at a lag. */
static struct grid grid_at(const bram_recording *a, const bram_recording *b, double lag)
{
    double from = time_at(a, 0), to = time_at(a, a->rows - 1);
    double from_b = time_at(b, 0) - lag, to_b = time_at(b, b->rows - 1) - lag;
    if (from_b > from) from = from_b;
    if (to_b < to) to = to_b;
    double step = a->dt > b->dt ? a->dt : b->dt;
    if ((to - from) / step > MOST_SAMPLES) step = (to - from) / MOST_SAMPLES;
    double n = to > from ? floor((to - from) / step) + 1 : 0;
    return (struct grid){from, step, lag, (size_t)n};
}

/* ---- the comparison ------------------------------------------------------------------------- */

static double dot(const double *x, const double *y, size_t n)
{
    double sum[8] = {0}, rest = 0;
    size_t k = 0;
    for (; k + 8 <= n; k += 8)
        for (size_t l = 0; l < 8; l++) sum[l] += x[k + l] * y[k + l];
    for (; k < n; k++) rest += x[k] * y[k];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])) + rest;
}

/* Columns that are each other's best partner. */
struct pair {
    size_t i, j;
    double r;
};

static int best_first(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->r != y->r) return x->r < y->r ? 1 : -1;
    return (x->i > y->i) - (x->i < y->i);
}

/* Pairs in scratch memory, the best first. */
static int pair_columns(bram_ctx *cx, struct pair **out, size_t *count, const bram_recording *a,
                        const bram_recording *b, const struct grid *g)
{
    size_t na = a->units, nb = b->units, n = 0;
    struct pair *pair = bram_scratch(cx, na, sizeof *pair);
    double *za = columns_at(cx, a, g->from, g), *zb = columns_at(cx, b, g->from + g->lag, g);
    double *best_a = bram_scratch(cx, na, sizeof *best_a);
    double *best_b = bram_scratch(cx, nb, sizeof *best_b);
    size_t *of_a = bram_scratch(cx, na, sizeof *of_a), *of_b = bram_scratch(cx, nb, sizeof *of_b);
    if (!pair || !za || !zb || !best_a || !best_b || !of_a || !of_b) return BRAM_ENOMEM;
    for (size_t i = 0; i < na; i++)
        for (size_t j = 0; j < nb; j++) {
            double r = fabs(dot(za + i * g->n, zb + j * g->n, g->n));
            if (r > best_a[i]) best_a[i] = r, of_a[i] = j;
            if (r > best_b[j]) best_b[j] = r, of_b[j] = i;
        }
    for (size_t i = 0; i < na; i++)
        if (best_a[i] > 0 && of_b[of_a[i]] == i) pair[n++] = (struct pair){i, of_a[i], best_a[i]};
    if (n) qsort(pair, n, sizeof *pair, best_first);
    *out = pair;
    *count = n;
    return BRAM_OK;
}

/* The mean |r| of the best pairs at a lag. */
static double pairs_match(const bram_recording *a, const bram_recording *b, const struct pair *pair,
                          size_t n, double lag, double *x, double *y)
{
    struct grid g = grid_at(a, b, lag);
    double sum = 0;
    if (g.n < LEAST_BINS) return -1;
    for (size_t k = 0; k < n; k++) {
        column_at(x, a, pair[k].i, g.from, &g);
        column_at(y, b, pair[k].j, g.from + lag, &g);
        sum += fabs(dot(x, y, g.n));
    }
    return sum / (double)n;
}

/* The lag near a first guess at which the best pairs of columns agree best. */
static int refine_lag(bram_ctx *cx, double *lag, const bram_recording *a, const bram_recording *b,
                      const struct pair *pair, size_t n, double bin)
{
    enum { PAIRS = 6, ROOM = MOST_SAMPLES + 8 };
    size_t mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, ROOM, sizeof *x), *y = bram_scratch(cx, ROOM, sizeof *y);
    double reach = 1.5 * bin, step = (a->dt > b->dt ? a->dt : b->dt) / 2, best = -2;
    if (!x || !y) return BRAM_ENOMEM;
    if (step < reach / 32) step = reach / 32;
    if (n > PAIRS) n = PAIRS;
    for (int pass = 0; pass < 3; pass++) { /* finer about the best */
        double first = *lag - reach;
        size_t steps = (size_t)(2 * reach / step);
        for (size_t k = 0; k <= steps; k++) {
            double at = first + (double)k * step, r = pairs_match(a, b, pair, n, at, x, y);
            if (r > best) best = r, *lag = at;
        }
        reach = step;
        step /= 8;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static void count_pairs(bram_copy *c, const struct pair *pair, size_t n)
{
    c->matched = 0;
    while (c->matched < n && pair[c->matched].r >= same_column) c->matched++;
    c->r = c->matched ? pair[c->matched / 2].r : 0;
}

/* Both are in memory and their sketches agree at a lag. */
static int look_closely(bram_ctx *cx, bool *are, bram_copy *copy, const bram_recording *a,
                        const bram_recording *b, double lag, double bin)
{
    size_t mark = bram_scratch_mark(cx), n = 0;
    struct pair *pair = NULL;
    struct grid g = grid_at(a, b, lag);
    bram_copy c = *copy;
    *are = false;
    if (g.n < LEAST_BINS) return BRAM_OK;
    BRAM_TRY(pair_columns(cx, &pair, &n, a, b, &g));
    if (n) BRAM_TRY(refine_lag(cx, &lag, a, b, pair, n, bin));
    g = grid_at(a, b, lag);
    if (n) BRAM_TRY(pair_columns(cx, &pair, &n, a, b, &g));
    if (n) count_pairs(&c, pair, n);
    bram_scratch_release(cx, mark);
    c.lag = lag;
    c.overlap = (double)g.n * g.step;
    c.columns = a->units < b->units ? a->units : b->units;
    bool few = c.columns < FEW;
    *are = few ? c.matched == c.columns && c.columns && c.r >= same_alone
               : c.matched >= FEW && (double)c.matched >= half * (double)c.columns;
    if (*are) *copy = c;
    return BRAM_OK;
}

/* A bin for recordings that short or that slow. */
static double bin_for(double shortest, double slowest)
{
    double bin = usual_bin < shortest / 64 ? usual_bin : shortest / 64;
    return bin > 2 * slowest ? bin : 2 * slowest;
}

static double lag_of(const bram_sketch *a, const bram_sketch *b, ptrdiff_t bins, double bin)
{
    return b->first + (double)bins * bin - a->first;
}

static double duration_of(const bram_recording *r)
{
    return time_at(r, r->rows - 1) - time_at(r, 0);
}

static bool is_enough(const bram_recording *r)
{
    return r->rows >= LEAST_BINS && r->units > 0 && bram_axis_values(r->time) != NULL;
}

int bram_copies_compare(bram_ctx *cx, bool *are, bram_copy *copy, const bram_recording *a,
                        const bram_recording *b)
{
    *are = false;
    if (!is_enough(a) || !is_enough(b)) return BRAM_OK;
    double x = duration_of(a), y = duration_of(b);
    double bin = bin_for(x < y ? x : y, a->dt > b->dt ? a->dt : b->dt);
    bram_sketch s = {0}, t = {0};
    ptrdiff_t bins = 0;
    int status = bram_sketch_make(cx, &s, a, bin);
    if (status == BRAM_OK) status = bram_sketch_make(cx, &t, b, bin);
    if (status == BRAM_OK && bram_sketch_lag(&s, &t, &bins) >= sketches_agree)
        status = look_closely(cx, are, copy, a, b, lag_of(&s, &t, bins, bin), bin);
    bram_sketch_release(&s);
    bram_sketch_release(&t);
    return status;
}

int bram_copies_refuse(bram_ctx *cx, const bram_recording *scored, const bram_recording *others,
                       size_t count)
{
    size_t mark = bram_scratch_mark(cx);
    for (size_t i = 0; i < count; i++) {
        bool are = false;
        bram_copy c = {.a = 0};
        BRAM_TRY(bram_copies_compare(cx, &are, &c, scored, &others[i]));
        bram_scratch_release(cx, mark);
        if (are)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "%s, which is scored, is a copy of %s, which is learned from: %zu of "
                             "%zu traces alike with |r| about %.3f (copies=allow in the "
                             "benchmark's options scores it all the same)",
                             scored->id, others[i].id, c.matched, c.columns, c.r);
    }
    return BRAM_OK;
}

/* ---- many recordings ------------------------------------------------------------------------ */

struct search {
    const bram_copy_source *source;
    bram_sketch *sketch;
    double bin;
    bram_copy *found;
    size_t count, room;
};

/* The response to compare, or NULL. */
static const bram_response *find_response(bram_ctx *cx, const bram_copy_source *s,
                                          const char **name, int *status)
{
    static const char *const names[] = {"raw", "activity"};
    for (size_t k = 0; k < 2 && *status == BRAM_OK; k++) {
        char *path = bram_strf(cx, "recordings/%s/%s", s->id, names[k]);
        const bram_response *r = path ? bram_dataset_response(s->ds, path) : NULL;
        if (!path) *status = BRAM_ENOMEM;
        bram_free(path);
        *name = names[k];
        if (r && bram_response_dims(r) == 2 && bram_axis_values(bram_response_axis(r, 0))) return r;
    }
    return NULL;
}

/* @return whether there is something to compare, in *is */
static int read_source(bram_ctx *cx, bram_recording *out, bool *is, const bram_copy_source *s)
{
    const char *name = NULL;
    int status = BRAM_OK;
    *is = false;
    if (!find_response(cx, s, &name, &status)) return status;
    BRAM_TRY(bram_recording_read(cx, out, s->ds, s->id, name));
    *is = is_enough(out);
    if (!*is) bram_recording_release(out);
    return BRAM_OK;
}

/* The bin that suits all, from their axes. */
static double common_bin(bram_ctx *cx, const struct search *s, size_t n, int *status)
{
    double shortest = INFINITY, slowest = 0;
    for (size_t i = 0; i < n && *status == BRAM_OK; i++) {
        const char *name;
        const bram_response *r = find_response(cx, &s->source[i], &name, status);
        size_t rows = r ? bram_response_length(r, 0) : 0;
        if (rows < LEAST_BINS) continue;
        const double *time = bram_axis_values(bram_response_axis(r, 0));
        double duration = time[rows - 1] - time[0], step = duration / (double)(rows - 1);
        if (duration < shortest) shortest = duration;
        if (step > slowest) slowest = step;
    }
    return isinf(shortest) ? usual_bin : bin_for(shortest, slowest);
}

static int sketch_all(bram_ctx *cx, struct search *s, size_t n)
{
    int status = BRAM_OK;
    s->bin = common_bin(cx, s, n, &status);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        bram_recording r = {0};
        bool is = false;
        bram_ctx_progress(cx, "sketches of recordings", (double)i, (double)n);
        status = bram_ctx_check_cancel(cx);
        if (status == BRAM_OK) status = read_source(cx, &r, &is, &s->source[i]);
        if (status == BRAM_OK && is) status = bram_sketch_make(cx, &s->sketch[i], &r, s->bin);
        if (is) bram_recording_release(&r);
    }
    return status;
}

static int keep(bram_ctx *cx, struct search *s, const bram_copy *copy)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        bram_copy *found = bram_realloc(cx, s->found, room, sizeof *found);
        if (!found) return BRAM_ENOMEM;
        s->found = found;
        s->room = room;
    }
    s->found[s->count++] = *copy;
    return BRAM_OK;
}

/* Recording a against all behind it. */
static int compare_with_rest(bram_ctx *cx, struct search *s, size_t a, size_t n)
{
    bram_recording ra = {0};
    bool loaded = false;
    int status = bram_ctx_check_cancel(cx);
    for (size_t b = a + 1; b < n && status == BRAM_OK; b++) {
        ptrdiff_t bins = 0;
        bram_recording rb = {0};
        bool is = false, are = false;
        if (!s->sketch[b].bins ||
            bram_sketch_lag(&s->sketch[a], &s->sketch[b], &bins) < sketches_agree)
            continue;
        if (!loaded) status = read_source(cx, &ra, &loaded, &s->source[a]);
        if (status == BRAM_OK) status = read_source(cx, &rb, &is, &s->source[b]);
        bram_copy copy = {.a = a, .b = b};
        if (status == BRAM_OK && loaded && is)
            status = look_closely(cx, &are, &copy, &ra, &rb,
                                  lag_of(&s->sketch[a], &s->sketch[b], bins, s->bin), s->bin);
        if (status == BRAM_OK && are) status = keep(cx, s, &copy);
        if (is) bram_recording_release(&rb);
    }
    if (loaded) bram_recording_release(&ra);
    return status;
}

int bram_copies_find(bram_ctx *cx, bram_copy **out, size_t *count, const bram_copy_source *source,
                     size_t sources)
{
    struct search s = {.source = source};
    s.sketch = bram_alloc(cx, sources, sizeof *s.sketch);
    if (!s.sketch) return BRAM_ENOMEM;
    int status = sketch_all(cx, &s, sources);
    for (size_t a = 0; a < sources && status == BRAM_OK; a++) {
        bram_ctx_progress(cx, "comparing recordings", (double)a, (double)sources);
        if (s.sketch[a].bins) status = compare_with_rest(cx, &s, a, sources);
    }
    for (size_t i = 0; i < sources; i++) bram_sketch_release(&s.sketch[i]);
    bram_free(s.sketch);
    if (status != BRAM_OK) {
        bram_free(s.found);
        return status;
    }
    *out = s.found;
    *count = s.count;
    return BRAM_OK;
}
