/*
 * rdm_kendall.c - Kendall's tau-a and tau-b of two RDMs, over entries that may be there several
 * times.
 *
 * Entries are brought into the order of (x, y); a pair of them is discordant when y descends. With
 * T pairs of entries in all, Tx and Ty of them tied on a side and Txy on both, concordant -
 * discordant = T - Tx - Ty + Txy - 2 discordant. An entry that is there w times makes w (w - 1) / 2
 * pairs tied on both sides. All counts are exact whole numbers: T is below 2^62 for the 65536
 * conditions that an RDM may have.
 *
 * (x, y) order: entries in ascending order of y are dealt into the places of their group of equal
 * x. Discordant pairs are counted by splitting the sequence, stably, at each bit of y from the
 * highest down: a pair is discordant at the bit where its members first differ if the one goes
 * before the zero. Each level reads and writes the sequence once, without a branch, the parts of a
 * long one as tasks; once a part covers few values it is counted pair by pair. Weighted entries, of
 * which there are few, go through a Fenwick tree instead.
 *
 * Sources: Kendall 1948; Knight 1966 for counting in O(N log N).
 */
#include "rdm_frame.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

static uint64_t pairs_of(uint64_t n)
{
    return n ? n * (n - 1) / 2 : 0;
}

static uint64_t whole_weight(const bram_rdm_frame *f, size_t entry)
{
    return f->weight ? (uint64_t)f->weight[entry] : 1;
}

/* ---- ranks of one RDM ----------------------------------------------------------------------- */

int bram_rdm_ranked_room(bram_ctx *cx, bram_rdm_ranked *out, bram_rdm_side side,
                         const bram_rdm_frame *f)
{
    bram_rdm_ranked made = {0};
    if (side == BRAM_RDM_X) {
        made.low = bram_scratch(cx, f->count, sizeof *made.low);
        if (!made.low) return BRAM_ENOMEM;
    }
    if (f->keep) {
        made.kept = bram_scratch(cx, f->count, sizeof *made.kept);
        made.kept_begins = made.kept ? bram_scratch(cx, f->count, 1) : NULL;
        if (!made.kept_begins) return BRAM_ENOMEM;
    }
    *out = made;
    return BRAM_OK;
}

/* Entries in ascending order, and which exceed the one before. */
static void sort_entries(uint32_t *sorted, uint8_t *begins, const bram_order *order,
                         const bram_rdm_frame *f)
{
    uint8_t more = 0;
    for (size_t k = 0, at = 0; k < order->count; k++) {
        uint32_t entry = f->position[order->index[k]];
        more |= order->begins[k];
        if (entry == BRAM_NO_ENTRY) continue;
        sorted[at] = entry, begins[at++] = more;
        more = 0;
    }
}

/* Entries, in ascending order, of a task; ranges of entries that tasks of a long RDM write to. */
enum { BLOCK = 1 << 16, RANGES = 4 };

struct ranking {
    bram_rdm_ranked *out;
    const bram_rdm_frame *f;
    uint64_t *tied; /* of each block */
    size_t *groups, ranges;
};

/* The groups of equal values that begin in a block, to their ends. */
static int count_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct ranking *r = user;
    const uint8_t *begins = r->out->begins;
    size_t first = block * BLOCK, end = first + BLOCK, count = r->f->count, groups = 0;
    uint64_t tied = 0;
    while (first > 0 && first < count && !begins[first]) first++;
    for (size_t k = first, next; k < end && k < count; k = next) {
        uint64_t here = 0;
        for (next = k; next < count && (next == k || !begins[next]); next++)
            here += r->f->weight ? whole_weight(r->f, r->out->sorted[next]) : 1;
        tied += pairs_of(here);
        groups++;
    }
    r->tied[block] = tied, r->groups[block] = groups;
    return BRAM_OK;
}

/* Each task goes through all entries and writes those of its range: two threads that write to the
 * same cache lines, in no order, would wait for each other. */
