/*
 * diagram.c - distances between persistence diagrams; see persistence.h.
 */
#include "assignment.h"
#include "internal.h"
#include "linalg.h"
#include "persistence.h"

#include <math.h>

/* The distance of two points, or (b NULL) of a point from the diagonal. */
static double between(const bram_bar *a, const bram_bar *b, const bram_diagram_metric *m)
{
    if (!b) return (a->death - a->birth) / (m->euclidean ? sqrt(2) : 2);
    double birth = fabs(a->birth - b->birth), death = fabs(a->death - b->death);
    return m->euclidean ? hypot(birth, death) : fmax(birth, death);
}

/* Rows: the points of a, then a place on the diagonal for each of b; columns likewise. */
static double cost_of(const bram_barcode *a, const bram_barcode *b, size_t i, size_t j,
                      const bram_diagram_metric *m)
{
    const bram_bar *p = i < a->count ? &a->bar[i] : NULL, *q = j < b->count ? &b->bar[j] : NULL;
    double d = p ? between(p, q, m) : q ? between(q, NULL, m) : 0;
    return isinf(m->order) ? d : pow(d, m->order);
}

static int diagram_distance(bram_ctx *cx, double *out, const bram_barcode *a, const bram_barcode *b,
                            const bram_diagram_metric *m)
{
    size_t n = a->count + b->count;
    bram_mat cost;
    double value = 0;
    BRAM_TRY(bram_mat_scratch(cx, &cost, n, n));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) bram_row(&cost, i)[j] = cost_of(a, b, i, j, m);
    if (isinf(m->order)) {
        BRAM_TRY(bram_assignment_bottleneck(cx, &value, &cost));
    } else {
        size_t *column = bram_scratch(cx, n, sizeof *column);
        if (!column) return BRAM_ENOMEM;
        BRAM_TRY(bram_assignment(cx, column, &value, &cost));
        value = pow(value, 1 / m->order);
    }
    *out = value;
    return BRAM_OK;
}

int bram_diagram_distance(bram_ctx *cx, double *out, const bram_barcode *a, const bram_barcode *b,
                          const bram_diagram_metric *metric)
{
    size_t mark = bram_scratch_mark(cx);
    int status = diagram_distance(cx, out, a, b, metric);
    bram_scratch_release(cx, mark);
    return status;
}
