/*
 * svcca.c - SVCCA: each side reduced to its leading principal components, then the mean canonical
 * correlation.
 *
 * dim=K keeps K components; else var=V keeps as many as carry the share V of the variance (0.99 in
 * Raghu et al. 2017). No side keeps more than its rank. Then as metric cca.
 *
 * The components come from the smaller Gram matrix (X'X or XX'): its eigenvectors of large
 * eigenvalues are as good as the singular vectors, and components near rounding (eigenvalues below
 * n eps of the largest) are not kept. Cost: n p min(n, p) and an eigen-decomposition a side, the
 * two sides at once; with X V and Y W in hand Qx'Qy = diag(1/s) V'X'Y W diag(1/t), so the
 * components themselves are never formed. Source: Raghu, Gilmer, Yosinski & Sohl-Dickstein 2017
 * (arXiv 1706.05806).
 */
#include "alignment.h"
#include "canonical.h"
#include "patterns.h"
#include "spectral.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>

static const bram_param params[] = {
    {"var", BRAM_PARAM_REAL, "0.99", NULL, 0.01, 1, "share of the variance that is kept"},
    {"dim", BRAM_PARAM_INTEGER, "auto", NULL, 1, 1000000,
     "number of components that are kept; auto: by var"},
    BRAM_CANONICAL_PARAMS,
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* One side and its kept components. */
struct reduced {
    const bram_mat *x;
    bram_mat vector; /* kept x features (or x rows): unit eigenvectors, the largest first */
    double *value;   /* eigenvalues: squared singular values */
    bool by_rows;    /* eigenvectors of XX', which are the components */
    size_t kept;
};

struct both {
    struct reduced side[2];
    double share;
    size_t most;
};

static int eigen_task(bram_ctx *cx, size_t task, void *user)
{
    struct reduced *r = &((struct both *)user)->side[task];
    BRAM_TRY(bram_syrk(cx, &r->vector, 1, r->x, r->by_rows ? BRAM_AS_IS : BRAM_TRANSPOSED, 0));
    return bram_eigh(cx, &r->vector, r->value);
}

static void choose(struct reduced *r, double share, size_t most)
{
    size_t k = r->vector.rows, above = 0;
    double all = 0, so_far = 0, floor = (double)k * DBL_EPSILON * r->value[k - 1];
    for (size_t i = 0; i < k; i++) all += fmax(r->value[i], 0);
    while (above < k && r->value[k - 1 - above] > floor) above++;
    r->kept = 0;
    while (r->kept < above && r->kept < most && so_far < share * all)
        so_far += r->value[k - 1 - r->kept++];
    r->vector = bram_mat_rows(r->vector, k - r->kept, r->kept);
    r->value += k - r->kept;
}

static int reduce(bram_ctx *cx, struct both *b, const bram_mat *x, const bram_mat *y)
{
    const bram_mat *given[] = {x, y};
    for (size_t s = 0; s < 2; s++) {
        struct reduced *r = &b->side[s];
        bool by_rows = given[s]->rows < given[s]->cols;
        size_t k = by_rows ? given[s]->rows : given[s]->cols;
        *r = (struct reduced){.x = given[s], .by_rows = by_rows};
        if (!(r->value = bram_scratch(cx, k, sizeof *r->value))) return BRAM_ENOMEM;
        BRAM_TRY(bram_mat_scratch(cx, &r->vector, k, k));
    }
    BRAM_TRY(bram_parallel_for(cx, 2, eigen_task, b));
    for (size_t s = 0; s < 2; s++) choose(&b->side[s], b->share, b->most);
    return BRAM_OK;
}

/* left = the rows of r->vector times X' (components x s), or themselves: what stands for Q'. */
static int project(bram_ctx *cx, bram_mat *out, const struct reduced *r, const bram_mat *other)
{
    bram_mat z;
    BRAM_TRY(bram_mat_scratch(cx, out, r->kept, other->cols));
    if (r->by_rows) return bram_gemm(cx, out, 1, &r->vector, BRAM_AS_IS, other, BRAM_AS_IS, 0);
    BRAM_TRY(bram_mat_scratch(cx, &z, r->x->cols, other->cols));
    BRAM_TRY(bram_gemm(cx, &z, 1, r->x, BRAM_TRANSPOSED, other, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, out, 1, &r->vector, BRAM_AS_IS, &z, BRAM_AS_IS, 0));
    for (size_t i = 0; i < out->rows; i++)
        for (size_t k = 0; k < out->cols; k++) bram_row(out, i)[k] /= sqrt(r->value[i]);
    return BRAM_OK;
}

/* Qx' Qy: Qx' Y W diag(1/t), or Qx' times the components of XX' themselves. */
static int join(bram_ctx *cx, bram_mat *product, const struct both *b)
{
    const struct reduced *x = &b->side[0], *y = &b->side[1];
    BRAM_TRY(bram_mat_scratch(cx, product, x->kept, y->kept));
    bram_mat left;
    if (y->by_rows) {
        bram_mat q;
        BRAM_TRY(bram_mat_scratch(cx, &q, y->x->rows, y->kept));
        for (size_t i = 0; i < y->kept; i++)
            for (size_t k = 0; k < q.rows; k++) bram_row(&q, k)[i] = bram_row(&y->vector, i)[k];
        return project(cx, product, x, &q);
    }
    BRAM_TRY(project(cx, &left, x, y->x));
    BRAM_TRY(bram_gemm(cx, product, 1, &left, BRAM_AS_IS, &y->vector, BRAM_TRANSPOSED, 0));
    for (size_t i = 0; i < product->rows; i++)
        for (size_t k = 0; k < product->cols; k++) bram_row(product, i)[k] /= sqrt(y->value[k]);
    return BRAM_OK;
}

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    int64_t dim = bram_option_integer(o, "dim");
    struct both b = {.share = dim < 0 ? bram_option_real(o, "var") : (double)INFINITY,
                     .most = dim < 0 ? SIZE_MAX : (size_t)dim};
    bram_canonical_mean m = bram_canonical_mean_of(o);
    bram_canonical c;
    BRAM_TRY(reduce(cx, &b, x, y));
    BRAM_TRY(join(cx, &c.product, &b));
    c.x = (bram_mat){NULL, x->rows, b.side[0].kept, 0}; /* only their ranks are looked at */
    c.y = (bram_mat){NULL, y->rows, b.side[1].kept, 0};
    return bram_canonical_score(cx, value, &c, &m);
}

static const bram_pattern_rule rule = {"svcca", params, BRAM_PATTERNS_REDUCE, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_svcca = {
    .name = "svcca",
    .summary = "mean canonical correlation of leading principal components",
    .source = "Raghu et al. 2017",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE,
    .higher_better = bram_form_higher_better,
    BRAM_PATTERN_ENTRY,
};