static int place_range(bram_ctx *cx, size_t range, void *user)
{
    (void)cx;
    const struct ranking *r = user;
    size_t count = r->f->count, first = count * range / r->ranges;
    size_t width = count * (range + 1) / r->ranges - first;
    uint32_t elsewhere, group = 0, *low = r->out->low + first;
    for (size_t k = 0; k < count; k++) {
        size_t at = r->out->sorted[k] - first; /* below 0: a large number */
        if (r->out->begins[k]) group = (uint32_t)k;
        *(at < width ? &low[at] : &elsewhere) = group;
    }
    return BRAM_OK;
}

static int rank_groups(bram_ctx *cx, bram_rdm_ranked *out, const bram_rdm_frame *f)
{
    size_t blocks = (f->count + BLOCK - 1) / BLOCK, groups = 0;
    struct ranking r = {out, f, bram_scratch(cx, blocks, sizeof *r.tied), NULL, 1};
    r.groups = r.tied ? bram_scratch(cx, blocks, sizeof *r.groups) : NULL;
    if (!r.groups) return BRAM_ENOMEM;
    if (blocks > RANGES) r.ranges = RANGES;
    BRAM_TRY(bram_parallel_for(cx, blocks, count_block, &r));
    if (out->low) BRAM_TRY(bram_parallel_for(cx, r.ranges, place_range, &r));
    for (size_t b = 0; b < blocks; b++) out->tied += r.tied[b], groups += r.groups[b];
    out->ties = groups < f->count;
    return BRAM_OK;
}

