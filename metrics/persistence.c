/*
 * persistence.c - barcodes of dissimilarity matrices; see persistence.h.
 *
 * Edges are numbered by their place in the filtration (length, then pair). A triangle comes with
 * its last edge e and is named e n + v, v the vertex opposite: names are in the order of the
 * filtration as well. A column of the coboundary matrix is an edge, its entries the triangles that
 * contain it, its pivot the first of these. Columns are reduced from the last edge to the first;
 * edges of the spanning tree are cleared. If the pivot of e has e as its last edge, the two are an
 * apparent pair: no bar, nothing to reduce, and its column is made anew when it is needed.
 */
#include "persistence.h"

#include "internal.h"
#include "rdm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int check(bram_ctx *cx, const double *d, size_t n)
{
    for (size_t k = 0; k < bram_rdm_pairs(n); k++)
        if (!(d[k] >= 0))
            return bram_fail(cx, BRAM_ENUMERIC, "dissimilarity %zu is %g, expected >= 0", k, d[k]);
    return BRAM_OK;
}

static size_t pair_of(size_t n, size_t i, size_t j)
{
    return i < j ? i * n - i * (i + 1) / 2 + (j - i - 1) : j * n - j * (j + 1) / 2 + (i - j - 1);
}

static int by_birth(const void *a, const void *b)
{
    const bram_bar *x = a, *y = b;
    if (x->birth != y->birth) return x->birth < y->birth ? -1 : 1;
    return (x->death > y->death) - (x->death < y->death);
}

/* ---- components ----------------------------------------------------------------------------- */

/* Prim: edges[k] is the pair that joins the k-th condition to the tree, or its number of pairs
 * where nothing does. */
static int spanning_edges(bram_ctx *cx, size_t *edges, const double *d, size_t n)
{
    double *nearest = bram_scratch(cx, n, sizeof *nearest);
    size_t *by = bram_scratch(cx, n, sizeof *by);
    bool *in = bram_scratch(cx, n, sizeof *in);
    if (!nearest || !by || !in) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) nearest[i] = INFINITY, by[i] = bram_rdm_pairs(n);
    for (size_t round = 0, at = 0; round < n; round++) {
        in[at] = true;
        if (round) edges[round - 1] = by[at];
        size_t next = at;
        double least = INFINITY;
        for (size_t j = 0; j < n; j++) {
            if (in[j]) continue;
            size_t k = pair_of(n, at, j);
            if (d[k] < nearest[j]) nearest[j] = d[k], by[j] = k;
            if (next == at || nearest[j] < least) least = nearest[j], next = j;
        }
        at = next;
    }
    return BRAM_OK;
}

int bram_barcode_h0(bram_ctx *cx, bram_barcode *out, const double *d, size_t n)
{
    BRAM_TRY(check(cx, d, n));
    size_t mark = bram_scratch_mark(cx), count = 0;
    size_t *edges = bram_scratch(cx, n, sizeof *edges);
    bram_bar *bar = edges ? bram_alloc(cx, n, sizeof *bar) : NULL;
    int status = bar ? spanning_edges(cx, edges, d, n) : BRAM_ENOMEM;
    for (size_t k = 0; status == BRAM_OK && k + 1 < n; k++) {
        double length = edges[k] < bram_rdm_pairs(n) ? d[edges[k]] : (double)INFINITY;
        if (length > 0 && isfinite(length)) bar[count++] = (bram_bar){0, length};
    }
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) {
        bram_free(bar);
        return status;
    }
    qsort(bar, count, sizeof *bar, by_birth);
    *out = (bram_barcode){bar, count};
    return BRAM_OK;
}

int bram_spanning_tree(bram_ctx *cx, double *sum, const double *d, size_t n)
{
    bram_barcode h0;
    double total = 0;
    BRAM_TRY(bram_barcode_h0(cx, &h0, d, n));
    for (size_t k = 0; k < h0.count; k++) total += h0.bar[k].death;
    bram_free(h0.bar);
    *sum = total;
    return BRAM_OK;
}

/* ---- loops ---------------------------------------------------------------------------------- */

enum { NO_EDGE = UINT32_MAX };

