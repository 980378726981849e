/*
 * geodesic.c - graphs of neighbours and shortest paths; see geodesic.h.
 *
 * Sources: Dijkstra 1959; Floyd 1962 and Warshall 1962; in blocks: Venkataraman, Sahni &
 * Mukhopadhyaya 2003 (J Exp Algorithmics 8:2.2). With a symmetric matrix only the lower triangle of
 * blocks is computed: the row of blocks that a step needs is its column transposed.
 */
#include "geodesic.h"

#include "internal.h"
#include "rdm.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* ---- many edges: Floyd and Warshall in blocks ----------------------------------------------- */

enum { BLOCK = 64, LANES = 16 };

struct dense {
    size_t blocks, side; /* side = blocks * BLOCK */
    double *d;           /* side x side; the lower triangle of blocks is valid */
    double *row;         /* BLOCK x side: the row of blocks of this step */
    size_t step;
};

static double *block_of(const struct dense *a, size_t i, size_t j)
{
    return a->d + i * BLOCK * a->side + j * BLOCK;
}

/* The inner loops as wide as the processor allows. Sums and minima have the same bits there. Not
 * under the thread sanitizer: the choice is made by the loader, before the sanitizer can follow it.
 */
#if defined(__GNUC__) && defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&   \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define WIDE
#endif

/* c = min(c, a (+) b): c[i][j] against the least a[i][t] + b[t][j]. Blocks within rows of these
 * strides; a and b do not change while c does, or do so without harm (the block of the step). */
WIDE static void min_plus(double *c, size_t c_stride, const double *a, size_t a_stride,
                          const double *b, size_t b_stride)
{
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t j = 0; j < BLOCK; j += LANES) {
            double least[LANES];
            for (size_t v = 0; v < LANES; v++) least[v] = c[i * c_stride + j + v];
            for (size_t t = 0; t < BLOCK; t++) {
                double first = a[i * a_stride + t];
                const double *second = b + t * b_stride + j;
                for (size_t v = 0; v < LANES; v++) {
                    double sum = first + second[v];
                    least[v] = sum < least[v] ? sum : least[v];
                }
            }
            for (size_t v = 0; v < LANES; v++) c[i * c_stride + j + v] = least[v];
        }
}

/* The block on the diagonal: paths within it. */
static void close_block(double *d, size_t stride)
{
    for (size_t t = 0; t < BLOCK; t++)
        for (size_t i = 0; i < BLOCK; i++) {
            double first = d[i * stride + t];
            if (isinf(first)) continue;
            for (size_t j = 0; j < BLOCK; j++) {
                double sum = first + d[t * stride + j];
                if (sum < d[i * stride + j]) d[i * stride + j] = sum;
            }
        }
}

/* Block `i` of the row of the step: D_ki = D_ik', then the least through block k. */
static int row_task(bram_ctx *cx, size_t i, void *user)
{
    struct dense *a = user;
    size_t k = a->step;
    double *row = a->row + i * BLOCK, copy[BLOCK * BLOCK];
    (void)cx;
    for (size_t r = 0; r < BLOCK; r++)
        for (size_t c = 0; c < BLOCK; c++)
            row[r * a->side + c] = i >= k ? block_of(a, i, k)[c * a->side + r]
                                          : block_of(a, k, i)[r * a->side + c];
    if (i == k) return BRAM_OK;
    for (size_t r = 0; r < BLOCK; r++)
        memcpy(copy + r * BLOCK, row + r * a->side, BLOCK * sizeof *copy);
    min_plus(row, a->side, block_of(a, k, k), a->side, copy, BLOCK);
    for (size_t r = 0; r < BLOCK; r++)
        for (size_t c = 0; c < BLOCK; c++)
            if (i >= k) block_of(a, i, k)[c * a->side + r] = row[r * a->side + c];
            else block_of(a, k, i)[r * a->side + c] = row[r * a->side + c];
    return BRAM_OK;
}

/* Row i of blocks, up to the diagonal: through the conditions of block k. */
static int rest_task(bram_ctx *cx, size_t task, void *user)
{
    struct dense *a = user;
    size_t k = a->step, i = a->blocks - 1 - task; /* long rows first */
    double through[BLOCK * BLOCK];
    (void)cx;
    if (i == k) return BRAM_OK;
    for (size_t r = 0; r < BLOCK; r++)
        for (size_t c = 0; c < BLOCK; c++)
            through[r * BLOCK + c] = a->row[c * a->side + i * BLOCK + r];
    for (size_t j = 0; j <= i; j++)
        if (j != k)
            min_plus(block_of(a, i, j), a->side, through, BLOCK, a->row + j * BLOCK, a->side);
    return BRAM_OK;
}

