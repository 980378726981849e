/*
 * motifs.c - the dynamic functional connectome; see motifs.h.
 */
#include "motifs.h"

#include "recording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct reading {
    const bram_motif_settings *o;
    bram_recording *recording;
    size_t recordings, rows;
    const char **label; /* of neurons that are in enough animals */
    size_t labels;
};

size_t bram_motif_pair(size_t neurons, size_t a, size_t b)
{
    return a * (2 * neurons - a - 1) / 2 + b - a - 1;
}

/* ---- recordings ----------------------------------------------------------------------------- */

static int check_recording(bram_ctx *cx, const struct reading *r, const bram_recording *c)
{
    double first = r->recording[0].dt;
    if (c->pieces != 1)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "recording %s has %zu pieces with gaps between them, expected one", c->id,
                         c->pieces);
    if (!(c->dt > 0) || fabs(c->dt - first) >= 0.01 * first)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "recording %s has steps of %g s, %s of %g s: resample them to one step "
                         "(bramble import --dt)",
                         c->id, c->dt, r->recording[0].id, first);
    return BRAM_OK;
}

static int read_all(bram_ctx *cx, struct reading *r, const bram_dataset *const *ds, size_t count)
{
    size_t all = 0;
    for (size_t d = 0; d < count; d++) all += bram_dataset_groups(ds[d], "recordings");
    if (!all) return bram_fail(cx, BRAM_EABSENT, "there are no recordings");
    r->recording = bram_scratch(cx, all, sizeof *r->recording);
    if (!r->recording) return BRAM_ENOMEM;
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < bram_dataset_groups(ds[d], "recordings"); i++) {
            bram_recording *c = &r->recording[r->recordings];
            BRAM_TRY(bram_recording_read(
                cx, c, ds[d], bram_dataset_group_at(ds[d], "recordings", i), r->o->response));
            r->recordings++;
            BRAM_TRY(check_recording(cx, r, c));
            if (r->recordings == 1 || c->rows < r->rows) r->rows = c->rows;
        }
    return BRAM_OK;
}

/* Whether a unit is a known neuron with a value in every row that is used. */
static bool usable(const struct reading *r, const bram_recording *c, size_t unit)
{
    const bram_column *certainty = bram_axis_column(c->unit, "certainty");
    if (!*bram_axis_id(c->unit, unit)) return false;
    if (certainty && certainty->text && strcmp(certainty->text[unit], "exact") != 0) return false;
    for (size_t t = 0; t < r->rows; t++)
        if (!c->present[t * c->units + unit]) return false;
    return true;
}

static size_t recorded_in(const struct reading *r, const char *id)
{
    size_t count = 0;
    for (size_t k = 0; k < r->recordings; k++) {
        ptrdiff_t at = bram_axis_find(r->recording[k].unit, id);
        if (at >= 0 && usable(r, &r->recording[k], (size_t)at)) count++;
    }
    return count;
}

/* Labels in the order in which recordings have them first. */
static int find_labels(bram_ctx *cx, struct reading *r)
{
    size_t most = 0;
    for (size_t k = 0; k < r->recordings; k++) most += r->recording[k].units;
    r->label = bram_scratch(cx, most, sizeof *r->label);
    if (!r->label) return BRAM_ENOMEM;
    for (size_t k = 0; k < r->recordings; k++)
        for (size_t i = 0; i < r->recording[k].units; i++) {
            const char *id = bram_axis_id(r->recording[k].unit, i);
            bool seen = !usable(r, &r->recording[k], i) || recorded_in(r, id) < r->o->animals;
            for (size_t l = 0; l < r->labels && !seen; l++) seen = !strcmp(r->label[l], id);
            if (!seen) r->label[r->labels++] = id;
        }
    if (r->labels >= 3) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "%zu labelled neurons are recorded throughout in %zu of %zu animals or more, "
                     "expected 3",
                     r->labels, r->o->animals, r->recordings);
}

/* ---- the array ------------------------------------------------------------------------------ */

