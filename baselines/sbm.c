/*
 * sbm.c - a degree-corrected stochastic block model as a link predictor (Karrer and Newman 2011,
 * Phys. Rev. E 83:016107): nodes fall into blocks, and the expected number of edges from i to j is
 *
 *   score(i, j) = out_i in_j m_rs / (out_r in_s)
 *
 * with the degrees of the nodes, those of their blocks r and s, and m_rs edges from block to block.
 * Blocks maximise the profile likelihood  L = sum over r, s of m_rs log(m_rs / (out_r in_s))  by
 * moving one node at a time to the block where L gains most, in random order, until a sweep moves
 * none; from several random starts. The number of blocks is the one with the least description
 * length (Peixoto 2013, Phys. Rev. Lett. 110:148701),
 *
 *   -L + E h(B^2 / E) + N log B,   h(x) = (1 + x) log(1 + x) - x log x
 *
 * E being the ordered pairs with an edge; an undirected graph counts each edge once (E and L
 * halved, B (B + 1) / 2 pairs of blocks). O(sweeps (edges + nodes B^2)) for each start.
 */
#include "links.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SWEEPS = 100 };

static const bram_param params[] = {
    {"blocks", BRAM_PARAM_INTEGERS, "1+2+4+8+16", NULL, 1, 1024,
     "several: the one with the least description length"},
    {"starts", BRAM_PARAM_INTEGER, "4", NULL, 1, 1000, "random starts for each"},
    {.name = NULL}};

struct sbm {
    size_t nodes, blocks;
    uint32_t *block; /* of each node */
    double *between; /* blocks x blocks */
    double *out, *in;
    double length; /* description length, nats */
};

static void release(void *fitted)
{
    struct sbm *m = fitted;
    if (!m) return;
    bram_free(m->block);
    bram_free(m->between);
    bram_free(m->out);
    bram_free(m->in);
    bram_free(m);
}

static int sbm_new(bram_ctx *cx, struct sbm **out, size_t nodes, size_t blocks)
{
    struct sbm *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    *m = (struct sbm){.nodes = nodes, .blocks = blocks};
    m->block = bram_alloc(cx, nodes, sizeof *m->block);
    m->between = bram_alloc(cx, blocks * blocks, sizeof *m->between);
    m->out = bram_alloc(cx, blocks, sizeof *m->out);
    m->in = bram_alloc(cx, blocks, sizeof *m->in);
    if (m->block && m->between && m->out && m->in) {
        *out = m;
        return BRAM_OK;
    }
    release(m);
    return BRAM_ENOMEM;
}

static double xlogx(double x)
{
    return x > 0 ? x * log(x) : 0;
}

static double likelihood(const struct sbm *m)
{
    double sum = 0;
    for (size_t k = 0; k < m->blocks * m->blocks; k++) sum += xlogx(m->between[k]);
    for (size_t r = 0; r < m->blocks; r++) sum -= xlogx(m->out[r]) + xlogx(m->in[r]);
    return sum;
}

/* ---- moving a node -------------------------------------------------------------------------- */

/* What one node has with each block: edges to it, edges from it. */
struct ties {
    double *to, *from, out, in;
};

static void find_ties(struct ties *t, const struct sbm *m, const bram_graph *g, size_t node)
{
    memset(t->to, 0, m->blocks * sizeof *t->to);
    memset(t->from, 0, m->blocks * sizeof *t->from);
    for (size_t e = g->out.first[node]; e < g->out.first[node + 1]; e++)
        t->to[m->block[g->out.node[e]]]++;
    for (size_t e = g->in.first[node]; e < g->in.first[node + 1]; e++)
        t->from[m->block[g->in.node[e]]]++;
    t->out = (double)(g->out.first[node + 1] - g->out.first[node]);
    t->in = (double)(g->in.first[node + 1] - g->in.first[node]);
}

/* Adds a node to block r (sign 1) or takes it out (-1). */
static void change(struct sbm *m, const struct ties *t, size_t r, double sign)
{
    for (size_t s = 0; s < m->blocks; s++) {
        m->between[r * m->blocks + s] += sign * t->to[s];
        m->between[s * m->blocks + r] += sign * t->from[s];
    }
    m->out[r] += sign * t->out;
    m->in[r] += sign * t->in;
}

/* What L gains when a node that is in no block comes to block r. */
static double gain(const struct sbm *m, const struct ties *t, size_t r)
{
    double sum = 0;
    for (size_t s = 0; s < m->blocks; s++) {
        double there = m->between[r * m->blocks + s], back = m->between[s * m->blocks + r];
        if (s == r) {
            sum += xlogx(there + t->to[s] + t->from[s]) - xlogx(there);
            continue;
        }
        if (t->to[s] > 0) sum += xlogx(there + t->to[s]) - xlogx(there);
        if (t->from[s] > 0) sum += xlogx(back + t->from[s]) - xlogx(back);
    }
    sum -= xlogx(m->out[r] + t->out) - xlogx(m->out[r]);
    return sum - (xlogx(m->in[r] + t->in) - xlogx(m->in[r]));
}

