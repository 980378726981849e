/*
 * transport.c - the transportation problem by the network simplex; see transport.h.
 *
 * Nodes 0 .. p - 1 are rows, p .. p + q - 1 columns; a basis is a spanning tree of p + q - 1 arcs.
 * Each step lets the arc of a most negative reduced cost c_ij - u_i - v_j (the best of a block of
 * arcs) into the tree, sends what the cycle it closes can take, and drops the arc that is emptied.
 *
 * Masses are whole numbers (q / g a row, p / g a column, g = gcd), and to keep every step a true
 * step they are perturbed (Orden 1956): times K = p + 1, then 1 more on each row and p more on the
 * last column. No partial sums of rows and columns are then equal, so no basic flow is zero, and no
 * tree is seen twice. The best tree of the perturbed problem is one of the problem itself, and its
 * flows there follow from the tree. Sources: Dantzig 1951; Ahuja, Magnanti & Orlin 1993, chapter
 * 11.
 */
#include "transport.h"

#include "assignment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20, CHECK_CANCEL = 1024 };

#define NO_NODE SIZE_MAX

static const double allowed = 1e-12; /* of the largest cost: a reduced cost that is none */

/* A tree, by its root 0: what is stored for a node is about the arc to its parent. */
struct tree {
    const bram_mat *cost;
    size_t p, nodes;
    size_t *parent, *child, *next, *previous; /* first child; siblings */
    size_t *depth;
    int64_t *flow, *mass;
    double *price;
    size_t *stack;
};

static double arc_cost(const struct tree *t, size_t a, size_t b)
{
    return a < b ? bram_row(t->cost, a)[b - t->p] : bram_row(t->cost, b)[a - t->p];
}

static void attach(struct tree *t, size_t node, size_t parent, int64_t flow)
{
    t->parent[node] = parent;
    t->flow[node] = flow;
    t->previous[node] = NO_NODE;
    t->next[node] = t->child[parent];
    if (t->next[node] != NO_NODE) t->previous[t->next[node]] = node;
    t->child[parent] = node;
}

static void detach(struct tree *t, size_t node)
{
    size_t before = t->previous[node], after = t->next[node];
    if (before != NO_NODE) t->next[before] = after;
    else t->child[t->parent[node]] = after;
    if (after != NO_NODE) t->previous[after] = before;
}

/* Prices and depths of a node and all below it, by its parent. */
static void refresh(struct tree *t, size_t top)
{
    size_t height = 0;
    t->stack[height++] = top;
    while (height) {
        size_t node = t->stack[--height], parent = t->parent[node];
        if (parent != NO_NODE) {
            t->depth[node] = t->depth[parent] + 1;
            t->price[node] = arc_cost(t, node, parent) - t->price[parent];
        }
        for (size_t c = t->child[node]; c != NO_NODE; c = t->next[c]) t->stack[height++] = c;
    }
}

/* ---- a first tree --------------------------------------------------------------------------- */

struct arc {
    size_t a, b;
    int64_t flow;
};

/* Each row in turn goes to the cheapest columns that have room; every step closes a row or a
 * column, and what it joins is a tree. */
static size_t first_arcs(const struct tree *t, struct arc *arc, int64_t *left)
{
    size_t p = t->p, q = t->nodes - p, count = 0, open = q;
    bool *closed = (bool *)t->stack; /* not in use yet */
    memset(closed, 0, q * sizeof *closed);
    memcpy(left, t->mass, t->nodes * sizeof *left);
    for (size_t i = 0; i < p; i++)
        for (;;) {
            size_t best = NO_NODE;
            for (size_t j = 0; j < q; j++)
                if (!closed[j] &&
                    (best == NO_NODE || bram_row(t->cost, i)[j] < bram_row(t->cost, i)[best]))
                    best = j;
            int64_t sent = left[i] < left[p + best] ? left[i] : left[p + best];
            arc[count++] = (struct arc){i, p + best, sent};
            left[i] -= sent, left[p + best] -= sent;
            if (i + 1 < p && left[i] == 0) break;
            closed[best] = true;
            if (--open == 0) return count;
        }
    return count;
}