/* Affinities of one animal into x[.][animal][pair]. */
static int fill_animal(bram_ctx *cx, const struct reading *r, size_t animal, double *x,
                       uint8_t *present)
{
    const bram_recording *c = &r->recording[animal];
    size_t n = r->labels, pairs = n * (n - 1) / 2, here = 0;
    size_t *neuron = bram_scratch(cx, n, 2 * sizeof *neuron);
    if (!neuron) return BRAM_ENOMEM;
    size_t *unit = neuron + n;
    for (size_t l = 0; l < n; l++) {
        ptrdiff_t at = bram_axis_find(c->unit, r->label[l]);
        if (at >= 0 && usable(r, c, (size_t)at)) neuron[here] = l, unit[here++] = (size_t)at;
    }
    if (here < 2) return BRAM_OK;
    size_t own = here * (here - 1) / 2, half = (size_t)fmax(1, round(r->o->window / 2 / c->dt));
    double *traces = bram_scratch(cx, r->rows, here * sizeof *traces);
    double *affinity = bram_scratch(cx, r->rows, own * sizeof *affinity);
    if (!traces || !affinity) return BRAM_ENOMEM;
    for (size_t t = 0; t < r->rows; t++)
        for (size_t i = 0; i < here; i++) traces[t * here + i] = c->values[t * c->units + unit[i]];
    bram_mat m = {traces, r->rows, here, here};
    BRAM_TRY(bram_affinity(cx, affinity, &m, r->o->kernel, half, r->o->sigma));
    for (size_t i = 0, k = 0; i < here; i++)
        for (size_t j = i + 1; j < here; j++, k++) {
            size_t p = bram_motif_pair(n, neuron[i], neuron[j]);
            present[animal * pairs + p] = 1;
            for (size_t t = 0; t < r->rows; t++)
                x[(t * r->recordings + animal) * pairs + p] = affinity[t * own + k];
        }
    return BRAM_OK;
}

static int make_array(bram_ctx *cx, const struct reading *r, bram_cp_data *data)
{
    size_t pairs = r->labels * (r->labels - 1) / 2, fibres = r->recordings * pairs;
    double need = (double)r->rows * (double)fibres * sizeof(double);
    if (bram_ctx_memory(cx) && need > (double)bram_ctx_memory(cx))
        return bram_fail(cx, BRAM_EMEMORY,
                         "%zu rows of %zu animals and %zu pairs take %.0f bytes, more than the %zu "
                         "allowed",
                         r->rows, r->recordings, pairs, need, bram_ctx_memory(cx));
    double *x = bram_scratch(cx, r->rows * fibres, sizeof *x);
    uint8_t *present = bram_scratch(cx, fibres, 1);
    if (!x || !present) return BRAM_ENOMEM;
    for (size_t a = 0; a < r->recordings; a++) {
        size_t mark = bram_scratch_mark(cx);
        int status = fill_animal(cx, r, a, x, present);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK)
            return bram_fail_prefix(cx, status, "recording %s", r->recording[a].id);
    }
    *data = (bram_cp_data){{r->rows, r->recordings, pairs}, x, present};
    return BRAM_OK;
}

/* ---- motifs --------------------------------------------------------------------------------- */

static int factorize(bram_ctx *cx, bram_motifs *m, const bram_cp_data *data,
                     const bram_motif_settings *o)
{
    const bram_cp_settings settings = {500, 1e-7, o->seed};
    size_t sum = m->rows + m->animals + m->pairs + 1, rank = o->rank, start = 0;
    double *number = bram_scratch(cx, o->most, 2 * sizeof *number);
    m->choice.best = bram_scratch(cx, o->most, sizeof *m->choice.best);
    if (!number || !m->choice.best) return BRAM_ENOMEM;
    m->choice.error = number, m->choice.similarity = number + o->most;
    if (!rank) {
        m->ranks = o->most;
        BRAM_TRY(bram_cp_choose(cx, &m->choice, data, &settings, o->most, o->starts, o->stable));
        rank = m->choice.rank, start = m->choice.best[rank - 1];
    }
    double *memory = bram_scratch(cx, sum, rank * sizeof *memory);
    if (!memory) return BRAM_ENOMEM;
    m->fit = (bram_cp){.rank = rank, .weight = memory};
    m->fit.factor[0] = memory + rank;
    m->fit.factor[1] = m->fit.factor[0] + m->rows * rank;
    m->fit.factor[2] = m->fit.factor[1] + m->animals * rank;
    double least = INFINITY;
    for (uint64_t s = 0; o->rank && s < o->starts; s++) {
        BRAM_TRY(bram_cp_fit(cx, &m->fit, data, &settings, s, NULL));
        if (m->fit.error < least) least = m->fit.error, start = s;
    }
    return bram_cp_fit(cx, &m->fit, data, &settings, start, NULL);
}

/* The community whose members' mean affinity is largest, as far as it has two. */
static size_t find_core(const bram_motifs *m, size_t r, const size_t *label, double *sum,
                        double *pairs)
{
    size_t blocks = m->found[r].blocks, core = blocks;
    memset(sum, 0, blocks * sizeof *sum);
    memset(pairs, 0, blocks * sizeof *pairs);
    for (size_t i = 0, p = 0; i < m->neurons; i++)
        for (size_t j = i + 1; j < m->neurons; j++, p++)
            if (label[i] == label[j])
                sum[label[i]] += m->fit.factor[2][p * m->fit.rank + r], pairs[label[i]]++;
    for (size_t b = 0; b < blocks; b++)
        if (pairs[b] > 0 && (core == blocks || sum[b] / pairs[b] > sum[core] / pairs[core]))
            core = b;
    return core;
}