/* @return whether the node changed its block */
static bool move(struct sbm *m, struct ties *t, const bram_graph *g, size_t node)
{
    size_t was = m->block[node], best = was;
    find_ties(t, m, g, node);
    change(m, t, was, -1);
    double most = gain(m, t, was);
    for (size_t r = 0; r < m->blocks; r++) {
        double here = gain(m, t, r);
        if (here > most + 1e-9) most = here, best = r;
    }
    change(m, t, best, 1);
    m->block[node] = (uint32_t)best;
    return best != was;
}

static void count_all(struct sbm *m, const bram_graph *g)
{
    for (size_t i = 0; i < m->nodes; i++)
        for (size_t e = g->out.first[i]; e < g->out.first[i + 1]; e++) {
            size_t r = m->block[i], s = m->block[g->out.node[e]];
            m->between[r * m->blocks + s]++;
            m->out[r]++;
            m->in[s]++;
        }
}

static double description_length(const struct sbm *m, const bram_graph *g)
{
    double e = (double)g->edges, b = (double)m->blocks, pairs = b * b, l = likelihood(m);
    if (!g->directed) e /= 2, l /= 2, pairs = b * (b + 1) / 2;
    double x = e > 0 ? pairs / e : 0;
    return -l + e * ((1 + x) * log1p(x) - xlogx(x)) + (double)m->nodes * log(b);
}

/* ---- starts, tasks of the pool -------------------------------------------------------------- */

struct job {
    const bram_graph *g;
    const int64_t *blocks;
    size_t starts;
    uint64_t seed;
    struct sbm **found; /* one for each number of blocks and start */
};

static int climb(bram_ctx *cx, struct sbm *m, const bram_graph *g, bram_rng *rng)
{
    size_t *order = bram_scratch(cx, m->nodes, sizeof *order);
    struct ties t = {bram_scratch(cx, m->blocks, sizeof *t.to),
                     bram_scratch(cx, m->blocks, sizeof *t.from), 0, 0};
    if (!order || !t.to || !t.from) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->nodes; i++) m->block[i] = (uint32_t)bram_rng_below(rng, m->blocks);
    count_all(m, g);
    bool moved = m->blocks > 1;
    for (int sweep = 0; moved && sweep < MOST_SWEEPS; sweep++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        bram_rng_permutation(rng, m->nodes, order);
        moved = false;
        for (size_t k = 0; k < m->nodes; k++) moved |= move(m, &t, g, order[k]);
    }
    m->length = description_length(m, g);
    return BRAM_OK;
}

static int one_start(bram_ctx *cx, size_t task, void *user)
{
    struct job *job = user;
    size_t blocks = (size_t)job->blocks[task / job->starts];
    char stream[48];
    snprintf(stream, sizeof stream, "sbm/%zu", blocks);
    bram_rng g = bram_rng_at(job->seed, stream, task % job->starts);
    BRAM_TRY(sbm_new(cx, &job->found[task], job->g->nodes, blocks));
    return climb(cx, job->found[task], job->g, &g);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    size_t n;
    struct job job = {.g = train->graph, .seed = seed};
    job.blocks = bram_option_integers(o, "blocks", &n);
    job.starts = (size_t)bram_option_integer(o, "starts");
    job.found = bram_alloc(cx, n * job.starts, sizeof *job.found);
    if (!job.found) return BRAM_ENOMEM;
    int status = bram_parallel_for(cx, n * job.starts, one_start, &job);
    size_t best = 0;
    for (size_t k = 1; k < n * job.starts && status == BRAM_OK; k++)
        if (job.found[k]->length < job.found[best]->length) best = k;
    if (status == BRAM_OK) {
        *fitted = job.found[best];
        job.found[best] = NULL;
    }
    for (size_t k = 0; k < n * job.starts; k++) release(job.found[k]);
    bram_free(job.found);
    return status;
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    const struct sbm *m = fitted;
    if (g->nodes != m->nodes)
        return bram_fail(cx, BRAM_ESHAPE, "the graph has %zu nodes, the model was fitted on %zu",
                         g->nodes, m->nodes);
    for (size_t k = 0; k < count; k++) {
        size_t i = from[k], j = to[k], r = m->block[i], s = m->block[j];
        double expected = m->between[r * m->blocks + s];
        double degrees = (double)(g->out.first[i + 1] - g->out.first[i]) *
                         (double)(g->in.first[j + 1] - g->in.first[j]);
        out[k] = expected > 0 ? degrees * expected / (m->out[r] * m->in[s]) : 0;
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_sbm = {
    .name = "sbm",
    .summary = "link prediction: degree-corrected stochastic block model",
    .source = "Karrer and Newman 2011, Phys Rev E 83:016107; Peixoto 2013",
    .missing = "an edge that is not shown counts as absent",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH | BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
};
