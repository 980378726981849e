/*
 * multiverse.c - ranks over universes; see multiverse.h.
 */
#include "multiverse.h"

#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char KIND[] = "multiverse", DEFINED[] = "as-defined";

enum { MOST_SCORES = 64 };

void bram_multiverse_free(bram_multiverse *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->universes; i++) {
        bram_free(m->universe[i].label);
        bram_free(m->universe[i].score);
        bram_free(m->universe[i].value);
        bram_free(m->universe[i].rank);
    }
    for (size_t i = 0; i < m->models; i++) {
        bram_free(m->model[i]);
        bram_free(m->name[i]);
    }
    bram_free(m->universe);
    bram_free(m->model);
    bram_free(m->name);
    bram_free(m->mean_rank);
    bram_free(m->flip);
    bram_free(m->base);
    bram_free(m->title);
    bram_free(m);
}

/* ---- gathering ------------------------------------------------------------------------------ */

struct making {
    bram_multiverse *m;
    const bram_results *r;
    bram_board **board; /* one a universe */
    size_t room;
};

/* The first score of each metric of a variation: METRIC@WHAT with the first WHAT. */
static size_t first_scores(const bram_axis *ids, const char **score)
{
    size_t n = 0;
    for (size_t i = 0; ids && i < bram_axis_length(ids) && n < MOST_SCORES; i++) {
        const char *id = bram_axis_id(ids, i);
        size_t length = strcspn(id, "@");
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known |= strncmp(score[k], id, length) == 0 && strcspn(score[k], "@") == length;
        if (!known) score[n++] = id;
    }
    return n;
}

static int grow(bram_ctx *cx, struct making *k, size_t more)
{
    size_t room = k->m->universes + more;
    if (room <= k->room) return BRAM_OK;
    bram_universe *u = bram_realloc(cx, k->m->universe, room, sizeof *u);
    if (!u) return BRAM_ENOMEM;
    k->m->universe = u;
    bram_board **b = bram_realloc(cx, k->board, room, sizeof(bram_board *));
    if (!b) return BRAM_ENOMEM;
    k->board = b;
    k->room = room;
    return BRAM_OK;
}

static int add_universes(bram_ctx *cx, struct making *k, const char *benchmark, const char *label)
{
    const char *score[MOST_SCORES];
    size_t n = first_scores(bram_board_scores(k->r, benchmark), score);
    if (!n) return BRAM_OK; /* nothing is scored there */
    BRAM_TRY(grow(cx, k, n));
    BRAM_TRY(bram_boards_new(cx, k->board + k->m->universes, k->r, benchmark, score, n));
    for (size_t i = 0; i < n; i++) {
        bram_universe *u = &k->m->universe[k->m->universes++];
        *u = (bram_universe){.label = bram_strdup(cx, label),
                             .score = bram_strdup(cx, score[i]),
                             .higher_better = k->board[k->m->universes - 1]->higher_better};
        if (!u->label || !u->score) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

static int gather(bram_ctx *cx, struct making *k, const char *base, bool defined)
{
    const char *last = "";
    for (size_t i = 0; i < bram_results_count(k->r); i++) {
        const char *name = bram_results_at(k->r, i)->benchmark;
        if (strcmp(name, last) == 0) continue; /* cells of a benchmark lie together */
        last = name;
        const bram_dataset *plan = bram_results_plan(k->r, name);
        const bram_attrs *a = plan ? bram_dataset_find_attrs(plan, "") : NULL;
        const char *kind = a ? bram_attrs_text(a, "variation_kind") : NULL;
        const char *of = a ? bram_attrs_text(a, "variation_of") : NULL;
        const char *label = a ? bram_attrs_text(a, "variation_label") : NULL;
        if (!kind || !of || !label || strcmp(kind, KIND) != 0 || strcmp(of, base) != 0) continue;
        if ((strcmp(label, DEFINED) == 0) == defined) BRAM_TRY(add_universes(cx, k, name, label));
    }
    return BRAM_OK;
}

/* ---- ranks ---------------------------------------------------------------------------------- */

static const bram_board_row *row_of(const bram_board *b, const char *model)
{
    for (size_t i = 0; i < b->rows; i++)
        if (strcmp(b->row[i].model, model) == 0) return &b->row[i];
    return NULL;
}

static int name_models(bram_ctx *cx, struct making *k)
{
    const bram_board *b = k->board[0];
    bram_multiverse *m = k->m;
    m->model = bram_alloc(cx, b->rows, sizeof *m->model);
    m->name = bram_alloc(cx, b->rows, sizeof *m->name);
    if (!m->model || !m->name) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->rows; i++, m->models++) {
        m->model[i] = bram_strdup(cx, b->row[i].model);
        m->name[i] = bram_strdup(cx, b->row[i].name);
        if (!m->model[i] || !m->name[i]) return BRAM_ENOMEM;
    }
    m->title = bram_strdup(cx, b->title);
    return m->title ? BRAM_OK : BRAM_ENOMEM;
}

/* Values and ranks of one universe. */
static int rank(bram_ctx *cx, bram_universe *u, const bram_board *b, const bram_multiverse *m)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    size_t *at = bram_scratch(cx, m->models, sizeof *at);
    double *value = bram_scratch(cx, 2 * m->models, sizeof *value);
    u->value = bram_alloc(cx, m->models, sizeof *u->value);
    u->rank = bram_alloc(cx, m->models, sizeof *u->rank);
    if (!at || !value || !u->value || !u->rank) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->models; i++) {
        const bram_board_row *row = row_of(b, m->model[i]);
        u->value[i] = row ? row->value : (double)NAN;
        u->rank[i] = NAN;
        if (isnan(u->value[i])) continue;
        value[n] = u->higher_better ? -u->value[i] : u->value[i];
        at[n++] = i;
    }
    int status = n ? bram_ranks(cx, value + m->models, value, n) : BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) u->rank[at[i]] = value[m->models + i];
    bram_scratch_release(cx, mark);
    return status;
}