/* Communities of motif r: pairs are edges where its factor is above 1e-6 of the largest. */
static int find_blocks(bram_ctx *cx, bram_motifs *m, size_t r, const bram_block_settings *o)
{
    const double *c = m->fit.factor[2];
    size_t rank = m->fit.rank, *end = bram_scratch(cx, m->pairs, 2 * sizeof *end), count = 0;
    double *weight = bram_scratch(cx, m->pairs, sizeof *weight), most = 0;
    double *work = bram_scratch(cx, m->neurons, 2 * sizeof *work);
    if (!end || !weight || !work) return BRAM_ENOMEM;
    for (size_t p = 0; p < m->pairs; p++) most = fmax(most, c[p * rank + r]);
    for (size_t i = 0, p = 0; i < m->neurons; i++)
        for (size_t j = i + 1; j < m->neurons; j++, p++) {
            if (c[p * rank + r] <= 1e-6 * most) continue;
            end[count] = i, end[m->pairs + count] = j, weight[count++] = c[p * rank + r];
        }
    bram_edge_list list = {m->neurons, count, end, end + m->pairs, weight};
    BRAM_TRY(bram_block_fit(cx, m->label + r * m->neurons, &m->found[r], &list, o));
    m->core[r] = find_core(m, r, m->label + r * m->neurons, work, work + m->neurons);
    return BRAM_OK;
}

static int make_axes(bram_ctx *cx, bram_motifs *m, const struct reading *r)
{
    const bram_recording *first = &r->recording[0];
    const char **id = bram_scratch(cx, r->recordings, sizeof *id);
    size_t *row = bram_scratch(cx, r->rows, sizeof *row);
    if (!id || !row) return BRAM_ENOMEM;
    for (size_t a = 0; a < r->recordings; a++) id[a] = r->recording[a].id;
    for (size_t t = 0; t < r->rows; t++) row[t] = t;
    BRAM_TRY(bram_axis_take(cx, &m->time, first->time, row, r->rows));
    BRAM_TRY(bram_axis_new(cx, &m->animal, "animal", r->recordings));
    BRAM_TRY(bram_axis_set_ids(cx, m->animal, id));
    BRAM_TRY(bram_axis_new(cx, &m->neuron, "neuron", r->labels));
    return bram_axis_set_ids(cx, m->neuron, r->label);
}

static int find(bram_ctx *cx, bram_motifs *m, struct reading *r, const bram_dataset *const *ds,
                size_t count)
{
    bram_cp_data data;
    BRAM_TRY(read_all(cx, r, ds, count));
    BRAM_TRY(find_labels(cx, r));
    BRAM_TRY(make_axes(cx, m, r));
    BRAM_TRY(make_array(cx, r, &data));
    m->rows = data.dim[0], m->animals = data.dim[1], m->pairs = data.dim[2];
    m->neurons = r->labels;
    BRAM_TRY(factorize(cx, m, &data, r->o));
    size_t rank = m->fit.rank;
    m->label = bram_scratch(cx, rank, m->neurons * sizeof *m->label);
    m->found = bram_scratch(cx, rank, sizeof *m->found);
    m->core = bram_scratch(cx, rank, sizeof *m->core);
    if (!m->label || !m->found || !m->core) return BRAM_ENOMEM;
    for (size_t k = 0; k < rank; k++) {
        size_t mark = bram_scratch_mark(cx);
        int status = find_blocks(cx, m, k, &r->o->blocks);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_motifs_find(bram_ctx *cx, bram_motifs *out, const bram_dataset *const *ds, size_t count,
                     const bram_motif_settings *settings)
{
    struct reading r = {.o = settings};
    bram_motifs m = {0};
    int status = settings->rank == 0 && (settings->most == 0 || settings->starts == 0)
                     ? bram_fail(cx, BRAM_EUSAGE, "no ranks or no starts to choose among")
                     : find(cx, &m, &r, ds, count);
    for (size_t a = 0; a < r.recordings; a++) bram_recording_release(&r.recording[a]);
    if (status == BRAM_OK) *out = m;
    else bram_motifs_release(&m);
    return status;
}

void bram_motifs_release(bram_motifs *m)
{
    bram_axis_free(m->time);
    bram_axis_free(m->animal);
    bram_axis_free(m->neuron);
    *m = (bram_motifs){0};
}
