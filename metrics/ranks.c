/*
 * ranks.c - the order of the values of a vector; see ranks.h.
 *
 * (v - low) * scale, rounded down, grows with v, as subtraction and multiplication round
 * monotonically: so it may name the bucket of v. A short vector is sorted as (value, index) pairs:
 * into about a bucket for every two, the large buckets again, then all by insertion, which moves
 * nothing out of its bucket. A long one is
 * first cut into parts that are counted and moved on their own, in order, which keeps the sort
 * stable whatever the number of threads; then its buckets are sorted like short vectors. Where
 * buckets do not get smaller (a few far outliers) a merge sort takes over.
 */
#include "ranks.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum {
    SMALL = 24,
    MOST_BUCKETS = 16384,
    DEEPEST = 3,
    LONG = 1 << 17,
    PARTS = 8,
    LONG_BUCKETS = 8192
};

struct keyed {
    double value;
    uint32_t index;
};

/* From one array to another, or in place. */
static void insertion_sort(struct keyed *to, const struct keyed *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct keyed x = from[i];
        size_t k = i;
        for (; k > 0 && to[k - 1].value > x.value; k--) to[k] = to[k - 1];
        to[k] = x;
    }
}

static void merge_sort(struct keyed *a, struct keyed *spare, size_t n)
{
    for (size_t i = 0; i < n; i += SMALL)
        insertion_sort(a + i, a + i, n - i < SMALL ? n - i : SMALL);
    for (size_t width = SMALL; width < n; width *= 2) {
        for (size_t i = 0; i < n; i += 2 * width) {
            size_t l = i, middle = i + width < n ? i + width : n;
            size_t r = middle, end = i + 2 * width < n ? i + 2 * width : n;
            for (size_t k = i; k < end; k++) {
                bool right = l == middle || (r < end && a[r].value < a[l].value);
                spare[k] = right ? a[r++] : a[l++];
            }
        }
        memcpy(a, spare, n * sizeof *a);
    }
}

/* How values map to buckets; usable is false where their range says nothing. */
struct buckets {
    double low, scale;
    size_t count;
    bool usable;
};

static struct buckets buckets_between(double low, double high, size_t count)
{
    double scale = (double)count / (high - low);
    return (struct buckets){low, scale, count,
                            high > low && isfinite(scale) && isfinite(low) && isfinite(high) &&
                                scale > 0};
}

static size_t bucket_of(const struct buckets *b, double value)
{
    double at = (value - b->low) * b->scale;
    return at < (double)b->count ? (size_t)at : b->count - 1;
}

static size_t bucket_count(size_t n)
{
    return n / 2 < MOST_BUCKETS ? n / 2 : MOST_BUCKETS;
}

/* counts: bucket_count(n) + 1 of them for each depth from here on */
static void sort_keyed(struct keyed *a, struct keyed *spare, uint32_t *counts, size_t n,
                       size_t depth)
{
    if (n <= SMALL) {
        insertion_sort(a, a, n);
        return;
    }
    double low = a[0].value, high = low;
    for (size_t i = 1; i < n; i++) {
        if (a[i].value < low) low = a[i].value;
        if (a[i].value > high) high = a[i].value;
    }
    if (low == high) return;
    struct buckets b = buckets_between(low, high, bucket_count(n));
    if (depth == DEEPEST || !b.usable) {
        merge_sort(a, spare, n);
        return;
    }
    uint32_t *end = counts, *deeper = counts + bucket_count(n) + 1;
    memset(end, 0, (b.count + 1) * sizeof *end);
    for (size_t i = 0; i < n; i++) end[bucket_of(&b, a[i].value) + 1]++;
    for (size_t k = 0; k < b.count; k++) end[k + 1] += end[k];
    for (size_t i = 0; i < n; i++) spare[end[bucket_of(&b, a[i].value)]++] = a[i];
    /* end[k] is now where bucket k ends */
    for (size_t k = 0, first = 0; k < b.count; first = end[k++])
        if (end[k] - first > SMALL)
            sort_keyed(spare + first, a + first, deeper, end[k] - first, depth + 1);
    insertion_sort(a, spare, n);
}

static int sort_entries(bram_ctx *cx, uint32_t *index, uint8_t *begins, const double *x, size_t n)
{
    struct keyed *keyed = bram_scratch(cx, n, 2 * sizeof *keyed);
    uint32_t *counts = keyed ? bram_scratch(cx, DEEPEST, (bucket_count(n) + 1) * sizeof *counts)
                             : NULL;
    if (!counts) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) keyed[k] = (struct keyed){x[index[k]], index[k]};
    sort_keyed(keyed, keyed + n, counts, n, 0);
    for (size_t k = 0; k < n; k++) {
        index[k] = keyed[k].index;
        begins[k] = k == 0 || keyed[k].value != keyed[k - 1].value;
    }
    return BRAM_OK;
}