int bram_rdm_rank_into(bram_ctx *cx, bram_rdm_ranked *out, const double *rdm,
                       const bram_order *order, const bram_rdm_frame *f)
{
    if (f->keep) sort_entries(out->kept, out->kept_begins, order, f);
    out->sorted = f->keep ? out->kept : order->index;
    out->begins = f->keep ? out->kept_begins : order->begins;
    out->tied = 0, out->ties = false;
    if (bram_rdm_is_constant(rdm[bram_rdm_pair_at(f, out->sorted[0])],
                             rdm[bram_rdm_pair_at(f, out->sorted[f->count - 1])])) {
        out->tied = pairs_of((uint64_t)f->total), out->ties = f->count > 1;
        out->begins = NULL;
        return BRAM_OK;
    }
    size_t mark = bram_scratch_mark(cx);
    int status = rank_groups(cx, out, f);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- discordant pairs ----------------------------------------------------------------------- */

enum { FEW = 5, BEFORE_TASKS = 4 }; /* bits counted pair by pair; levels before tasks */

struct counting {
    uint32_t *sequence, *spare;
    size_t n;
    unsigned bits; /* the whole sequence has values below 2^bits */
    uint64_t *found;
    size_t *begin, *middle; /* of the parts that are tasks; where they were split */
};

static uint64_t count_pairs(const uint32_t *y, size_t n)
{
    uint64_t found = 0;
    for (size_t i = 1; i < n; i++) {
        uint32_t here = 0;
        for (size_t k = 0; k < i; k++) here += y[k] > y[i];
        found += here;
    }
    return found;
}

/* Splits at a bit, stably: zeros to the front. Adds what is discordant at it. */
static size_t split(uint32_t *y, uint32_t *spare, size_t n, unsigned bit, uint64_t *found)
{
    size_t zeros = 0, ones = 0;
    uint64_t here = 0;
    for (size_t i = 0; i < n; i++) {
        size_t one = y[i] >> bit & 1;
        uint32_t value = y[i];
        y[zeros] = value; /* stays only if it is a zero: else the next overwrites it */
        spare[ones] = value;
        here += one ? 0 : ones;
        ones += one;
        zeros += 1 - one;
    }
    memcpy(y + zeros, spare, ones * sizeof *y);
    *found += here;
    return zeros;
}

static uint64_t count_part(uint32_t *y, uint32_t *spare, size_t n, unsigned bits)
{
    if (n < 2 || !bits) return 0;
    if (n <= 1 << FEW) return count_pairs(y, n);
    uint64_t found = 0;
    size_t zeros = split(y, spare, n, bits - 1, &found);
    return found + count_part(y, spare, zeros, bits - 1) +
           count_part(y + zeros, spare + zeros, n - zeros, bits - 1);
}

static int count_task(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    struct counting *c = user;
    size_t first = c->begin[task], n = c->begin[task + 1] - first;
    c->found[task] = count_part(c->sequence + first, c->spare + first, n, c->bits);
    return BRAM_OK;
}

static int split_task(bram_ctx *cx, size_t part, void *user)
{
    (void)cx;
    struct counting *c = user;
    size_t first = c->begin[part], n = c->begin[part + 1] - first;
    c->middle[part] = first +
                      split(c->sequence + first, c->spare + first, n, c->bits - 1, &c->found[part]);
    return BRAM_OK;
}

/* Long sequences: the first levels one by one, a task for each part, then one task for each part
 * down to the last. */
static int count_long(bram_ctx *cx, uint64_t *found, struct counting *c)
{
    enum { PARTS = 1 << BEFORE_TASKS };
    size_t begin[PARTS + 1] = {0, c->n}, middle[PARTS];
    uint64_t here[PARTS] = {0}, sum = 0;
    c->found = here, c->begin = begin, c->middle = middle;
    for (size_t parts = 1; parts < PARTS; parts *= 2, c->bits--) {
        BRAM_TRY(bram_parallel_for(cx, parts, split_task, c));
        for (size_t p = parts; p-- > 0;) {
            begin[2 * p + 2] = begin[p + 1], begin[2 * p + 1] = middle[p], begin[2 * p] = begin[p];
            sum += here[p], here[p] = 0;
        }
    }
    BRAM_TRY(bram_parallel_for(cx, PARTS, count_task, c));
    for (size_t p = 0; p < PARTS; p++) sum += here[p];
    *found = sum;
    return BRAM_OK;
}

static int count_discordant(bram_ctx *cx, uint64_t *found, uint32_t *sequence, size_t n)
{
    struct counting c = {.sequence = sequence, .n = n};
    c.spare = bram_scratch(cx, n, sizeof *c.spare);
    if (!c.spare) return BRAM_ENOMEM;
    while (c.bits < 32 && n > (size_t)1 << c.bits) c.bits++;
    if (n > 1 << 18) return count_long(cx, found, &c);
    *found = count_part(sequence, c.spare, n, c.bits);
    return BRAM_OK;
}

/* A Fenwick tree over the values: the weight of entries so far with a value of at most v. */
static int count_weighted(bram_ctx *cx, uint64_t *found, const uint32_t *y, const uint32_t *weight,
                          size_t n)
{
    uint64_t *tree = bram_scratch(cx, n + 1, sizeof *tree), entered = 0, discordant = 0;
    if (!tree) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint64_t below = 0;
        for (size_t v = y[i] + 1; v > 0; v &= v - 1) below += tree[v];
        discordant += weight[i] * (entered - below);
        for (size_t v = y[i] + 1; v <= n; v += v & (~v + 1)) tree[v] += weight[i];
        entered += weight[i];
    }
    *found = discordant;
    return BRAM_OK;
}

/* ---- tau ------------------------------------------------------------------------------------ */

struct sequence {
    uint32_t *y, *weight; /* weight NULL: ones */
    uint64_t tied;        /* pairs tied on both sides */
};

/* Adds the pairs tied on both sides: runs of equal y within a group of equal x, of which filled
 * tells the sizes where there are any. */