static const uint64_t NO_TRIANGLE = UINT64_MAX;

/* The filtration: place of each edge, and edge at each place. */
struct rips {
    size_t n, edges;
    uint32_t *place;    /* n x n; NO_EDGE where there is none */
    uint16_t (*end)[2]; /* of the edge at a place */
    double *length;
    bool *cleared; /* edges of the spanning tree */
};

/* A growing list of numbers. */
struct list {
    uint64_t *item;
    size_t count, room;
};

static int append(bram_ctx *cx, struct list *l, uint64_t item)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 256;
        uint64_t *grown = bram_realloc(cx, l->item, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        l->item = grown, l->room = room;
    }
    l->item[l->count++] = item;
    return BRAM_OK;
}

struct placed {
    double length;
    uint32_t pair;
    uint16_t end[2];
};

static int by_length(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return (x->pair > y->pair) - (x->pair < y->pair);
}

/* The scale from which on one condition is joined to all others: no loop lives longer. */
static double enclosing_radius(const double *d, size_t n)
{
    double least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        double farthest = 0;
        for (size_t j = 0; j < n; j++)
            if (j != i) farthest = fmax(farthest, d[pair_of(n, i, j)]);
        least = fmin(least, farthest);
    }
    return least;
}

static int make_rips(bram_ctx *cx, struct rips *r, const double *d, size_t n)
{
    size_t pairs = bram_rdm_pairs(n);
    struct placed *edge = bram_scratch(cx, pairs, sizeof *edge);
    *r = (struct rips){.n = n,
                       .place = bram_scratch(cx, n * n, sizeof *r->place),
                       .end = bram_scratch(cx, pairs, sizeof *r->end),
                       .length = bram_scratch(cx, pairs, sizeof *r->length),
                       .cleared = bram_scratch(cx, pairs, sizeof *r->cleared)};
    if (!edge || !r->place || !r->end || !r->length || !r->cleared) return BRAM_ENOMEM;
    double radius = enclosing_radius(d, n);
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++)
            if (isfinite(d[k]) && d[k] <= radius)
                edge[r->edges++] = (struct placed){d[k], (uint32_t)k, {(uint16_t)i, (uint16_t)j}};
    qsort(edge, r->edges, sizeof *edge, by_length);
    for (size_t k = 0; k < n * n; k++) r->place[k] = NO_EDGE;
    for (size_t e = 0; e < r->edges; e++) {
        size_t i = edge[e].end[0], j = edge[e].end[1];
        r->place[i * n + j] = r->place[j * n + i] = (uint32_t)e;
        memcpy(r->end[e], edge[e].end, sizeof *r->end);
        r->length[e] = edge[e].length;
    }
    return BRAM_OK;
}

/* Clears the edges that join two components when they come: Kruskal's tree, ties by place. */
static int clear_tree(bram_ctx *cx, struct rips *r)
{
    uint16_t *root = bram_scratch(cx, r->n, sizeof *root);
    if (!root) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->n; i++) root[i] = (uint16_t)i;
    for (size_t e = 0; e < r->edges; e++) {
        uint16_t a = r->end[e][0], b = r->end[e][1];
        while (root[a] != a) a = root[a] = root[root[a]];
        while (root[b] != b) b = root[b] = root[root[b]];
        if (a != b) root[a] = b, r->cleared[e] = true;
    }
    return BRAM_OK;
}

/* The triangle of an edge and a vertex; NO_TRIANGLE where one of its edges never comes. */
static uint64_t triangle(const struct rips *r, size_t e, size_t v)
{
    size_t i = r->end[e][0], j = r->end[e][1];
    if (v == i || v == j) return NO_TRIANGLE;
    uint32_t a = r->place[i * r->n + v], b = r->place[j * r->n + v];
    if (a == NO_EDGE || b == NO_EDGE) return NO_TRIANGLE;
    uint64_t last = e, opposite = v;
    if (a > last) last = a, opposite = j;
    if (b > last) last = b, opposite = i;
    return last * r->n + opposite;
}

/* The first triangle of an edge's column. One whose last edge is e is the first of all: apparent.
 */
