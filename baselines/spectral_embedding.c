/*
 * spectral_embedding.c - adjacency spectral embedding as a link predictor: the score of a pair is
 * its entry of the best approximation of the adjacency matrix by one of low rank (Sussman et al.
 * 2012, J. Am. Stat. Assoc. 107:1119; Athreya et al. 2018, J. Mach. Learn. Res. 18:226).
 *
 *   A ~ sum over r of s_r u_r v_r',   score(i, j) = sum over r of s_r u_r[i] v_r[j]
 *
 * The singular vectors come from subspace iteration on A'A from random numbers (Halko, Martinsson
 * and Tropp 2011, SIAM Rev. 53:217): products with the sparse matrix, Gram-Schmidt twice, and in
 * the end an eigen-decomposition of the small matrix (A q)'(A q). A node's edges may be scaled by
 * its degrees first (normalize=degree: A_ij / sqrt(d_i d_j)), which keeps a few hubs from taking
 * all dimensions. O(iterations (rank + OVER) (edges + rank nodes)); memory O(rank nodes).
 */
#include "linalg.h"
#include "links.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { OVER = 8 }; /* further vectors, that the wanted ones converge fast */

static const bram_param params[] = {
    {"rank", BRAM_PARAM_INTEGER, "16", NULL, 1, 512, "dimensions of the embedding"},
    {"iterations", BRAM_PARAM_INTEGER, "12", NULL, 1, 1000, "steps of the subspace iteration"},
    {"normalize", BRAM_PARAM_CHOICE, "none", "none|degree", 0, 0,
     "degree: edges by the degrees of their ends"},
    {.name = NULL}};

struct spectral {
    size_t nodes, rank;
    double *left, *right; /* rank x nodes: s_r u_r and v_r */
};

static void release(void *fitted)
{
    struct spectral *m = fitted;
    if (!m) return;
    bram_free(m->left);
    bram_free(m->right);
    bram_free(m);
}

/* ---- products with the sparse matrix -------------------------------------------------------- */

struct product {
    const bram_graph *g;
    const double *scale_out, *scale_in; /* of each node; NULL: ones */
    bool transposed;
    const double *x; /* vectors x nodes */
    double *y;
};

/* y = A x or A' x for one vector. */
static int one_product(bram_ctx *cx, size_t vector, void *user)
{
    (void)cx;
    const struct product *p = user;
    size_t n = p->g->nodes;
    const bram_adjacency *a = p->transposed ? &p->g->in : &p->g->out;
    const double *outer = p->transposed ? p->scale_in : p->scale_out;
    const double *inner = p->transposed ? p->scale_out : p->scale_in;
    const double *x = p->x + vector * n;
    double *y = p->y + vector * n;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t e = a->first[i]; e < a->first[i + 1]; e++)
            sum += inner ? inner[a->node[e]] * x[a->node[e]] : x[a->node[e]];
        y[i] = outer ? outer[i] * sum : sum;
    }
    return BRAM_OK;
}

static double dot(const double *a, const double *b, size_t n)
{
    double lane[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++) lane[l] += a[i + l] * b[i + l];
    for (; i < n; i++) lane[0] += a[i] * b[i];
    return lane[0] + lane[1] + (lane[2] + lane[3]);
}

/* Gram-Schmidt, each vector twice; one that depends on those before becomes zero. */
static void orthonormalize(double *x, size_t vectors, size_t n)
{
    for (size_t v = 0; v < vectors; v++) {
        double *at = x + v * n, before = sqrt(dot(at, at, n));
        for (int pass = 0; pass < 2; pass++)
            for (size_t u = 0; u < v; u++) {
                double along = dot(x + u * n, at, n);
                for (size_t i = 0; i < n; i++) at[i] -= along * x[u * n + i];
            }
        double norm = sqrt(dot(at, at, n));
        double factor = norm > 1e-10 * before && norm > 0 ? 1 / norm : 0;
        for (size_t i = 0; i < n; i++) at[i] *= factor;
    }
}

/* ---- the fit -------------------------------------------------------------------------------- */

