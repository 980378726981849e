/*
 * lfr.c - made weighted graphs with communities; see lfr.h.
 */
#include "lfr.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIES = 1000,
    SWAPS = 200 /* tried for each pair of ends that do not fit */,
    SCALINGS = 300
};

struct making {
    const bram_lfr_settings *o;
    bram_rng random;
    size_t least;             /* degree */
    size_t *degree, *inside;  /* of each node; ends inside its community */
    size_t *community, *size; /* of each node; of each community */
    size_t communities;
    uint8_t *joined; /* nodes x nodes */
    size_t *from, *to, edges;
};

/* ---- power laws ----------------------------------------------------------------------------- */

/* The mean of k^-t over low .. high, where low counts by the share `part` of its weight. */
static double power_mean(size_t low, size_t high, double t, double part)
{
    double sum = 0, mean = 0;
    for (size_t k = low; k <= high; k++) {
        double p = (k == low ? part : 1) * pow((double)k, -t);
        sum += p, mean += p * (double)k;
    }
    return mean / sum;
}

static size_t power_draw(bram_rng *g, size_t low, size_t high, double t, double part)
{
    double sum = 0;
    for (size_t k = low; k <= high; k++) sum += (k == low ? part : 1) * pow((double)k, -t);
    double u = bram_rng_uniform(g) * sum;
    size_t k = low;
    for (; k < high; k++) {
        u -= (k == low ? part : 1) * pow((double)k, -t);
        if (u < 0) break;
    }
    return k;
}

/* Degrees from the law whose mean is exactly the one asked for: its lowest value is cut in part. */
static int draw_degrees(bram_ctx *cx, struct making *m)
{
    const bram_lfr_settings *o = m->o;
    size_t low = 1;
    while (low < o->max_degree &&
           power_mean(low + 1, o->max_degree, o->degree_exponent, 1) <= o->mean_degree)
        low++;
    double mean = o->mean_degree, a = 0, b = 1;
    if (power_mean(low, o->max_degree, o->degree_exponent, 1) > mean || low == o->max_degree)
        return bram_fail(cx, BRAM_EUSAGE,
                         "no power law of degrees to %zu with exponent %g has the mean %g",
                         o->max_degree, o->degree_exponent, mean);
    for (int i = 0; i < 60; i++) {
        double part = (a + b) / 2;
        if (power_mean(low, o->max_degree, o->degree_exponent, part) > mean) a = part;
        else b = part;
    }
    m->least = low;
    for (size_t i = 0; i < o->nodes; i++) {
        m->degree[i] = power_draw(&m->random, low, o->max_degree, o->degree_exponent, b);
        m->inside[i] = (size_t)lround((1 - o->mixing) * (double)m->degree[i]);
    }
    return BRAM_OK;
}

/* ---- communities ---------------------------------------------------------------------------- */

/* Sizes from least to max_degree until all nodes have a place; the last is cut, and what is then
 * too small is given to the others, one node each in turn. */
static void draw_sizes(struct making *m)
{
    size_t n = m->o->nodes, sum = 0, most = m->o->max_degree < n ? m->o->max_degree : n;
    size_t least = m->least < most ? m->least : most;
    m->communities = 0;
    while (sum < n) {
        size_t size = power_draw(&m->random, least, most, m->o->size_exponent, 1);
        if (size > n - sum) size = n - sum;
        m->size[m->communities++] = size, sum += size;
    }
    if (m->communities < 2 || m->size[m->communities - 1] >= least) return;
    size_t left = m->size[--m->communities];
    for (size_t k = 0; k < left; k++) m->size[k % m->communities]++;
}

/* Whether a community has nodes enough inside and outside for the edges of node i. */
static bool suits(const struct making *m, size_t c, size_t i)
{
    return m->size[c] > m->inside[i] && m->o->nodes - m->size[c] >= m->degree[i] - m->inside[i];
}

/* Puts node i into a community that suits, drawn by the room that is left. @return whether there
 * is one */
static bool place(struct making *m, size_t i, size_t *room)
{
    size_t sum = 0, c = 0;
    for (size_t k = 0; k < m->communities; k++)
        if (suits(m, k, i)) sum += room[k];
    if (!sum) return false;
    size_t u = bram_rng_below(&m->random, sum);
    for (;; c++) {
        if (!suits(m, c, i)) continue;
        if (u < room[c]) break;
        u -= room[c];
    }
    m->community[i] = c, room[c]--;
    return true;
}

/* How many ends outside one community has more than all others, which have to meet them; 0: none
 * has. `ends`: nodes. */
