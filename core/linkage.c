/*
 * linkage.c - average linkage; see linkage.h.
 */
#include "linkage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A cluster stands in the row of one of its things; a row that joined another is gone. */
struct clusters {
    size_t n;
    double *d; /* n x n */
    size_t *size;
    bool *gone;
};

static int take(bram_ctx *cx, struct clusters *c, const double *pairs, size_t n)
{
    size_t cells;
    if (__builtin_mul_overflow(n, n, &cells)) return BRAM_ENOMEM;
    *c = (struct clusters){n, bram_scratch(cx, cells, sizeof *c->d),
                           bram_scratch(cx, n, sizeof *c->size),
                           bram_scratch(cx, n, sizeof *c->gone)};
    if (!c->d || !c->size || !c->gone) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        c->size[i] = 1;
        for (size_t j = i + 1; j < n; j++, pairs++) {
            if (!isfinite(*pairs))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the dissimilarity of %zu and %zu is %g; a tree needs all of them",
                                 i + 1, j + 1, *pairs);
            c->d[i * n + j] = c->d[j * n + i] = *pairs;
        }
    }
    return BRAM_OK;
}

/* The nearest other cluster; `before` wins a tie, so that a chain ends; else the first. */
static size_t nearest(const struct clusters *c, size_t i, size_t before)
{
    size_t best = before;
    for (size_t j = 0; j < c->n; j++)
        if (j != i && !c->gone[j] && (best == c->n || c->d[i * c->n + j] < c->d[i * c->n + best]))
            best = j;
    return best;
}

/* Row b joins row a. Means are reducible: no later merge is lower than it would have been. */
static void join(struct clusters *c, size_t a, size_t b)
{
    double na = (double)c->size[a], nb = (double)c->size[b];
    c->gone[b] = true;
    c->size[a] += c->size[b];
    for (size_t k = 0; k < c->n; k++)
        if (!c->gone[k] && k != a) {
            double *ak = &c->d[a * c->n + k];
            *ak = (na * *ak + nb * c->d[b * c->n + k]) / (na + nb);
            c->d[k * c->n + a] = *ak;
        }
}

static int by_height(const void *x, const void *y)
{
    const bram_merge *a = x, *b = y;
    if (a->height != b->height) return a->height < b->height ? -1 : 1;
    return (a->size > b->size) - (a->size < b->size); /* the order in which they were found */
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

/* Merges of rows, in any order, become merges of numbered clusters by height. */
static int number(bram_ctx *cx, bram_merge *merge, size_t n)
{
    size_t *parent = bram_scratch(cx, 2 * n - 1, sizeof *parent);
    size_t *size = bram_scratch(cx, 2 * n - 1, sizeof *size);
    if (!parent || !size) return BRAM_ENOMEM;
    for (size_t k = 0; k + 1 < n; k++) merge[k].size = k;
    qsort(merge, n - 1, sizeof *merge, by_height);
    for (size_t i = 0; i < 2 * n - 1; i++) parent[i] = i, size[i] = i < n;
    for (size_t k = 0; k + 1 < n; k++) {
        size_t a = root_of(parent, merge[k].a), b = root_of(parent, merge[k].b);
        parent[a] = parent[b] = n + k;
        size[n + k] = size[a] + size[b];
        merge[k] = (bram_merge){a < b ? a : b, a < b ? b : a, merge[k].height, size[n + k]};
    }
    return BRAM_OK;
}

/* Follows nearest neighbours until two are each other's, joins them, goes on from what is left. */
static int chain(bram_ctx *cx, struct clusters *c, bram_merge *merge)
{
    size_t n = c->n, length = 0, *path = bram_scratch(cx, n + 1, sizeof *path);
    if (!path) return BRAM_ENOMEM;
    for (size_t k = 0; k + 1 < n;) {
        if (!length)
            for (size_t i = 0; i < n && !length; i++)
                if (!c->gone[i]) path[length++] = i;
        size_t last = path[length - 1], before = length > 1 ? path[length - 2] : n;
        size_t next = nearest(c, last, before);
        if (next != before) {
            path[length++] = next;
            continue;
        }
        size_t a = last < before ? last : before, b = last < before ? before : last;
        merge[k++] = (bram_merge){a, b, c->d[a * n + b], 0};
        join(c, a, b);
        length -= 2;
    }
    return BRAM_OK;
}

int bram_linkage_average(bram_ctx *cx, bram_merge *out, const double *pairs, size_t n)
{
    struct clusters c;
    if (n < 2) return bram_fail(cx, BRAM_ESHAPE, "a tree of %zu, expected 2 things or more", n);
    size_t mark = bram_scratch_mark(cx);
    bram_merge *merge = bram_scratch(cx, n, sizeof *merge);
    int status = merge ? take(cx, &c, pairs, n) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = chain(cx, &c, merge);
    if (status == BRAM_OK) status = number(cx, merge, n);
    if (status == BRAM_OK) memcpy(out, merge, (n - 1) * sizeof *out);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_linkage_order(bram_ctx *cx, size_t *order, const bram_merge *tree, size_t n)
{
    size_t mark = bram_scratch_mark(cx), depth = 0, at = 0;
    size_t *stack = bram_scratch(cx, n + 1, sizeof *stack);
    if (!stack) return BRAM_ENOMEM;
    if (n) stack[depth++] = 2 * n - 2;
    while (depth) {
        size_t cluster = stack[--depth];
        if (cluster < n) {
            order[at++] = cluster;
            continue;
        }
        stack[depth++] = tree[cluster - n].b;
        stack[depth++] = tree[cluster - n].a;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