/* ---- long vectors --------------------------------------------------------------------------- */

struct sorting {
    const double *x;
    size_t n;
    uint32_t *index;
    uint8_t *begins;
    struct buckets buckets;
    double low[PARTS], high[PARTS];       /* of the finite values of each part */
    uint32_t at[PARTS][LONG_BUCKETS + 1]; /* where a part puts its next value of a bucket */
    uint32_t end[LONG_BUCKETS];
};

static size_t part_begins(const struct sorting *s, size_t part)
{
    return s->n / PARTS * part + (part < s->n % PARTS ? part : s->n % PARTS);
}

static int find_range(bram_ctx *cx, size_t part, void *user)
{
    (void)cx;
    struct sorting *s = user;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = part_begins(s, part); i < part_begins(s, part + 1); i++)
        if (isfinite(s->x[i])) {
            if (s->x[i] < low) low = s->x[i];
            if (s->x[i] > high) high = s->x[i];
        }
    s->low[part] = low, s->high[part] = high;
    return BRAM_OK;
}

/* Infinities go to the outer buckets; without a usable range all go to the first. */
static size_t long_bucket(const struct sorting *s, double value)
{
    if (!s->buckets.usable || value < s->buckets.low) return 0;
    return bucket_of(&s->buckets, value);
}

static int count_part(bram_ctx *cx, size_t part, void *user)
{
    (void)cx;
    struct sorting *s = user;
    for (size_t i = part_begins(s, part); i < part_begins(s, part + 1); i++)
        if (!isnan(s->x[i])) s->at[part][long_bucket(s, s->x[i])]++;
    return BRAM_OK;
}

static int move_part(bram_ctx *cx, size_t part, void *user)
{
    (void)cx;
    struct sorting *s = user;
    for (size_t i = part_begins(s, part); i < part_begins(s, part + 1); i++)
        if (!isnan(s->x[i])) s->index[s->at[part][long_bucket(s, s->x[i])]++] = (uint32_t)i;
    return BRAM_OK;
}

/* Task t sorts every bucket of its share. */
static int sort_buckets(bram_ctx *cx, size_t task, void *user)
{
    struct sorting *s = user;
    enum { SHARE = 64 };
    for (size_t k = task * SHARE; k < (task + 1) * SHARE; k++) {
        size_t first = k ? s->end[k - 1] : 0, mark = bram_scratch_mark(cx);
        BRAM_TRY(sort_entries(cx, s->index + first, s->begins + first, s->x, s->end[k] - first));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static int sort_long(bram_ctx *cx, uint32_t *index, uint8_t *begins, size_t *count, const double *x,
                     size_t n)
{
    struct sorting *s = bram_scratch(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    s->x = x, s->n = n, s->index = index, s->begins = begins;
    BRAM_TRY(bram_parallel_for(cx, PARTS, find_range, s));
    double low = INFINITY, high = -INFINITY;
    for (size_t p = 0; p < PARTS; p++) low = fmin(low, s->low[p]), high = fmax(high, s->high[p]);
    s->buckets = buckets_between(low, high, LONG_BUCKETS);
    BRAM_TRY(bram_parallel_for(cx, PARTS, count_part, s));
    uint32_t before = 0;
    for (size_t k = 0; k < LONG_BUCKETS; k++) {
        for (size_t p = 0; p < PARTS; p++) {
            uint32_t here = s->at[p][k];
            s->at[p][k] = before;
            before += here;
        }
        s->end[k] = before;
    }
    *count = before;
    BRAM_TRY(bram_parallel_for(cx, PARTS, move_part, s));
    return bram_parallel_for(cx, LONG_BUCKETS / 64, sort_buckets, s);
}

static int sort_short(bram_ctx *cx, uint32_t *index, uint8_t *begins, size_t *count,
                      const double *x, size_t n)
{
    size_t defined = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) index[defined++] = (uint32_t)i;
    *count = defined;
    return sort_entries(cx, index, begins, x, defined);
}

int bram_order_new(bram_ctx *cx, bram_order *order, const double *x, size_t n)
{
    if (n > UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu values, expected at most %u to rank", n, UINT32_MAX);
    uint32_t *index = bram_alloc(cx, n, sizeof *index + 1);
    if (!index) return BRAM_ENOMEM;
    uint8_t *begins = (uint8_t *)(index + n);
    size_t mark = bram_scratch_mark(cx), count = 0;
    int status = n < LONG ? sort_short(cx, index, begins, &count, x, n)
                          : sort_long(cx, index, begins, &count, x, n);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *order = (bram_order){index, count, begins};
    else bram_free(index);
    return status;
}
