/*
 * katz.c - walks between two nodes, a walk of length l weighing beta^l (Katz 1953, Psychometrika
 * 18:39; as a link predictor Liben-Nowell and Kleinberg 2007, J. Am. Soc. Inf. Sci. 58:1019):
 *
 *   score(i, j) = sum over l = 1 .. length of beta^l (A^l)_ij
 *
 * with A of zeros and ones. The sum is cut at `length`, so that it exists for every beta and a
 * source costs no more than the edges within that many steps of it. What is cut off is
 * below (beta lambda)^(length + 1) / (1 - beta lambda), lambda being the largest eigenvalue of A.
 */
#include "links.h"

struct katz {
    double beta;
    size_t length;
};

static const bram_param params[] = {
    {"beta", BRAM_PARAM_REAL, "0.005", NULL, 1e-12, 1, "the weight of a step"},
    {"length", BRAM_PARAM_INTEGER, "5", NULL, 1, 100, "steps of the longest walk"},
    {.name = NULL}};

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    struct katz *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->beta = bram_option_real(o, "beta");
    m->length = (size_t)bram_option_integer(o, "length");
    *fitted = m;
    return BRAM_OK;
}

/* A vector with few entries other than zero: which they are, and all of it in place. */
struct sparse {
    double *value;
    uint32_t *node;
    size_t count;
};

/* What one source reaches. */
struct reach {
    struct sparse now, next, total;
};

static int sparse_new(bram_ctx *cx, struct sparse *v, size_t nodes)
{
    v->value = bram_scratch(cx, nodes, sizeof *v->value);
    v->node = bram_scratch(cx, nodes, sizeof *v->node);
    return v->value && v->node ? BRAM_OK : BRAM_ENOMEM;
}

static void clear(struct sparse *v)
{
    for (size_t k = 0; k < v->count; k++) v->value[v->node[k]] = 0;
    v->count = 0;
}

/* x > 0: an entry that is zero is not listed yet. */
static void add(struct sparse *v, uint32_t node, double x)
{
    if (v->value[node] == 0) v->node[v->count++] = node;
    v->value[node] += x;
}

static void walk(const struct katz *m, struct reach *r, const bram_graph *g, uint32_t source)
{
    clear(&r->now);
    clear(&r->total);
    add(&r->now, source, 1);
    for (size_t l = 0; l < m->length && r->now.count; l++) {
        clear(&r->next);
        for (size_t k = 0; k < r->now.count; k++) {
            uint32_t i = r->now.node[k];
            double x = m->beta * r->now.value[i];
            if (!(x > 0)) continue; /* underflow */
            for (size_t e = g->out.first[i]; e < g->out.first[i + 1]; e++)
                add(&r->next, g->out.node[e], x);
        }
        for (size_t k = 0; k < r->next.count; k++)
            add(&r->total, r->next.node[k], r->next.value[r->next.node[k]]);
        struct sparse last = r->now;
        r->now = r->next;
        r->next = last;
    }
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    struct reach r = {{0}, {0}, {0}};
    BRAM_TRY(sparse_new(cx, &r.now, g->nodes));
    BRAM_TRY(sparse_new(cx, &r.next, g->nodes));
    BRAM_TRY(sparse_new(cx, &r.total, g->nodes));
    for (size_t k = 0; k < count; k++) {
        if (k == 0 || from[k] != from[k - 1]) walk(fitted, &r, g, from[k]);
        out[k] = r.total.value[to[k]];
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_katz = {
    .name = "katz",
    .summary = "link prediction: walks between two nodes, the longer the lighter",
    .source = "Katz 1953, Psychometrika 18:39; Liben-Nowell and Kleinberg 2007",
    .missing = "an edge that is not shown counts as absent",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = bram_links_release,
};