static int floyd_warshall(bram_ctx *cx, double *out, const double *edge, size_t n)
{
    struct dense a = {.blocks = (n + BLOCK - 1) / BLOCK};
    a.side = a.blocks * BLOCK;
    if (bram_overflows(a.side, a.side)) return bram_fail(cx, BRAM_ENOMEM, "too many conditions");
    a.d = bram_scratch(cx, a.side * a.side, sizeof *a.d);
    a.row = a.d ? bram_scratch(cx, BLOCK * a.side, sizeof *a.row) : NULL;
    if (!a.row) return BRAM_ENOMEM;
    for (size_t i = 0; i < a.side * a.side; i++) a.d[i] = INFINITY;
    for (size_t i = 0; i < a.side; i++) a.d[i * a.side + i] = 0;
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++) a.d[i * a.side + j] = a.d[j * a.side + i] = edge[k];
    for (a.step = 0; a.step < a.blocks; a.step++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        close_block(block_of(&a, a.step, a.step), a.side);
        BRAM_TRY(bram_parallel_for(cx, a.blocks, row_task, &a));
        BRAM_TRY(bram_parallel_for(cx, a.blocks, rest_task, &a));
    }
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++) out[k] = a.d[j * a.side + i];
    return BRAM_OK;
}

/* ---- few edges: Dijkstra -------------------------------------------------------------------- */

struct arc {
    uint32_t to;
    double length;
};

struct sparse {
    size_t n, *first; /* arcs of condition i: first[i] .. first[i + 1] - 1 */
    struct arc *arc;
    double *out;
};

struct reached {
    double distance;
    uint32_t at;
};

static bool nearer(struct reached a, struct reached b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.at < b.at;
}