static uint64_t first_triangle(const struct rips *r, size_t e)
{
    uint64_t least = NO_TRIANGLE;
    for (size_t v = 0; v < r->n; v++) {
        uint64_t t = triangle(r, e, v);
        if (t / r->n == e) return t;
        if (t < least) least = t;
    }
    return least;
}

/* Pivots of reduced columns: an open table of triangle to column, by hash. */
struct columns {
    uint64_t *key;
    uint32_t *column;
    size_t room, used;
    struct list edges, first; /* edges that a column is the sum of: from first[c] on */
    size_t work;              /* where those of the column in work begin */
};

static size_t slot_of(const struct columns *c, uint64_t key)
{
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15ULL) >> 20) & (c->room - 1);
    while (c->key[at] != NO_TRIANGLE && c->key[at] != key) at = (at + 1) & (c->room - 1);
    return at;
}

static int grow(bram_ctx *cx, struct columns *c)
{
    struct columns old = *c;
    size_t room = old.room ? 2 * old.room : 1024;
    uint64_t *key = bram_alloc(cx, room, sizeof *key);
    uint32_t *column = bram_alloc(cx, room, sizeof *column);
    if (!key || !column) {
        bram_free(key);
        bram_free(column);
        return BRAM_ENOMEM;
    }
    c->key = key, c->column = column, c->room = room;
    for (size_t k = 0; k < room; k++) key[k] = NO_TRIANGLE;
    for (size_t k = 0; k < old.room; k++) {
        if (old.key[k] == NO_TRIANGLE) continue;
        size_t at = slot_of(c, old.key[k]);
        key[at] = old.key[k], column[at] = old.column[k];
    }
    bram_free(old.key);
    bram_free(old.column);
    return BRAM_OK;
}

/* Claims a pivot for the column in work. */
static int claim(bram_ctx *cx, struct columns *c, uint64_t pivot)
{
    if (2 * (c->used + 1) > c->room) BRAM_TRY(grow(cx, c));
    size_t at = slot_of(c, pivot);
    c->key[at] = pivot, c->column[at] = (uint32_t)c->first.count;
    c->used++;
    return append(cx, &c->first, c->work);
}

static void release_columns(struct columns *c)
{
    bram_free(c->key);
    bram_free(c->column);
    bram_free(c->edges.item);
    bram_free(c->first.item);
}

/* ---- a column in work: a heap of triangles, least first; two of a kind are none ------------- */

static int push(bram_ctx *cx, struct list *heap, uint64_t t)
{
    BRAM_TRY(append(cx, heap, t));
    size_t i = heap->count - 1;
    for (; i > 0 && t < heap->item[(i - 1) / 2]; i = (i - 1) / 2)
        heap->item[i] = heap->item[(i - 1) / 2];
    heap->item[i] = t;
    return BRAM_OK;
}

static uint64_t pop(struct list *heap)
{
    uint64_t top = heap->item[0], last = heap->item[--heap->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && heap->item[child + 1] < heap->item[child]) child++;
        if (heap->item[child] >= last) break;
        heap->item[i] = heap->item[child];
    }
    heap->item[i] = last;
    return top;
}

/* Takes the pivot out, and cancels what is there twice before it. */
static uint64_t pop_pivot(struct list *heap)
{
    while (heap->count) {
        uint64_t t = pop(heap);
        if (!heap->count || heap->item[0] != t) return t;
        pop(heap);
    }
    return NO_TRIANGLE;
}

static int add_edge(bram_ctx *cx, struct list *heap, const struct rips *r, size_t e)
{
    for (size_t v = 0; v < r->n; v++) {
        uint64_t t = triangle(r, e, v);
        if (t != NO_TRIANGLE) BRAM_TRY(push(cx, heap, t));
    }
    return BRAM_OK;
}

/* Adds the column that has this pivot; *found is false where none has. Its edges are appended to
 * those of the column in work. */
