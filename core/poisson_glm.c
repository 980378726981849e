/*
 * poisson_glm.c - objective, gradient and information of Poisson regression; see poisson_glm.h.
 */
#include "poisson_glm.h"

#include "linalg.h"
#include "poisson_many.h"
#include "wide.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Rows of a block, most targets that share a pass over the design, and how the rows are cut for
 * threads: by shapes alone, so that sums have one order. A block stays in the nearest caches. */
enum { GROUP = 32, WIDE_GROUP = 192, BLOCK = 256, LANES = 8, CHUNK = 2048, CHUNKS = 16 };

/* Up to this many coefficients the information of all targets is one product: of the sizes and of
 * the products u_i u_j (i >= j) of each row. Above, a product of scaled rows for each target. */
enum { FEW = 32 };

/* Most bytes that the information of all chunks may take. */
static const size_t ROOM = (size_t)1 << 26;

static const double LEAST_WEIGHT = 1e-10;

/* ---- one pass over the rows for a group of targets ------------------------------------------ */

/* Targets first .. first + count - 1 of a problem, and room for a block. What belongs to a target
 * lies side by side: matrices count x BLOCK, of which `cols` are in use. */
struct pass {
    const bram_glm *g;
    size_t first, count, m;
    bram_mat rows; /* BLOCK x M: those with weight; without weights, a view of the design */
    bram_mat eta, slope;
    double *y, *weight, *size;               /* count x BLOCK; size: what multiplies u u' */
    double *rate, *log_rate, *steep, *curve; /* BLOCK each: of one target */
    double common[BLOCK];                    /* weights of the rows */
    size_t at[BLOCK];                        /* where they are */
    bram_mat root; /* BLOCK x M: rows times the root of their size; or BLOCK x M (M + 1) / 2 */
};

static size_t packed(size_t m)
{
    return m * (m + 1) / 2;
}

static int new_pass(bram_ctx *cx, struct pass *p, const bram_glm *g, size_t first, size_t count,
                    bool information)
{
    *p = (struct pass){.g = g, .first = first, .count = count, .m = g->design->cols};
    if (g->weight) BRAM_TRY(bram_mat_scratch(cx, &p->rows, BLOCK, p->m));
    BRAM_TRY(bram_mat_scratch(cx, &p->eta, count, BLOCK));
    BRAM_TRY(bram_mat_scratch(cx, &p->slope, count, BLOCK));
    p->y = bram_scratch(cx, (3 * count + 4) * BLOCK, sizeof *p->y);
    if (!p->y) return BRAM_ENOMEM;
    p->weight = p->y + count * BLOCK;
    p->size = p->weight + count * BLOCK;
    p->rate = p->size + count * BLOCK;
    p->log_rate = p->rate + BLOCK;
    p->steep = p->log_rate + BLOCK;
    p->curve = p->steep + BLOCK;
    if (!information) return BRAM_OK;
    return bram_mat_scratch(cx, &p->root, BLOCK, p->m <= FEW ? packed(p->m) : p->m);
}

/* The next rows whose weight is in [least, below), from *row on, up to row `to`. */
static void gather(struct pass *p, size_t *row, size_t to, double least, double below)
{
    const bram_glm *g = p->g;
    size_t count = 0, lanes;
    if (!g->weight) p->rows = bram_mat_rows(*g->design, *row, 0);
    for (; *row < to && count < BLOCK; ++*row) {
        double w = g->weight ? g->weight[*row * g->weight_stride] : 1;
        if (!(w >= least && w < below)) continue;
        if (g->weight)
            memcpy(bram_row(&p->rows, count), bram_row(g->design, *row), p->m * sizeof(double));
        p->common[count] = w;
        p->at[count++] = *row;
    }
    p->rows.rows = p->eta.cols = p->slope.cols = p->root.rows = count;
    lanes = (count + LANES - 1) / LANES * LANES; /* rows that are none weigh nothing */
    for (size_t i = count; i < lanes; i++) p->common[i] = 0, p->at[i] = p->at[0];
    for (size_t k = 0; k < p->count && count; k++) {
        double *y = p->y + k * BLOCK, *weight = p->weight + k * BLOCK;
        const double *from = g->y.data + p->first + k;
        const uint8_t *there = g->present ? g->present + p->first + k : NULL;
        for (size_t i = 0; i < lanes; i++) {
            y[i] = from[p->at[i] * g->y.stride], weight[i] = p->common[i];
            if (there && !there[p->at[i] * g->present_stride]) y[i] = weight[i] = 0;
        }
    }
}