static void push(struct reached *heap, size_t *count, struct reached r)
{
    size_t i = (*count)++;
    for (; i > 0 && nearer(r, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = r;
}

static struct reached pop(struct reached *heap, size_t *count)
{
    struct reached top = heap[0], last = heap[--*count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < *count; i = child) {
        if (child + 1 < *count && nearer(heap[child + 1], heap[child])) child++;
        if (!nearer(heap[child], last)) break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* Paths from one condition to those after it. */
static int source_task(bram_ctx *cx, size_t source, void *user)
{
    const struct sparse *a = user;
    size_t n = a->n, count = 0;
    double *distance = bram_scratch(cx, n, sizeof *distance);
    struct reached *heap = bram_scratch(cx, a->first[n] + 1, sizeof *heap);
    if (!distance || !heap) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) distance[i] = INFINITY;
    distance[source] = 0;
    push(heap, &count, (struct reached){0, (uint32_t)source});
    while (count) {
        struct reached r = pop(heap, &count);
        if (r.distance > distance[r.at]) continue; /* reached on a shorter way before */
        for (size_t k = a->first[r.at]; k < a->first[r.at + 1]; k++) {
            double sum = r.distance + a->arc[k].length;
            if (!(sum < distance[a->arc[k].to])) continue;
            distance[a->arc[k].to] = sum;
            push(heap, &count, (struct reached){sum, a->arc[k].to});
        }
    }
    double *out = a->out + source * n - source * (source + 1) / 2;
    for (size_t j = source + 1; j < n; j++) out[j - source - 1] = distance[j];
    return BRAM_OK;
}

static int dijkstra(bram_ctx *cx, double *out, const double *edge, size_t n, size_t edges)
{
    struct sparse a = {.n = n, .out = out};
    a.first = bram_scratch(cx, n + 1, sizeof *a.first);
    a.arc = bram_scratch(cx, 2 * edges, sizeof *a.arc);
    size_t *next = bram_scratch(cx, n, sizeof *next);
    if (!a.first || !a.arc || !next) return BRAM_ENOMEM;
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++)
            if (!isinf(edge[k])) a.first[i + 1]++, a.first[j + 1]++;
    for (size_t i = 0; i < n; i++) a.first[i + 1] += a.first[i], next[i] = a.first[i];
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++)
            if (!isinf(edge[k])) {
                a.arc[next[i]++] = (struct arc){(uint32_t)j, edge[k]};
                a.arc[next[j]++] = (struct arc){(uint32_t)i, edge[k]};
            }
    return bram_parallel_for(cx, n, source_task, &a);
}

/* An arc costs Dijkstra about so many times what a sum costs Floyd and Warshall. */
enum { ARC_COST = 64 };

int bram_shortest_paths(bram_ctx *cx, double *out, const double *edge, size_t n)
{
    size_t edges = 0, mark = bram_scratch_mark(cx);
    for (size_t k = 0; k < bram_rdm_pairs(n); k++) {
        if (!(edge[k] >= 0))
            return bram_fail(cx, BRAM_ENUMERIC, "edge %zu of a graph has length %g, expected >= 0",
                             k, edge[k]);
        edges += !isinf(edge[k]);
    }
    bool few = ARC_COST * (2.0 * (double)edges + (double)n) < 0.5 * (double)n * (double)n;
    int status = few ? dijkstra(cx, out, edge, n, edges) : floyd_warshall(cx, out, edge, n);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- components ----------------------------------------------------------------------------- */

static size_t root(size_t *parent, size_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

int bram_graph_components(bram_ctx *cx, size_t *count, const double *edge, size_t n)
{
    size_t mark = bram_scratch_mark(cx), left = n;
    size_t *parent = bram_scratch(cx, n, sizeof *parent);
    if (!parent) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) parent[i] = i;
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++) {
            if (isinf(edge[k])) continue;
            size_t a = root(parent, i), b = root(parent, j);
            if (a != b) parent[a] = b, left--;
        }
    *count = left;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- graphs --------------------------------------------------------------------------------- */

struct neighbour {
    double length, times;
};

static size_t pair_index(size_t n, size_t i, size_t j)
{
    return i < j ? i * n - i * (i + 1) / 2 + (j - i - 1) : pair_index(n, j, i);
}

/* Moves what is shorter than the pivot before what is as long, and that before what is longer. */
static void part(struct neighbour *list, size_t count, double pivot, size_t *shorter,
                 size_t *longer)
{
    size_t low = 0, at = 0, high = count;
    while (at < high) {
        struct neighbour here = list[at];
        if (here.length < pivot) list[at++] = list[low], list[low++] = here;
        else if (here.length > pivot) list[at] = list[--high], list[high] = here;
        else at++;
    }
    *shorter = low, *longer = high;
}

/* The length at which the neighbours, each counting so many times, number k: a quickselect. The
 * longest where there are fewer; -INFINITY for no neighbours, or k <= 0. */
static double kth_length(struct neighbour *list, size_t count, double k)
{
    double longest = -INFINITY;
    if (!(k > 0)) return -INFINITY;
    while (count) {
        size_t shorter, longer;
        double pivot = list[count / 2].length, before = 0, tied = 0;
        part(list, count, pivot, &shorter, &longer);
        for (size_t c = 0; c < shorter; c++) before += list[c].times;
        for (size_t c = shorter; c < longer; c++) tied += list[c].times;
        if (k <= before) {
            count = shorter;
            continue;
        }
        longest = pivot;
        k -= before + tied;
        if (k <= 0) break;
        list += longer, count -= longer;
    }
    return longest;
}

/* The length of the k-th nearest neighbour of condition i. */
static double reach(struct neighbour *list, const double *length, size_t n, size_t i, double k,
                    const double *times)
{
    size_t count = 0;
    for (size_t j = 0; j < n; j++) {
        double l = i == j ? (double)NAN : length[pair_index(n, i, j)];
        if (!isnan(l)) list[count++] = (struct neighbour){l, times ? times[j] : 1};
    }
    return kth_length(list, count, k);
}

int bram_nearest_edges(bram_ctx *cx, double *edge, const double *length, size_t n, double k,
                       bram_neighbours rule, const double *times)
{
    size_t mark = bram_scratch_mark(cx);
    double *limit = bram_scratch(cx, n, sizeof *limit);
    struct neighbour *list = limit ? bram_scratch(cx, n, sizeof *list) : NULL;
    if (!list) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) limit[i] = reach(list, length, n, i, k, times);
    for (size_t i = 0, p = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, p++) {
            int near = (length[p] <= limit[i]) + (length[p] <= limit[j]);
            edge[p] = near > (rule == BRAM_NEIGHBOURS_MUTUAL) ? length[p] : (double)INFINITY;
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

void bram_short_edges(double *edge, const double *length, size_t pairs, double limit, bool or_equal)
{
    for (size_t k = 0; k < pairs; k++) {
        bool in = or_equal ? length[k] <= limit : length[k] < limit;
        edge[k] = in ? length[k] : (double)INFINITY;
    }
}

int bram_geodesic_transform(bram_ctx *cx, double *out, const double *d, size_t n)
{
    size_t pairs = bram_rdm_pairs(n), mark = bram_scratch_mark(cx);
    double low = INFINITY, high = -INFINITY, *edge = bram_scratch(cx, pairs, sizeof *edge);
    if (!edge) return BRAM_ENOMEM;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(d[k])) low = fmin(low, d[k]), high = fmax(high, d[k]);
    for (size_t k = 0; k < pairs; k++) edge[k] = (d[k] - low) / (high - low);
    bram_short_edges(edge, edge, pairs, 1, false);
    int status = high > low ? bram_shortest_paths(cx, edge, edge, n) : BRAM_OK;
    for (size_t k = 0; status == BRAM_OK && k < pairs; k++)
        out[k] = isnan(d[k]) || !(high > low) ? (double)NAN : edge[k];
    bram_scratch_release(cx, mark);
    return status;
}