static void count_tied(struct sequence *s, const uint32_t *filled, size_t n)
{
    for (size_t first = 0, next; first < n; first = next) {
        next = first + (filled ? filled[first] : 1);
        for (size_t k = first, end; k < next; k = end) {
            uint64_t here = 0;
            for (end = k; end < next && s->y[end] == s->y[k]; end++)
                here += s->weight ? s->weight[end] : 1;
            s->tied += pairs_of(here);
        }
    }
}

/* Without ties in x every entry has a place of its own. */
struct dealing {
    struct sequence *s;
    const bram_rdm_ranked *x, *y;
    const bram_rdm_frame *f;
};

static bool exceeds(const bram_rdm_ranked *y, size_t k)
{
    return y->begins && y->begins[k];
}

static int deal_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct dealing *d = user;
    size_t first = block * BLOCK, end = first + BLOCK, group = first;
    while (group > 0 && !exceeds(d->y, group)) group--;
    uint32_t value = (uint32_t)group;
    for (size_t k = first; k < end && k < d->f->count; k++) {
        uint32_t entry = d->y->sorted[k], place = d->x->low[entry];
        if (exceeds(d->y, k)) value = (uint32_t)k;
        d->s->y[place] = value;
        if (d->s->weight) d->s->weight[place] = (uint32_t)d->f->weight[entry];
    }
    return BRAM_OK;
}

/* The places of a group of equal x are filled in ascending order of y. */
static int deal(bram_ctx *cx, struct sequence *s, const bram_rdm_ranked *x,
                const bram_rdm_ranked *y, const bram_rdm_frame *f)
{
    if (!x->ties) {
        struct dealing d = {s, x, y, f};
        BRAM_TRY(bram_parallel_for(cx, (f->count + BLOCK - 1) / BLOCK, deal_block, &d));
        if (s->weight) count_tied(s, NULL, f->count);
        return BRAM_OK;
    }
    size_t mark = bram_scratch_mark(cx);
    uint32_t *filled = bram_scratch(cx, f->count, sizeof *filled), value = 0;
    if (!filled) return BRAM_ENOMEM;
    for (size_t k = 0; k < f->count; k++) {
        uint32_t entry = y->sorted[k], place = x->low[entry];
        place += filled[place]++;
        if (exceeds(y, k)) value = (uint32_t)k;
        s->y[place] = value;
        if (s->weight) s->weight[place] = (uint32_t)f->weight[entry];
    }
    if (s->weight || y->ties) count_tied(s, filled, f->count);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static double tau_of(const bram_rdm_measure *m, double total, uint64_t x_tied, uint64_t y_tied,
                     uint64_t both, uint64_t discordant)
{
    uint64_t all = pairs_of((uint64_t)total);
    if (!all) return NAN;
    int64_t difference = (int64_t)(all - x_tied - y_tied + both) - 2 * (int64_t)discordant;
    if (m->comparator == BRAM_COMPARE_TAU_A) return (double)difference / (double)all;
    if (x_tied == all || y_tied == all) return m->degenerate_zero ? 0 : (double)NAN;
    return (double)difference / sqrt((double)(all - x_tied)) / sqrt((double)(all - y_tied));
}

int bram_rdm_tau(bram_ctx *cx, double *tau, const bram_rdm_measure *m, const bram_rdm_ranked *x,
                 const bram_rdm_ranked *y, const bram_rdm_frame *f)
{
    size_t mark = bram_scratch_mark(cx);
    struct sequence s = {.y = bram_scratch(cx, f->count, sizeof *s.y)};
    if (s.y && f->weight) s.weight = bram_scratch(cx, f->count, sizeof *s.weight);
    uint64_t discordant = 0;
    int status = s.y && (s.weight || !f->weight) ? deal(cx, &s, x, y, f) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = s.weight ? count_weighted(cx, &discordant, s.y, s.weight, f->count)
                          : count_discordant(cx, &discordant, s.y, f->count);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *tau = tau_of(m, f->total, x->tied, y->tied, s.tied, discordant);
    return status;
}
