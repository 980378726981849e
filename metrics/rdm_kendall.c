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
    if (side == BRAM_RDM_X) made.low = bram_scratch(cx, f->count, sizeof *made.low);
    else made.begins = bram_scratch(cx, f->count, sizeof *made.begins);
    if (!made.low && !made.begins) return BRAM_ENOMEM;
    if (f->keep) made.sorted = bram_scratch(cx, f->count, sizeof *made.sorted);
    if (f->keep && !made.sorted) return BRAM_ENOMEM;
    *out = made;
    return BRAM_OK;
}

/* Entries in ascending order, into memory that is still `sorted` of the struct. */
static void sort_entries(uint32_t *sorted, const bram_order *order, const bram_rdm_frame *f)
{
    for (size_t k = 0, at = 0; k < order->count; k++) {
        uint32_t entry = f->position[order->index[k]];
        if (entry != BRAM_NO_ENTRY) sorted[at++] = entry;
    }
}

void bram_rdm_rank_into(bram_rdm_ranked *out, const double *rdm, const bram_order *order,
                        const bram_rdm_frame *f)
{
    if (f->keep) {
        union { /* the room was made for this */
            const uint32_t *kept;
            uint32_t *room;
        } sorted = {out->sorted};
        sort_entries(sorted.room, order, f);
    } else {
        out->sorted = order->index;
    }
    out->tied = 0, out->ties = false;
    if (bram_rdm_is_constant(rdm[bram_rdm_pair_at(f, out->sorted[0])],
                             rdm[bram_rdm_pair_at(f, out->sorted[f->count - 1])])) {
        out->tied = pairs_of((uint64_t)f->total), out->ties = f->count > 1;
        return;
    }
    double value = 0;
    uint64_t here = 0;
    for (size_t k = 0, first = 0; k < f->count; k++) {
        uint32_t entry = out->sorted[k];
        double next = rdm[bram_rdm_pair_at(f, entry)];
        if (k == 0 || next != value) { /* a group begins */
            out->tied += pairs_of(here);
            value = next, here = 0, first = k;
        } else {
            out->ties = true;
        }
        if (out->low) out->low[entry] = (uint32_t)first;
        else out->begins[k] = first == k;
        here += whole_weight(f, entry);
    }
    out->tied += pairs_of(here);
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

enum { DEALT = 1 << 16 };

static int deal_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct dealing *d = user;
    size_t first = block * DEALT, end = first + DEALT, group = first;
    while (group > 0 && !d->y->begins[group]) group--;
    uint32_t value = (uint32_t)group;
    for (size_t k = first; k < end && k < d->f->count; k++) {
        uint32_t entry = d->y->sorted[k], place = d->x->low[entry];
        if (d->y->begins[k]) value = (uint32_t)k;
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
        BRAM_TRY(bram_parallel_for(cx, (f->count + DEALT - 1) / DEALT, deal_block, &d));
        if (s->weight) count_tied(s, NULL, f->count);
        return BRAM_OK;
    }
    size_t mark = bram_scratch_mark(cx);
    uint32_t *filled = bram_scratch(cx, f->count, sizeof *filled), value = 0;
    if (!filled) return BRAM_ENOMEM;
    for (size_t k = 0; k < f->count; k++) {
        uint32_t entry = y->sorted[k], place = x->low[entry];
        place += filled[place]++;
        if (y->begins[k]) value = (uint32_t)k;
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