static size_t excess(const struct making *m, size_t *ends)
{
    size_t sum = 0, most = 0;
    memset(ends, 0, m->o->nodes * sizeof *ends);
    for (size_t i = 0; i < m->o->nodes; i++) {
        ends[m->community[i]] += m->degree[i] - m->inside[i];
        sum += m->degree[i] - m->inside[i];
    }
    for (size_t c = 0; c < m->communities; c++)
        if (ends[c] > most) most = ends[c];
    return 2 * most > sum ? 2 * most - sum : 0;
}

/* Sizes, and a community for each node, the nodes with most ends inside first: of TRIES draws the
 * first whose edges can be mixed as asked, or that which comes nearest. `work`: 3 nodes. */
static int draw_communities(bram_ctx *cx, struct making *m, size_t *work)
{
    size_t n = m->o->nodes, *order = work, *room = work + n, *best = work + 2 * n, at = 0;
    size_t least = SIZE_MAX, communities = 0;
    for (size_t k = n; k-- > 0;) /* inside < nodes, or no community is large enough */
        for (size_t i = 0; i < n; i++)
            if (m->inside[i] == k) order[at++] = i;
    for (size_t t = 0; t < TRIES && at == n && least > 0; t++) {
        draw_sizes(m);
        memcpy(room, m->size, m->communities * sizeof *room);
        size_t k = 0;
        while (k < n && place(m, order[k], room)) k++;
        size_t over = k < n ? SIZE_MAX : excess(m, room);
        if (over >= least) continue;
        least = over, communities = m->communities;
        memcpy(best, m->community, n * sizeof *best);
    }
    if (least == SIZE_MAX)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%d draws of communities of at most %zu nodes had no place for each node",
                         TRIES, m->o->max_degree);
    memcpy(m->community, best, n * sizeof *best);
    m->communities = communities;
    return BRAM_OK;
}

/* ---- edges ---------------------------------------------------------------------------------- */

enum side { INSIDE, OUTSIDE, ANY };

static bool may_join(const struct making *m, size_t a, size_t b, enum side side)
{
    bool same = m->community[a] == m->community[b];
    return a != b && !m->joined[a * m->o->nodes + b] && (side == ANY || same == (side == INSIDE));
}

static void join(struct making *m, size_t a, size_t b, bool with)
{
    m->joined[a * m->o->nodes + b] = m->joined[b * m->o->nodes + a] = with;
}

/* Two ends that do not fit: an edge (from `first` on) gives way, its ends go to them.
 * @return whether one was found */
static bool swap_in(struct making *m, size_t a, size_t b, size_t first, enum side side)
{
    for (size_t t = 0; t < SWAPS && m->edges > first; t++) {
        size_t e = first + bram_rng_below(&m->random, m->edges - first);
        bool turn = bram_rng_below(&m->random, 2);
        size_t c = turn ? m->to[e] : m->from[e], d = turn ? m->from[e] : m->to[e];
        if (!may_join(m, a, c, side) || !may_join(m, b, d, side)) continue;
        if ((a == d && b == c) || (a == b && c == d)) continue;
        join(m, c, d, false);
        join(m, a, c, true), join(m, b, d, true);
        m->from[e] = a, m->to[e] = c;
        m->from[m->edges] = b, m->to[m->edges++] = d;
        return true;
    }
    return false;
}

/* Joins the loose ends [0 .. count - 1] in pairs; those that find no partner are left there.
 * `order` and `bad` have room for as many. @return how many are left */
static size_t match(struct making *m, size_t *loose, size_t count, size_t *order, size_t *bad,
                    enum side side)
{
    size_t first = m->edges, unfit = 0, left = 0;
    bram_rng_permutation(&m->random, count, order);
    for (size_t k = 0; k + 1 < count; k += 2) {
        size_t a = loose[order[k]], b = loose[order[k + 1]];
        if (may_join(m, a, b, side)) {
            join(m, a, b, true);
            m->from[m->edges] = a, m->to[m->edges++] = b;
        } else bad[unfit++] = a, bad[unfit++] = b;
    }
    if (count % 2) loose[left++] = loose[order[count - 1]];
    for (size_t k = 0; k < unfit; k += 2)
        if (!swap_in(m, bad[k], bad[k + 1], first, side))
            loose[left++] = bad[k], loose[left++] = bad[k + 1];
    return left;
}

/* First inside, then outside; ends that remain are joined on any side. `work`: 4 times the sum of
 * degrees. */
static void draw_edges(struct making *m, size_t *work, size_t ends)
{
    size_t n = m->o->nodes, *rest = work, left = 0;
    size_t *loose = work + ends, *order = work + 2 * ends, *bad = work + 3 * ends;
    for (size_t c = 0; c <= m->communities; c++) {
        bool outside = c == m->communities;
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            size_t k = outside ? m->degree[i] - m->inside[i] : m->inside[i];
            for (; (outside || m->community[i] == c) && k > 0; k--) loose[count++] = i;
        }
        count = match(m, loose, count, order, bad, outside ? OUTSIDE : INSIDE);
        memcpy(rest + left, loose, count * sizeof *rest);
        left += count;
    }
    match(m, rest, left, order, bad, ANY);
}

