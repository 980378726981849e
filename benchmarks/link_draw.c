/*
 * link_draw.c - draws pairs without an edge; see link_draw.h.
 *
 * spatial: nodes are sorted by the cube of side `radius` that they lie in, so that those within the
 * radius of a node are in 27 runs.
 */
#include "link_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 64 }; /* of scheme=distance */
enum { OWN_TRIES = 8 };   /* of scheme=spatial, from the edge's own source */
enum scheme { RANDOM, DEGREE, DISTANCE, NEURON, SPATIAL };

struct placed {
    int64_t cube[3];
    uint32_t node;
};

struct bram_link_draw {
    const bram_graph *g;
    enum scheme scheme;
    double radius;
    struct placed *placed; /* spatial: sorted by cube */
    size_t count;
};

static double between(const bram_graph *g, uint32_t i, uint32_t j)
{
    double square = 0;
    for (size_t d = 0; d < g->dims; d++) {
        double x = g->position[i * g->dims + d] - g->position[j * g->dims + d];
        square += x * x;
    }
    return sqrt(square);
}

/* ---- cubes ---------------------------------------------------------------------------------- */

static int compare_cubes(const int64_t *a, const int64_t *b)
{
    for (size_t d = 0; d < 3; d++)
        if (a[d] != b[d]) return a[d] < b[d] ? -1 : 1;
    return 0;
}

static int by_cube(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    int order = compare_cubes(x->cube, y->cube);
    return order ? order : x->node < y->node ? -1 : x->node > y->node;
}

/* The cube of a node. @return false where its position is unknown */
static bool cube_of(const bram_link_draw *d, uint32_t node, int64_t cube[3])
{
    for (size_t k = 0; k < 3; k++) {
        double x = k < d->g->dims ? d->g->position[node * d->g->dims + k] / d->radius : 0;
        if (!(fabs(x) < 1e15)) return false;
        cube[k] = (int64_t)floor(x);
    }
    return true;
}

/* Mean + 2 SD of the lengths of the edges (Paetzold et al. 2021). */
static double usual_reach(const bram_graph *g)
{
    double n = 0, sum = 0, square = 0;
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t e = g->out.first[i]; e < g->out.first[i + 1]; e++) {
            double x = between(g, (uint32_t)i, g->out.node[e]);
            if (isfinite(x)) n++, sum += x, square += x * x;
        }
    if (!(n > 0)) return 0;
    double mean = sum / n, variance = square / n - mean * mean;
    return mean + 2 * sqrt(variance > 0 ? variance : 0);
}

static int place(bram_ctx *cx, bram_link_draw *d)
{
    if (isnan(d->radius)) d->radius = usual_reach(d->g);
    if (!(d->radius > 0))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the radius is %g, expected more than 0",
                         d->radius);
    d->placed = bram_alloc(cx, d->g->nodes, sizeof *d->placed);
    if (!d->placed) return BRAM_ENOMEM;
    for (size_t i = 0; i < d->g->nodes; i++)
        if (cube_of(d, (uint32_t)i, d->placed[d->count].cube))
            d->placed[d->count++].node = (uint32_t)i;
    if (d->count) qsort(d->placed, d->count, sizeof *d->placed, by_cube);
    return BRAM_OK;
}