/* Sum of w (y log f - f), in 8 lanes. */
static BRAM_WIDE double add_up(const double *w, const double *y, const double *log_rate,
                               const double *rate, size_t n)
{
    bram_wide sum = {0}, a, b, c, d;
    for (size_t i = 0; i < n; i += LANES) {
        BRAM_WIDE_LOAD(a, w + i);
        BRAM_WIDE_LOAD(b, y + i);
        BRAM_WIDE_LOAD(c, log_rate + i);
        BRAM_WIDE_LOAD(d, rate + i);
        sum += a * (b * c - d);
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* Slopes w (y / f - 1) f' and sizes: w f'^2 / f, or w (f'^2 y / f^2 - (y / f - 1) f''). */
static BRAM_WIDE void differentiate(double *restrict slope, double *restrict size,
                                    const struct pass *p, const double *restrict y,
                                    const double *restrict w, size_t n, double inside,
                                    bool observed)
{
    const double *restrict rate = p->rate, *restrict steep = p->steep, *restrict curve = p->curve;
    for (size_t i = 0; i < n; i++) {
        double f = rate[i] + inside, share = y[i] / f;
        slope[i] = w[i] * (share - 1) * steep[i];
        size[i] = w[i] * steep[i] * steep[i] / f;
        if (observed) size[i] = size[i] * share - w[i] * (share - 1) * curve[i];
    }
}

/* From eta of a block: objectives (added), slopes and sizes. */
static void use_block(struct pass *p, double *objective, bool derivatives, bram_information kind)
{
    const bram_glm *g = p->g;
    size_t n = (p->rows.rows + LANES - 1) / LANES * LANES;
    for (size_t k = 0; k < p->count; k++) {
        double *eta = bram_row(&p->eta, k);
        const double *y = p->y + k * BLOCK, *w = p->weight + k * BLOCK;
        for (size_t i = p->rows.rows; i < n; i++) eta[i] = 0;
        bram_link_apply(g->link, g->inside, eta, n, p->rate, objective ? p->log_rate : NULL,
                        derivatives ? p->steep : NULL,
                        derivatives && kind == BRAM_OBSERVED ? p->curve : NULL);
        if (objective) objective[k] += add_up(w, y, p->log_rate, p->rate, n);
        if (derivatives)
            differentiate(bram_row(&p->slope, k), p->size + k * BLOCK, p, y, w, n, g->inside,
                          kind == BRAM_OBSERVED);
    }
}

/* Rows of the design that have this sign of size, times the root of it. @return how many */
static BRAM_WIDE size_t scale_rows(struct pass *p, const double *size, int sign)
{
    size_t used = 0;
    for (size_t i = 0; i < p->rows.rows; i++) {
        double s = size[i] * sign, *restrict to = bram_row(&p->root, used);
        const double *restrict from = bram_row(&p->rows, i);
        if (!(s > 0)) continue;
        double r = sqrt(s);
        for (size_t j = 0; j < p->m; j++) to[j] = r * from[j];
        used++;
    }
    return used;
}

/* information += sum of size u u', (targets M) x M. Sizes below 0 (observed, some links) are taken
 * apart. */
static int add_many(bram_ctx *cx, struct pass *p, bram_mat *information)
{
    for (size_t k = 0; k < p->count; k++) {
        bram_mat block = bram_mat_rows(*information, k * p->m, p->m);
        for (int sign = 1; sign >= -1; sign -= 2) {
            size_t used = scale_rows(p, p->size + k * BLOCK, sign);
            bram_mat root = bram_mat_rows(p->root, 0, used);
            if (used) BRAM_TRY(bram_syrk(cx, &block, sign, &root, BRAM_TRANSPOSED, 1));
            if (used == p->rows.rows) break;
        }
    }
    return BRAM_OK;
}

/* The lower triangle of u u' of each row, row by row of the triangle. */
static BRAM_WIDE void multiply_rows(struct pass *p)
{
    for (size_t i = 0; i < p->rows.rows; i++) {
        const double *restrict u = bram_row(&p->rows, i);
        double *restrict to = bram_row(&p->root, i);
        for (size_t j = 0; j < p->m; to += ++j)
            for (size_t k = 0; k <= j; k++) to[k] = u[j] * u[k];
    }
}

/* The same for few coefficients: targets x packed(M). */
static int add_few(bram_ctx *cx, struct pass *p, bram_mat *information)
{
    bram_mat size = {p->size, p->count, p->rows.rows, BLOCK};
    multiply_rows(p);
    return bram_gemm(cx, information, 1, &size, BRAM_AS_IS, &p->root, BRAM_AS_IS, 1);
}

/* ---- all of a problem ----------------------------------------------------------------------- */

struct evaluation {
    const bram_glm *g;
    const bram_mat *theta;
    bram_information kind;
    size_t groups, chunks, m, targets;
    size_t each; /* numbers of a target's information: packed(M) or M^2; 0: not wanted */
    /* of each chunk: objectives, gradient (M x targets), informations, sums of sizes; NULL: not
     * wanted */
    double *objective, *gradient, *information, *size;
};

static bram_mat columns(const bram_mat *m, size_t first, size_t count)
{
    return (bram_mat){m->data + first, m->rows, count, m->stride};
}

/* Rows from .. to - 1 whose weight is in [least, below). */
static int add_rows(bram_ctx *cx, const struct evaluation *e, struct pass *p, size_t chunk,
                    bool information, double least, double below)
{
    size_t row = chunk * e->g->design->rows / e->chunks;
    size_t to = (chunk + 1) * e->g->design->rows / e->chunks, first = chunk * e->targets + p->first;
    bram_mat theta = columns(e->theta, p->first, p->count), gradient = {0}, sum = {0};
    if (e->gradient)
        gradient = (bram_mat){e->gradient + chunk * e->m * e->targets + p->first, e->m, p->count,
                              e->targets};
    if (e->each) sum.data = e->information + first * e->each;
    sum.cols = sum.stride = e->m <= FEW ? e->each : e->m;
    sum.rows = e->m <= FEW ? p->count : p->count * e->m;
    while (row < to) {
        gather(p, &row, to, least, below);
        if (p->rows.rows == 0) break;
        BRAM_TRY(bram_gemm(cx, &p->eta, 1, &theta, BRAM_TRANSPOSED, &p->rows, BRAM_TRANSPOSED, 0));
        use_block(p, e->objective ? e->objective + first : NULL,
                  e->gradient || information || e->size, e->kind);
        if (e->gradient)
            BRAM_TRY(bram_gemm(cx, &gradient, 1, &p->rows, BRAM_TRANSPOSED, &p->slope,
                               BRAM_TRANSPOSED, 1));
        if (information) BRAM_TRY(e->m <= FEW ? add_few(cx, p, &sum) : add_many(cx, p, &sum));
        for (size_t k = 0; k < p->count && e->size; k++)
            for (size_t i = 0; i < p->rows.rows; i++) e->size[first + k] += p->size[k * BLOCK + i];
    }
    return BRAM_OK;
}

static int evaluate_task(bram_ctx *cx, size_t task, void *user)
{
    const struct evaluation *e = user;
    size_t group = task % e->groups, chunk = task / e->groups;
    size_t first = group * e->targets / e->groups;
    size_t count = (group + 1) * e->targets / e->groups - first;
    double heavy = e->each ? e->g->heavy : 0, least = heavy > LEAST_WEIGHT ? heavy : LEAST_WEIGHT;
    struct pass p;
    BRAM_TRY(new_pass(cx, &p, e->g, first, count, e->each));
    BRAM_TRY(add_rows(cx, e, &p, chunk, e->each, least, (double)INFINITY));
    if (least > LEAST_WEIGHT && (e->objective || e->gradient))
        BRAM_TRY(add_rows(cx, e, &p, chunk, false, LEAST_WEIGHT, least));
    return BRAM_OK;
}

/* Adds the chunks to the first one. */
static void add_chunks(double *sum, size_t chunks, size_t n)
{
    for (size_t c = 1; c < chunks; c++)
        for (size_t i = 0; i < n; i++) sum[i] += sum[c * n + i];
}

/* The informations of the first chunk, both triangles, where the caller wants them. */
static void unpack(bram_mat *information, const struct evaluation *e)
{
    const double *from = e->information;
    for (size_t n = 0; n < e->targets; n++)
        for (size_t i = 0; i < e->m; i++) {
            double *to = bram_row(information, n * e->m + i);
            if (e->m > FEW) memcpy(to, from, e->m * sizeof *to), from += e->m;
            for (size_t j = 0; j <= i && e->m <= FEW; j++)
                to[j] = bram_row(information, n * e->m + j)[i] = *from++;
        }
}

/* What the prior adds. */
static void add_prior(const bram_glm *g, const bram_mat *theta, size_t n, double *objective,
                      bram_mat *gradient, bram_mat *information)
{
    size_t m = g->design->cols;
    for (size_t j = 0; j < m && g->precision; j++) {
        double q = bram_row(g->precision, j)[n];
        double d = bram_row(theta, j)[n] - (g->centre ? bram_row(g->centre, j)[n] : 0);
        if (objective) objective[n] -= q * d * d / 2;
        if (gradient) bram_row(gradient, j)[n] -= q * d;
        if (information) bram_row(information, n * m + j)[j] += q;
    }
}

static int evaluate(bram_ctx *cx, struct evaluation *e, double *objective, bram_mat *gradient,
                    bram_mat *information)
{
    size_t targets = e->targets, slopes = gradient ? e->m * targets : 0;
    bool direct = information && e->m > FEW && e->chunks == 1; /* large: no copy of it */
    size_t all = (objective ? targets : 0) + slopes + (direct ? 0 : targets * e->each);
    double *sum = bram_scratch(cx, e->chunks, all * sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    if (objective) e->objective = sum, sum += e->chunks * targets;
    if (gradient) e->gradient = sum, sum += e->chunks * slopes;
    if (information) e->information = direct ? information->data : sum;
    if (direct) memset(information->data, 0, targets * e->each * sizeof *sum);
    BRAM_TRY(bram_parallel_for(cx, e->groups * e->chunks, evaluate_task, e));
    if (objective) {
        add_chunks(e->objective, e->chunks, targets);
        memcpy(objective, e->objective, targets * sizeof *objective);
    }
    if (gradient) {
        add_chunks(e->gradient, e->chunks, slopes);
        for (size_t j = 0; j < e->m; j++)
            memcpy(bram_row(gradient, j), e->gradient + j * targets, targets * sizeof *sum);
    }
    if (information && !direct) {
        add_chunks(e->information, e->chunks, targets * e->each);
        unpack(information, e);
    }
    for (size_t n = 0; n < targets; n++)
        add_prior(e->g, e->theta, n, objective, gradient, information);
    return BRAM_OK;
}

int bram_glm_check(bram_ctx *cx, const bram_glm *g, const bram_mat *theta)
{
    if (g->design->rows != g->y.rows || theta->rows != g->design->cols || theta->cols != g->y.cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a design of %zu x %zu, counts of %zu x %zu, coefficients of %zu x %zu",
                         g->design->rows, g->design->cols, g->y.rows, g->y.cols, theta->rows,
                         theta->cols);
    return BRAM_OK;
}

static struct evaluation plan(const bram_glm *g, const bram_mat *theta, bram_information kind)
{
    size_t m = g->design->cols, rows = g->design->rows, group = m <= FEW ? GROUP : WIDE_GROUP;
    struct evaluation e = {.g = g, .theta = theta, .kind = kind, .m = m, .targets = g->y.cols};
    e.groups = (e.targets + group - 1) / group;
    e.chunks = rows / CHUNK < 1 ? 1 : rows / CHUNK < CHUNKS ? rows / CHUNK : CHUNKS;
    return e;
}

int bram_glm_sizes(bram_ctx *cx, double *size, const bram_glm *g, const bram_mat *theta)
{
    size_t mark = bram_scratch_mark(cx);
    struct evaluation e = plan(g, theta, BRAM_EXPECTED);
    e.size = bram_scratch(cx, e.chunks * e.targets, sizeof *e.size);
    int status = e.size ? bram_parallel_for(cx, e.groups * e.chunks, evaluate_task, &e)
                        : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        add_chunks(e.size, e.chunks, e.targets);
        memcpy(size, e.size, e.targets * sizeof *size);
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_glm_evaluate(bram_ctx *cx, const bram_glm *g, const bram_mat *theta, double *objective,
                      bram_mat *gradient, bram_mat *information, bram_information kind)
{
    BRAM_TRY(bram_glm_check(cx, g, theta));
    size_t mark = bram_scratch_mark(cx), m = g->design->cols;
    struct evaluation e = plan(g, theta, kind);
    e.each = information ? (m <= FEW ? packed(m) : m * m) : 0;
    while (e.chunks > 1 && e.chunks * e.targets * e.each * sizeof(double) > ROOM) e.chunks /= 2;
    int status = evaluate(cx, &e, objective, gradient, information);
    bram_scratch_release(cx, mark);
    return status;
}
