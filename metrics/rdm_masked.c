/*
 * rdm_masked.c - pairs of conditions of which channels are missing; see rdm.h.
 *
 * By products (rdm_sparse.c) where these serve. Else each pair is an estimate of its own, from two
 * conditions and the channels that both have. The whitening factor is kept as long as the next pair
 * shares the same channels.
 */
#include "rdm_parts.h"

#include "internal.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { FEW_CHANNELS = 32 }; /* products do not pay for these */

struct masked {
    double *d;
    const bram_rdm_patterns *a;
    const bram_rdm_options *o;
    const uint8_t *present;      /* conditions x channels: in every fold */
    const bram_rdm_noise *noise; /* for all channels */
};

/* The channels that a pair shares, and the noise for them. */
struct shared {
    size_t *channel, *last, count, lasts;
    bram_rdm_noise noise;
    size_t mark;
};

static void find_shared(struct shared *s, const struct masked *m, size_t i, size_t j)
{
    size_t p = m->a->x.cols;
    const uint8_t *a = m->present + i * p, *b = m->present + j * p;
    s->count = 0;
    for (size_t k = 0; k < p; k++) {
        s->channel[s->count] = k;
        s->count += a[k] & b[k];
    }
}

static int update_noise(bram_ctx *cx, struct shared *s, const struct masked *m)
{
    if (!m->noise->factors) return BRAM_OK;
    if (s->count == s->lasts && !memcmp(s->channel, s->last, s->count * sizeof *s->last))
        return BRAM_OK;
    bram_scratch_release(cx, s->mark);
    s->noise = *m->noise;
    if (s->count < m->a->x.cols)
        BRAM_TRY(bram_rdm_noise_new(cx, &s->noise, m->o, s->channel, s->count));
    memcpy(s->last, s->channel, s->count * sizeof *s->last);
    s->lasts = s->count;
    return BRAM_OK;
}

static int one_pair(bram_ctx *cx, double *d, const struct shared *s, const struct masked *m,
                    size_t i, size_t j)
{
    const size_t of[2] = {i, j};
    bram_rdm_patterns two = {.conditions = 2, .folds = m->a->folds};
    BRAM_TRY(bram_mat_scratch(cx, &two.x, 2 * two.folds, s->count));
    two.count = bram_scratch(cx, 2 * two.folds, sizeof *two.count);
    if (!two.count) return BRAM_ENOMEM;
    for (size_t r = 0; r < two.x.rows; r++) {
        size_t row = r / 2 * m->a->conditions + of[r % 2];
        two.count[r] = m->a->count[row];
        for (size_t k = 0; k < s->count; k++)
            bram_row(&two.x, r)[k] = bram_row(&m->a->x, row)[s->channel[k]];
    }
    return bram_rdm_complete(cx, d, &two, &s->noise, m->o);
}

static int row_task(bram_ctx *cx, size_t i, void *user)
{
    const struct masked *m = user;
    size_t p = m->a->x.cols, n = m->a->conditions;
    size_t enough = m->o->kind == BRAM_RDM_CORRELATION ? 3 : 2;
    struct shared s = {.lasts = SIZE_MAX};
    BRAM_TRY(bram_ctx_check_cancel(cx));
    s.channel = bram_scratch(cx, p + 1, sizeof *s.channel);
    s.last = s.channel ? bram_scratch(cx, p + 1, sizeof *s.last) : NULL;
    if (!s.last) return BRAM_ENOMEM;
    s.mark = bram_scratch_mark(cx);
    for (size_t j = i + 1; j < n; j++) {
        double *d = m->d + bram_rdm_index(n, i, j);
        find_shared(&s, m, i, j);
        if (s.count < enough) {
            *d = NAN;
            continue;
        }
        BRAM_TRY(update_noise(cx, &s, m));
        size_t mark = bram_scratch_mark(cx);
        int status = one_pair(cx, d, &s, m, i, j);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_rdm_pair(bram_ctx *cx, double *d, const bram_rdm_patterns *a, const bram_rdm_options *o,
                  size_t i, size_t j)
{
    struct masked m = {d, a, o, a->present, NULL};
    struct shared s = {.channel = bram_scratch(cx, a->x.cols + 1, sizeof *s.channel)};
    if (!s.channel) return BRAM_ENOMEM;
    find_shared(&s, &m, i, j);
    if (s.count >= (o->kind == BRAM_RDM_CORRELATION ? 3 : 2)) return one_pair(cx, d, &s, &m, i, j);
    *d = NAN;
    return BRAM_OK;
}

int bram_rdm_masked(bram_ctx *cx, double *d, const bram_rdm_patterns *a, const bram_rdm_options *o)
{
    size_t p = a->x.cols;
    bool by_products = o->kind == BRAM_RDM_EUCLIDEAN || o->kind == BRAM_RDM_CORRELATION ||
                       o->kind == BRAM_RDM_COSINE ||
                       (o->kind == BRAM_RDM_MAHALANOBIS && !o->precisions);
    if (by_products && p > FEW_CHANNELS) return bram_rdm_sparse(cx, d, a, o);
    uint8_t *present = bram_scratch(cx, a->conditions * p, 1);
    size_t *every = present ? bram_scratch(cx, p, sizeof *every) : NULL;
    bram_rdm_noise noise = {0};
    if (!every) return BRAM_ENOMEM;
    memcpy(present, a->present, a->conditions * p);
    for (size_t f = 1; f < a->folds; f++)
        for (size_t i = 0; i < a->conditions * p; i++)
            present[i] &= a->present[f * a->conditions * p + i];
    for (size_t k = 0; k < p; k++) every[k] = k;
    BRAM_TRY(bram_rdm_noise_new(cx, &noise, o, every, p)); /* with the covariances */
    struct masked m = {d, a, o, present, &noise};
    return bram_parallel_for(cx, a->conditions, row_task, &m);
}