/* Hangs the arcs up at node 0. */
static int build(bram_ctx *cx, struct tree *t)
{
    size_t n = t->nodes, count;
    struct arc *arc = bram_scratch(cx, n, sizeof *arc);
    int64_t *left = arc ? bram_scratch(cx, n, sizeof *left) : NULL;
    size_t *first = left ? bram_scratch(cx, n + 1, sizeof *first) : NULL;
    size_t *touching = first ? bram_scratch(cx, 2 * n, sizeof *touching) : NULL;
    if (!touching) return BRAM_ENOMEM;
    count = first_arcs(t, arc, left);
    for (size_t e = 0; e < count; e++) first[arc[e].a + 1]++, first[arc[e].b + 1]++;
    for (size_t i = 0; i < n; i++) first[i + 1] += first[i];
    size_t *at = bram_scratch(cx, n, sizeof *at), height = 0;
    if (!at) return BRAM_ENOMEM;
    for (size_t e = 0; e < count; e++) {
        touching[first[arc[e].a] + at[arc[e].a]++] = e;
        touching[first[arc[e].b] + at[arc[e].b]++] = e;
    }
    for (size_t i = 0; i < n; i++) t->parent[i] = t->child[i] = t->next[i] = NO_NODE;
    t->stack[height++] = 0;
    while (height) {
        size_t node = t->stack[--height];
        for (size_t k = first[node]; k < first[node + 1]; k++) {
            struct arc e = arc[touching[k]];
            size_t other = e.a == node ? e.b : e.a;
            if (other == t->parent[node]) continue;
            attach(t, other, node, e.flow);
            t->stack[height++] = other;
        }
    }
    refresh(t, 0);
    return BRAM_OK;
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* The arc (row, column) of the most negative reduced cost in the next block that has one. */
static bool entering(const struct tree *t, size_t *next, double threshold, size_t *row,
                     size_t *column)
{
    size_t p = t->p, q = t->nodes - p, block = 1 + p / 20 + 64 / (q + 1);
    double best = -threshold;
    bool found = false;
    for (size_t seen = 0; seen < p && !found;) {
        for (size_t b = 0; b < block && seen < p; b++, seen++) {
            size_t i = *next;
            const double *c = bram_row(t->cost, i), *v = t->price + p;
            double u = t->price[i];
            for (size_t j = 0; j < q; j++)
                if (c[j] - u - v[j] < best) best = c[j] - u - v[j], *row = i, *column = p + j;
            *next = i + 1 < p ? i + 1 : 0;
        }
        found = best < -threshold;
    }
    return found;
}

/*
 * The cycle of arc (row, column): mass goes from row to column over it, and back along the tree.
 * Going up from the column to where the paths meet, an arc is used backwards when its lower node is
 * a column; going up from the row, when its lower node is a row. Those lose flow.
 */
static bool loses(const struct tree *t, size_t node, bool column_side)
{
    return column_side ? node >= t->p : node < t->p;
}

static size_t meeting(const struct tree *t, size_t a, size_t b)
{
    while (a != b) {
        if (t->depth[a] < t->depth[b]) b = t->parent[b];
        else a = t->parent[a];
    }
    return a;
}

static void pivot(struct tree *t, size_t row, size_t column)
{
    size_t top = meeting(t, row, column), leaving = NO_NODE, ends[2] = {row, column};
    int64_t sent = 0;
    bool column_side = false;
    for (int side = 0; side < 2; side++)
        for (size_t node = ends[side]; node != top; node = t->parent[node])
            if (loses(t, node, side) && (leaving == NO_NODE || t->flow[node] < sent))
                sent = t->flow[node], leaving = node, column_side = side;
    for (int side = 0; side < 2; side++)
        for (size_t node = ends[side]; node != top; node = t->parent[node])
            t->flow[node] += loses(t, node, side) ? -sent : sent;
    /* what hangs below the leaving arc is hung up at the other end of the entering one */
    size_t node = column_side ? column : row, above = column_side ? row : column, low = node;
    int64_t flow = sent;
    for (;;) {
        size_t parent = t->parent[node];
        int64_t own = t->flow[node];
        detach(t, node);
        attach(t, node, above, flow);
        if (node == leaving) break;
        above = node, node = parent, flow = own;
    }
    refresh(t, low);
}

static int optimize(bram_ctx *cx, struct tree *t)
{
    double largest = 0;
    size_t next = 0, row = 0, column = 0;
    for (size_t i = 0; i < t->cost->rows; i++)
        for (size_t j = 0; j < t->cost->cols; j++)
            largest = fmax(largest, fabs(bram_row(t->cost, i)[j]));
    for (size_t step = 0; entering(t, &next, allowed * largest, &row, &column); step++) {
        if (step % CHECK_CANCEL == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
        pivot(t, row, column);
    }
    return BRAM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Flows of these masses in the tree. A row passes on what is left of its own mass after the columns
 * below it, and a column asks for what the rows below it do not bring. */
static void settle(struct tree *t, const int64_t *mass)
{
    size_t n = t->nodes, height = 0, done = 0, *order = t->stack;
    /* parents before children, in place: the stack's lower part is the order so far */
    order[height++] = 0;
    while (done < height) {
        size_t node = order[done++];
        for (size_t c = t->child[node]; c != NO_NODE; c = t->next[c]) order[height++] = c;
    }
    memcpy(t->mass, mass, n * sizeof *mass);
    for (size_t k = n; k-- > 1;) {
        size_t node = order[k];
        t->flow[node] = t->mass[node];
        t->mass[t->parent[node]] -= t->mass[node];
    }
}

static int new_tree(bram_ctx *cx, struct tree *t, const bram_mat *cost)
{
    size_t n = cost->rows + cost->cols;
    *t = (struct tree){.cost = cost, .p = cost->rows, .nodes = n};
    size_t **lists[] = {&t->parent, &t->child, &t->next, &t->previous, &t->depth, &t->stack};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        if (!(*lists[k] = bram_scratch(cx, n, sizeof **lists[k]))) return BRAM_ENOMEM;
    t->flow = bram_scratch(cx, n, sizeof *t->flow);
    t->mass = t->flow ? bram_scratch(cx, n, sizeof *t->mass) : NULL;
    t->price = t->mass ? bram_scratch(cx, n, sizeof *t->price) : NULL;
    return t->price ? BRAM_OK : BRAM_ENOMEM;
}

static int by_row(const void *a, const void *b)
{
    const bram_shipment *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

static int simplex(bram_ctx *cx, bram_shipment *plan, size_t *count, const bram_mat *cost)
{
    struct tree t;
    int64_t p = (int64_t)cost->rows, q = (int64_t)cost->cols, g = common_divisor(p, q);
    BRAM_TRY(new_tree(cx, &t, cost));
    int64_t *mass = bram_scratch(cx, t.nodes, sizeof *mass);
    if (!mass) return BRAM_ENOMEM;
    for (size_t k = 0; k < t.nodes; k++) {
        mass[k] = (k < t.p ? q : p) / g;
        t.mass[k] = mass[k] * (p + 1) + (k < t.p) + (k + 1 == t.nodes ? p : 0);
    }
    BRAM_TRY(build(cx, &t));
    BRAM_TRY(optimize(cx, &t));
    settle(&t, mass);
    *count = 0;
    for (size_t k = 1; k < t.nodes; k++) {
        size_t other = t.parent[k], row = k < t.p ? k : other, column = k < t.p ? other : k;
        if (t.flow[k] > 0)
            plan[(*count)++] = (bram_shipment){row, column - t.p,
                                               (double)t.flow[k] * (double)g / (double)(p * q)};
    }
    qsort(plan, *count, sizeof *plan, by_row);
    return BRAM_OK;
}

static int assign(bram_ctx *cx, bram_shipment *plan, size_t *count, const bram_mat *cost)
{
    size_t n = cost->rows, *column = bram_scratch(cx, n, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    BRAM_TRY(bram_assignment(cx, column, NULL, cost));
    for (size_t i = 0; i < n; i++) plan[i] = (bram_shipment){i, column[i], 1 / (double)n};
    *count = n;
    return BRAM_OK;
}

int bram_transport_uniform(bram_ctx *cx, bram_shipment *plan, size_t *count, double *total,
                           const bram_mat *cost)
{
    size_t p = cost->rows, q = cost->cols, used = 0;
    if (!p || !q || p > MOST || q > MOST)
        return bram_fail(cx, BRAM_ESHAPE, "transport of %zu rows to %zu columns", p, q);
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < q; j++)
            if (!isfinite(bram_row(cost, i)[j]))
                return bram_fail(cx, BRAM_ENUMERIC, "the cost (%zu, %zu) is %g, expected a number",
                                 i, j, bram_row(cost, i)[j]);
    size_t mark = bram_scratch_mark(cx);
    bram_shipment *own = bram_scratch(cx, p + q, sizeof *own);
    int status = own ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = p == q ? assign(cx, own, &used, cost) : simplex(cx, own, &used, cost);
    if (status == BRAM_OK) {
        double sum = 0;
        for (size_t k = 0; k < used; k++)
            sum += own[k].mass * bram_row(cost, own[k].row)[own[k].column];
        *total = sum;
        if (plan) memcpy(plan, own, used * sizeof *own);
        if (plan && count) *count = used;
    }
    bram_scratch_release(cx, mark);
    return status;
}
