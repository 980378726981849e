/*
 * state_data.c - panels as sequences for the models with hidden states; see state_model.h.
 */
#include "state_model.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static bool invalid(const bram_state_model *m, double value)
{
    return m->o->kind->valid && !m->o->kind->valid(m->o, value);
}

static bool present(const bram_segment *s, const uint8_t *held_out, size_t row, size_t unit)
{
    return !(held_out && held_out[unit]) && (!s->y_present || s->y_present[row * s->y.cols + unit]);
}

/* Whether rows have to be copied (values left out) and whether anything is missing. */
static int inspect(bram_ctx *cx, bool *missing, const bram_state_model *m, const bram_segment *s,
                   bool strict, const uint8_t *held_out)
{
    *missing = false;
    for (size_t t = 0; t < s->y.rows; t++)
        for (size_t i = 0; i < m->o->units; i++) {
            size_t u = m->kept[i];
            double value = bram_row(&s->y, t)[u];
            if (!present(s, held_out, t, u)) {
                *missing = true;
                continue;
            }
            if (!isfinite(value))
                return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of unit %zu is %g",
                                 s->id ? s->id : "", t, u, value);
            if (!invalid(m, value)) continue;
            *missing = true;
            if (strict)
                return bram_fail(
                    cx, BRAM_ENOTAPPLICABLE, "segment %s: row %zu of unit %zu is %g; %s needs %s",
                    s->id ? s->id : "", t, u, value, m->o->kind->name, m->o->kind->values);
        }
    return BRAM_OK;
}

/* y of the kept units, 0 where it is missing, and the mask (NULL: nothing missing). */
static int take_values(bram_ctx *cx, bram_mat *y, const uint8_t **mask, const bram_state_model *m,
                       const bram_segment *s, bool strict, const uint8_t *held_out)
{
    size_t n = m->o->units, rows = s->y.rows;
    bool missing;
    BRAM_TRY(inspect(cx, &missing, m, s, strict, held_out));
    *y = s->y;
    *mask = NULL;
    if (!missing && n == s->y.cols) return BRAM_OK;
    uint8_t *there = bram_scratch(cx, rows, n);
    if (!there) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, y, rows, n));
    for (size_t t = 0; t < rows; t++)
        for (size_t i = 0; i < n; i++) {
            double value = bram_row(&s->y, t)[m->kept[i]];
            there[t * n + i] = present(s, held_out, t, m->kept[i]) && !invalid(m, value);
            bram_row(y, t)[i] = there[t * n + i] ? value : 0;
        }
    if (missing) *mask = there;
    return BRAM_OK;
}

static int take_inputs(bram_ctx *cx, bram_mat *x, const bram_state_model *m, const bram_segment *s)
{
    size_t n = m->input_mean.cols;
    *x = (bram_mat){NULL, s->y.rows, 0, 0};
    if (n == 0) return BRAM_OK;
    if (s->x.cols != n)
        return bram_fail(cx, BRAM_ESHAPE, "segment %s has %zu inputs, the model was fitted on %zu",
                         s->id ? s->id : "", s->x.cols, n);
    BRAM_TRY(bram_mat_scratch(cx, x, s->x.rows, n));
    for (size_t t = 0; t < s->x.rows; t++)
        for (size_t j = 0; j < n; j++) {
            bool there = !s->x_present || s->x_present[t * n + j];
            double value = there ? bram_row(&s->x, t)[j] : m->input_mean.data[j];
            if (!isfinite(value))
                return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of input %zu is %g",
                                 s->id ? s->id : "", t, j, value);
            bram_row(x, t)[j] = value;
        }
    return BRAM_OK;
}

struct arrays {
    bram_mat *y, *x;
    const uint8_t **mask;
    size_t *context;
};

static int new_arrays(bram_ctx *cx, struct arrays *a, size_t n)
{
    a->y = bram_scratch(cx, n, 2 * sizeof *a->y);
    a->mask = bram_scratch(cx, n, sizeof *a->mask);
    a->context = bram_scratch(cx, n, sizeof *a->context);
    if (!a->y || !a->mask || !a->context) return BRAM_ENOMEM;
    a->x = a->y + n;
    return BRAM_OK;
}

static int take(bram_ctx *cx, const struct arrays *a, size_t i, const bram_state_model *m,
                const bram_segment *s, bool all, bool strict, const uint8_t *held_out)
{
    size_t first = all ? 0 : s->first;
    if (s->y.cols != m->mean.cols)
        return bram_fail(cx, BRAM_ESHAPE, "segment %s has %zu units, the model was fitted on %zu",
                         s->id ? s->id : "", s->y.cols, m->mean.cols);
    BRAM_TRY(take_values(cx, &a->y[i], &a->mask[i], m, s, strict, held_out));
    BRAM_TRY(take_inputs(cx, &a->x[i], m, s));
    a->y[i] = bram_mat_rows(a->y[i], first, s->y.rows - first);
    if (a->mask[i]) a->mask[i] += first * m->o->units;
    if (a->x[i].cols) a->x[i] = bram_mat_rows(a->x[i], first, s->y.rows - first);
    a->context[i] = first;
    return BRAM_OK;
}

int bram_state_data(bram_ctx *cx, bram_hmm_data *out, const bram_state_model *m,
                    const bram_panel *panel, bool all, bool strict, const uint8_t *held_out)
{
    struct arrays a;
    BRAM_TRY(new_arrays(cx, &a, panel->segments));
    for (size_t i = 0; i < panel->segments; i++)
        BRAM_TRY(take(cx, &a, i, m, &panel->segment[i], all, strict, held_out));
    *out = (bram_hmm_data){panel->segments, a.y, a.mask, a.x, a.context};
    return BRAM_OK;
}

int bram_state_data_one(bram_ctx *cx, bram_hmm_data *out, const bram_state_model *m,
                        const bram_panel *panel, size_t segment, bool all, bool strict,
                        const uint8_t *held_out)
{
    bram_panel one = *panel;
    one.segment = &panel->segment[segment];
    one.segments = 1;
    return bram_state_data(cx, out, m, &one, all, strict, held_out);
}