/* The first of the sorted nodes whose cube is not before this one. */
static size_t run_of(const bram_link_draw *d, const int64_t cube[3])
{
    size_t low = 0, high = d->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_cubes(d->placed[middle].cube, cube) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Counts the nodes other than `node` within the radius; stops at number `want`, which *found is. */
static size_t near(const bram_link_draw *d, uint32_t node, size_t want, uint32_t *found)
{
    int64_t home[3], cube[3];
    size_t n = 0;
    if (!cube_of(d, node, home)) return 0;
    for (int part = 0; part < 27; part++) {
        cube[0] = home[0] + part % 3 - 1;
        cube[1] = home[1] + part / 3 % 3 - 1, cube[2] = home[2] + part / 9 - 1;
        for (size_t k = run_of(d, cube); k < d->count; k++) {
            const struct placed *p = &d->placed[k];
            if (compare_cubes(p->cube, cube) != 0) break;
            if (p->node == node || between(d->g, node, p->node) > d->radius) continue;
            *found = p->node;
            if (n++ == want) return n;
        }
    }
    return n;
}

/* ---- schemes -------------------------------------------------------------------------------- */

int bram_link_draw_new(bram_ctx *cx, bram_link_draw **out, const bram_graph *g,
                       const bram_options *o)
{
    static const char *const names[] = {"random", "degree", "distance", "neuron", "spatial"};
    bram_link_draw *d = bram_alloc(cx, 1, sizeof *d);
    if (!d) return BRAM_ENOMEM;
    *d = (bram_link_draw){.g = g, .radius = bram_option_real(o, "radius")};
    while (!bram_option_is(o, "scheme", names[d->scheme])) d->scheme++;
    bool spaced = d->scheme == DISTANCE || d->scheme == SPATIAL;
    int status = BRAM_OK;
    if (spaced && (!g->position || g->dims == 0))
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "scheme=%s needs positions of nodes, and no node has one",
                           names[d->scheme]);
    if (status == BRAM_OK && d->scheme == SPATIAL) status = place(cx, d);
    if (status == BRAM_OK) *out = d;
    else bram_link_draw_free(d);
    return status;
}

void bram_link_draw_free(bram_link_draw *d)
{
    if (!d) return;
    bram_free(d->placed);
    bram_free(d);
}

static void uniform(const bram_link_draw *d, bram_rng *rng, uint32_t pair[2])
{
    pair[0] = (uint32_t)bram_rng_below(rng, d->g->nodes);
    pair[1] = (uint32_t)bram_rng_below(rng, d->g->nodes);
}

/* Half keep the source, half the target. The nodes of all edges' ends, a node as often as it has
 * edges, are the lists of neighbours themselves. */
static void by_degree(const bram_link_draw *d, bram_rng *rng, uint32_t pair[2], size_t k)
{
    uint64_t edge = bram_rng_below(rng, d->g->edges);
    if (k % 2 == 0) pair[1] = d->g->out.node[edge];
    else pair[0] = d->g->in.node[edge];
}

static void by_distance(const bram_link_draw *d, bram_rng *rng, uint32_t pair[2])
{
    double wanted = between(d->g, pair[0], pair[1]), least = INFINITY;
    uint32_t best[2] = {pair[0], pair[0]};
    for (int c = 0; c < CANDIDATES; c++) {
        uint32_t candidate[2];
        uniform(d, rng, candidate);
        double off = fabs(between(d->g, candidate[0], candidate[1]) - wanted);
        if (!isfinite(off)) off = 1e300; /* a position is unknown: the last choice */
        if (off >= least || candidate[0] == candidate[1] ||
            bram_graph_has(d->g, candidate[0], candidate[1]))
            continue;
        least = off;
        memcpy(best, candidate, sizeof best);
    }
    memcpy(pair, best, sizeof best);
}

/* A node within the radius of the edge's source; of any node, once that has been tried in vain. */
static void by_place(const bram_link_draw *d, bram_rng *rng, uint32_t pair[2], size_t tries)
{
    uint32_t other = 0;
    if (tries >= OWN_TRIES) pair[0] = (uint32_t)bram_rng_below(rng, d->g->nodes);
    pair[1] = pair[0]; /* no candidate where nobody is near */
    size_t n = near(d, pair[0], SIZE_MAX, &other);
    if (n) near(d, pair[0], (size_t)bram_rng_below(rng, n), &pair[1]);
}

void bram_link_draw_one(const bram_link_draw *d, bram_rng *rng, uint32_t pair[2], uint32_t from,
                        uint32_t to, size_t k, size_t tries, bool keep_to)
{
    pair[0] = from, pair[1] = to;
    switch (d->scheme) {
    case RANDOM:
        uniform(d, rng, pair);
        return;
    case DEGREE:
        by_degree(d, rng, pair, k);
        return;
    case DISTANCE:
        by_distance(d, rng, pair);
        return;
    case NEURON:
        pair[!keep_to] = (uint32_t)bram_rng_below(rng, d->g->nodes);
        return;
    case SPATIAL:
        by_place(d, rng, pair, tries);
        return;
    }
}