/* ---- weights -------------------------------------------------------------------------------- */

/* Scales weights so that those of each node inside (outside) sum to their share of its strength.
 * sum, target: 2 numbers a node, inside first. */
static void scale_weights(const struct making *m, double *weight, double *sum, double *target)
{
    size_t n = m->o->nodes;
    for (size_t i = 0; i < n; i++) {
        double strength = pow((double)m->degree[i], m->o->strength_exponent);
        target[2 * i] = (1 - m->o->weight_mixing) * strength;
        target[2 * i + 1] = m->o->weight_mixing * strength;
    }
    for (size_t e = 0; e < m->edges; e++) weight[e] = 1;
    for (int k = 0; k < SCALINGS; k++) {
        memset(sum, 0, 2 * n * sizeof *sum);
        for (size_t e = 0; e < m->edges; e++) {
            size_t side = m->community[m->from[e]] != m->community[m->to[e]];
            sum[2 * m->from[e] + side] += weight[e], sum[2 * m->to[e] + side] += weight[e];
        }
        for (size_t e = 0; e < m->edges; e++) {
            size_t side = m->community[m->from[e]] != m->community[m->to[e]];
            size_t a = 2 * m->from[e] + side, b = 2 * m->to[e] + side;
            weight[e] *= sqrt(target[a] / sum[a]) * sqrt(target[b] / sum[b]);
        }
    }
}

/* A weight that has been scaled away (a side without strength) is no edge. */
static void drop_weightless(struct making *m, double *weight)
{
    size_t kept = 0;
    for (size_t e = 0; e < m->edges; e++)
        if (weight[e] > 0) {
            size_t a = m->from[e], b = m->to[e];
            m->from[kept] = a < b ? a : b, m->to[kept] = a < b ? b : a, weight[kept++] = weight[e];
        }
    m->edges = kept;
}

/* ---- the graph ------------------------------------------------------------------------------ */

static int check(bram_ctx *cx, const bram_lfr_settings *o)
{
    bool share = o->mixing >= 0 && o->mixing <= 1 && o->weight_mixing >= 0 && o->weight_mixing <= 1;
    bool law = o->degree_exponent > 1 && o->size_exponent >= 0 && isfinite(o->degree_exponent) &&
               isfinite(o->size_exponent) && isfinite(o->strength_exponent);
    if (o->nodes < 3 || o->max_degree < 2 || o->max_degree >= o->nodes || !(o->mean_degree >= 1))
        return bram_fail(
            cx, BRAM_EUSAGE,
            "%zu nodes of mean degree %g, at most %zu; expected 3 nodes or more, a mean "
            "of 1 or more and at most 2 to nodes - 1",
            o->nodes, o->mean_degree, o->max_degree);
    if (share && law) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE,
                     "mixing %g, of weights %g, exponents %g, %g, %g: expected shares from 0 to 1, "
                     "an exponent of degrees above 1 and one of sizes of 0 or more",
                     o->mixing, o->weight_mixing, o->degree_exponent, o->size_exponent,
                     o->strength_exponent);
}

int bram_lfr_make(bram_ctx *cx, bram_lfr *out, const bram_lfr_settings *settings)
{
    BRAM_TRY(check(cx, settings));
    size_t n = settings->nodes, ends = 0;
    struct making m = {.o = settings, .random = bram_rng_new(settings->seed, "lfr")};
    size_t *work = bram_scratch(cx, n, 3 * sizeof *work);
    double *sums = bram_scratch(cx, n, 4 * sizeof *sums);
    m.degree = bram_scratch(cx, n, 2 * sizeof *m.degree);
    m.community = bram_scratch(cx, n, 2 * sizeof *m.community);
    m.joined = bram_scratch(cx, n, n);
    if (!work || !sums || !m.degree || !m.community || !m.joined) return BRAM_ENOMEM;
    m.inside = m.degree + n, m.size = m.community + n;
    BRAM_TRY(draw_degrees(cx, &m));
    BRAM_TRY(draw_communities(cx, &m, work));
    for (size_t i = 0; i < n; i++) ends += m.degree[i];
    work = bram_scratch(cx, ends, 4 * sizeof *work);
    m.from = bram_scratch(cx, ends, 2 * sizeof *m.from);
    double *weight = bram_scratch(cx, ends, sizeof *weight);
    if (!work || !m.from || !weight) return BRAM_ENOMEM;
    m.to = m.from + ends;
    draw_edges(&m, work, ends);
    scale_weights(&m, weight, sums, sums + 2 * n);
    drop_weightless(&m, weight);
    *out = (bram_lfr){m.edges, m.from, m.to, weight, m.communities, m.community};
    return BRAM_OK;
}