static int agree(bram_ctx *cx, bram_multiverse *m)
{
    size_t mark = bram_scratch_mark(cx);
    double *value = bram_scratch(cx, m->universes * m->models, sizeof *value);
    bram_mean_ranks ranks;
    m->mean_rank = bram_alloc(cx, m->models, sizeof *m->mean_rank);
    if (!value || !m->mean_rank) return BRAM_ENOMEM;
    for (size_t u = 0; u < m->universes; u++)
        for (size_t i = 0; i < m->models; i++) {
            double own = m->universe[u].value[i];
            value[u * m->models + i] = m->universe[u].higher_better ? own : -own;
        }
    BRAM_TRY(bram_mean_ranks_of(cx, &ranks, value, m->universes, m->models));
    for (size_t i = 0; i < m->models; i++) m->mean_rank[i] = NAN;
    for (size_t i = 0; i < ranks.models; i++) m->mean_rank[ranks.model[i]] = ranks.rank[i];
    m->kendall_w = ranks.kendall_w;
    m->complete = ranks.models;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- flips ---------------------------------------------------------------------------------- */

static int by_universes(const void *a, const void *b)
{
    const bram_flip *x = a, *y = b;
    if (x->universes != y->universes) return x->universes > y->universes ? -1 : 1;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

/* Whether b is better than a in a universe beyond the interval of their difference. */
static int is_beyond(bram_ctx *cx, bool *out, const struct making *k, size_t universe, size_t a,
                     size_t b)
{
    const bram_board *board = k->board[universe];
    bram_board_pair pair;
    BRAM_TRY(bram_board_compare(cx, board, row_of(board, k->m->model[a]),
                                row_of(board, k->m->model[b]), &pair));
    *out = board->higher_better ? pair.high < 0 : pair.low > 0;
    return BRAM_OK;
}

static int find_flips(bram_ctx *cx, struct making *k)
{
    bram_multiverse *m = k->m;
    const double *defined = m->universe[0].rank;
    m->flip = bram_alloc(cx, m->models * m->models, sizeof *m->flip);
    if (!m->flip) return BRAM_ENOMEM;
    for (size_t a = 0; a < m->models; a++)
        for (size_t b = 0; b < m->models; b++) {
            if (!(defined[a] < defined[b])) continue;
            bram_flip flip = {.a = a, .b = b};
            for (size_t u = 1; u < m->universes; u++) {
                const double *own = m->universe[u].rank;
                if (!(own[b] < own[a])) continue;
                bool beyond = false;
                BRAM_TRY(is_beyond(cx, &beyond, k, u, a, b));
                flip.universes++;
                flip.beyond += beyond;
            }
            if (flip.universes) m->flip[m->flips++] = flip;
        }
    if (m->flips) qsort(m->flip, m->flips, sizeof *m->flip, by_universes);
    return BRAM_OK;
}

static int make(bram_ctx *cx, struct making *k, const char *base)
{
    k->m->base = bram_strdup(cx, base);
    if (!k->m->base) return BRAM_ENOMEM;
    BRAM_TRY(gather(cx, k, base, true));
    BRAM_TRY(gather(cx, k, base, false));
    if (!k->m->universes || strcmp(k->m->universe[0].label, DEFINED) != 0)
        return bram_fail(
            cx, BRAM_EABSENT,
            "there is no multiverse of %s; bramble run %s --multiverse --out DIR makes "
            "it",
            base, base);
    BRAM_TRY(name_models(cx, k));
    for (size_t u = 0; u < k->m->universes; u++)
        BRAM_TRY(rank(cx, &k->m->universe[u], k->board[u], k->m));
    BRAM_TRY(agree(cx, k->m));
    return find_flips(cx, k);
}

int bram_multiverse_new(bram_ctx *cx, bram_multiverse **out, const bram_results *r,
                        const char *base)
{
    struct making k = {.m = bram_alloc(cx, 1, sizeof *k.m), .r = r};
    if (!k.m) return BRAM_ENOMEM;
    int status = make(cx, &k, base);
    for (size_t u = 0; u < k.m->universes; u++) bram_board_free(k.board[u]);
    bram_free(k.board);
    if (status == BRAM_OK) *out = k.m;
    else bram_multiverse_free(k.m);
    return status;
}