/* From q (vectors x nodes, orthonormal) and z = A q: the leading singular triplets. */
static int rotate(bram_ctx *cx, struct spectral *m, const double *q, const double *z,
                  size_t vectors)
{
    bram_mat gram;
    size_t n = m->nodes;
    double *values = bram_scratch(cx, vectors, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &gram, vectors, vectors));
    for (size_t a = 0; a < vectors; a++)
        for (size_t b = 0; b <= a; b++) bram_row(&gram, a)[b] = dot(z + a * n, z + b * n, n);
    BRAM_TRY(bram_eigh(cx, &gram, values));
    for (size_t r = 0; r < m->rank; r++) {
        const double *mix = bram_row(&gram, vectors - 1 - r);
        for (size_t v = 0; v < vectors; v++)
            for (size_t i = 0; i < n; i++) {
                m->left[r * n + i] += mix[v] * z[v * n + i];
                m->right[r * n + i] += mix[v] * q[v * n + i];
            }
    }
    return BRAM_OK;
}

static int iterate(bram_ctx *cx, struct spectral *m, struct product p, size_t steps, uint64_t seed)
{
    size_t n = m->nodes, vectors = m->rank + OVER < n ? m->rank + OVER : n;
    double *q = bram_scratch(cx, vectors * n, sizeof *q),
           *z = bram_scratch(cx, vectors * n, sizeof *z);
    if (!q || !z) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(seed, "spectral");
    for (size_t i = 0; i < vectors * n; i++) q[i] = bram_rng_normal(&g);
    orthonormalize(q, vectors, n);
    for (size_t s = 0; s < steps; s++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        p.transposed = false, p.x = q, p.y = z;
        BRAM_TRY(bram_parallel_for(cx, vectors, one_product, &p));
        p.transposed = true, p.x = z, p.y = q;
        BRAM_TRY(bram_parallel_for(cx, vectors, one_product, &p));
        orthonormalize(q, vectors, n);
    }
    p.transposed = false, p.x = q, p.y = z;
    BRAM_TRY(bram_parallel_for(cx, vectors, one_product, &p));
    return rotate(cx, m, q, z, vectors);
}

/* 1 / sqrt(degree) of every node; nodes without an edge: 0. */
static double *scales(bram_ctx *cx, const bram_adjacency *a, size_t nodes)
{
    double *scale = bram_scratch(cx, nodes, sizeof *scale);
    for (size_t i = 0; scale && i < nodes; i++) {
        double degree = (double)(a->first[i + 1] - a->first[i]);
        scale[i] = degree > 0 ? 1 / sqrt(degree) : 0;
    }
    return scale;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    const bram_graph *g = train->graph;
    size_t mark = bram_scratch_mark(cx), rank = (size_t)bram_option_integer(o, "rank");
    if (g->nodes == 0) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the graph has no node");
    struct spectral *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    *m = (struct spectral){g->nodes, rank < g->nodes ? rank : g->nodes, NULL, NULL};
    m->left = bram_alloc(cx, m->rank * m->nodes, sizeof *m->left);
    m->right = bram_alloc(cx, m->rank * m->nodes, sizeof *m->right);
    struct product p = {.g = g};
    int status = m->left && m->right ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && bram_option_is(o, "normalize", "degree")) {
        p.scale_out = scales(cx, &g->out, g->nodes);
        p.scale_in = scales(cx, &g->in, g->nodes);
        if (!p.scale_out || !p.scale_in) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK)
        status = iterate(cx, m, p, (size_t)bram_option_integer(o, "iterations"), seed);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static double entry(const struct spectral *m, uint32_t i, uint32_t j)
{
    double sum = 0;
    for (size_t r = 0; r < m->rank; r++)
        sum += m->left[r * m->nodes + i] * m->right[r * m->nodes + j];
    return sum;
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    const struct spectral *m = fitted;
    if (g->nodes != m->nodes)
        return bram_fail(cx, BRAM_ESHAPE, "the graph has %zu nodes, the model was fitted on %zu",
                         g->nodes, m->nodes);
    for (size_t k = 0; k < count; k++)
        out[k] = g->directed ? entry(m, from[k], to[k])
                             : (entry(m, from[k], to[k]) + entry(m, to[k], from[k])) / 2;
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_spectral_embedding = {
    .name = "spectral",
    .summary = "link prediction: the adjacency matrix approximated by one of low rank",
    .source = "Sussman et al. 2012, J Am Stat Assoc 107:1119; Halko et al. 2011",
    .missing = "an edge that is not shown counts as absent",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH | BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
};