static int add_column(bram_ctx *cx, struct list *heap, struct columns *c, const struct rips *r,
                      uint64_t pivot, bool *found)
{
    size_t last = (size_t)(pivot / r->n);
    *found = true;
    if (first_triangle(r, last) == pivot) {
        BRAM_TRY(append(cx, &c->edges, last));
        return add_edge(cx, heap, r, last);
    }
    size_t at = c->room ? slot_of(c, pivot) : 0;
    if (!c->room || c->key[at] == NO_TRIANGLE) {
        *found = false;
        return BRAM_OK;
    }
    size_t column = c->column[at], from = (size_t)c->first.item[column];
    size_t to = column + 1 < c->first.count ? (size_t)c->first.item[column + 1] : c->work;
    for (size_t k = from; k < to; k++) {
        size_t e = (size_t)c->edges.item[k];
        BRAM_TRY(append(cx, &c->edges, e));
        BRAM_TRY(add_edge(cx, heap, r, e));
    }
    return BRAM_OK;
}

/* Whether nothing has this pivot: no stored column, and its last edge not by itself. */
static bool is_free(const struct columns *c, const struct rips *r, uint64_t pivot)
{
    if (c->room && c->key[slot_of(c, pivot)] != NO_TRIANGLE) return false;
    return first_triangle(r, (size_t)(pivot / r->n)) != pivot;
}

/* Reduces the column of edge e, whose first triangle is *pivot; NO_TRIANGLE then says that the loop
 * never closes. */
static int reduce(bram_ctx *cx, uint64_t *pivot, struct list *heap, struct columns *c,
                  const struct rips *r, size_t e)
{
    c->work = c->edges.count;
    BRAM_TRY(append(cx, &c->edges, e));
    if (is_free(c, r, *pivot)) return claim(cx, c, *pivot);
    heap->count = 0;
    BRAM_TRY(add_edge(cx, heap, r, e));
    while ((*pivot = pop_pivot(heap)) != NO_TRIANGLE) {
        bool found;
        BRAM_TRY(push(cx, heap, *pivot));
        BRAM_TRY(add_column(cx, heap, c, r, *pivot, &found));
        if (!found) return claim(cx, c, *pivot);
    }
    c->edges.count = c->work;
    return BRAM_OK;
}

static int loops(bram_ctx *cx, struct list *bars, const struct rips *r, struct columns *c,
                 struct list *heap)
{
    for (size_t e = r->edges; e-- > 0;) {
        if (r->cleared[e]) continue;
        if (e % 256 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
        uint64_t pivot = first_triangle(r, e);
        if (pivot == NO_TRIANGLE || pivot / r->n == e) continue;
        BRAM_TRY(reduce(cx, &pivot, heap, c, r, e));
        if (pivot == NO_TRIANGLE) continue;
        size_t last = (size_t)(pivot / r->n);
        if (r->length[last] > r->length[e]) BRAM_TRY(append(cx, bars, (uint64_t)e << 32 | last));
    }
    return BRAM_OK;
}

static int keep_bars(bram_ctx *cx, bram_barcode *out, const struct list *bars, const struct rips *r)
{
    bram_bar *bar = bram_alloc(cx, bars->count, sizeof *bar);
    if (!bar) return BRAM_ENOMEM;
    for (size_t k = 0; k < bars->count; k++)
        bar[k] = (bram_bar){r->length[bars->item[k] >> 32], r->length[bars->item[k] & UINT32_MAX]};
    qsort(bar, bars->count, sizeof *bar, by_birth);
    *out = (bram_barcode){bar, bars->count};
    return BRAM_OK;
}

int bram_barcode_h1(bram_ctx *cx, bram_barcode *out, const double *d, size_t n)
{
    struct rips r;
    struct columns c = {0};
    struct list heap = {0}, bars = {0};
    if (n > UINT16_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "loops of %zu conditions, expected at most %d", n,
                         UINT16_MAX);
    BRAM_TRY(check(cx, d, n));
    size_t mark = bram_scratch_mark(cx);
    int status = make_rips(cx, &r, d, n);
    if (status == BRAM_OK) status = clear_tree(cx, &r);
    if (status == BRAM_OK) status = loops(cx, &bars, &r, &c, &heap);
    if (status == BRAM_OK) status = keep_bars(cx, out, &bars, &r);
    release_columns(&c);
    bram_free(heap.item);
    bram_free(bars.item);
    bram_scratch_release(cx, mark);
    return status;
}
