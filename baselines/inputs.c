/* inputs.c - see inputs.h. */
#include "inputs.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static bool there(const bram_segment *s, size_t row, size_t k)
{
    return !s->x_present || s->x_present[row * s->x.cols + k];
}

int bram_inputs_check(bram_ctx *cx, const bram_mat *scale, const bram_segment *s)
{
    if (!scale->cols) return BRAM_OK;
    if (s->x.cols != scale->cols || s->x.rows != s->y.rows)
        return bram_fail(cx, BRAM_ESHAPE,
                         "segment %s: found %zu inputs in %zu rows, expected %zu in %zu",
                         s->id ? s->id : "", s->x.cols, s->x.rows, scale->cols, s->y.rows);
    for (size_t t = 0; t < s->x.rows; t++)
        for (size_t k = 0; k < s->x.cols; k++)
            if (there(s, t, k) && !isfinite(bram_row(&s->x, t)[k]))
                return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of input %zu is %g",
                                 s->id ? s->id : "", t, k, bram_row(&s->x, t)[k]);
    return BRAM_OK;
}

/* Two passes over the present rows: the mean, then the deviation about it. */
static void scale_input(bram_mat *scale, const bram_panel *train, size_t k, double spread)
{
    double n = 0, mean = 0, square = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < train->segments; i++) {
            const bram_segment *s = &train->segment[i];
            for (size_t t = 0; t < s->x.rows; t++) {
                if (!there(s, t, k)) continue;
                double x = bram_row(&s->x, t)[k];
                if (pass) square += (x - mean) * (x - mean);
                else mean += (x - mean) / ++n;
            }
        }
    bram_row(scale, 0)[k] = mean;
    bram_row(scale, 1)[k] = square > 0 ? spread / sqrt(square / n) : 0;
}

int bram_inputs_fit(bram_ctx *cx, bram_mat *scale, const bram_panel *train, double spread)
{
    bram_mat made;
    size_t inputs = train->segments ? train->segment[0].x.cols : 0;
    BRAM_TRY(bram_mat_new(cx, &made, 2, inputs));
    int status = BRAM_OK;
    for (size_t s = 0; s < train->segments && status == BRAM_OK; s++)
        status = bram_inputs_check(cx, &made, &train->segment[s]);
    if (status != BRAM_OK) {
        bram_free(made.data);
        return status;
    }
    for (size_t k = 0; k < inputs; k++) scale_input(&made, train, k, spread);
    *scale = made;
    return BRAM_OK;
}

double bram_inputs_spread(const bram_panel *train, const double *mean)
{
    double sum = 0, count = 0;
    for (size_t s = 0; s < train->segments; s++) {
        const bram_segment *g = &train->segment[s];
        for (size_t t = g->first; t < g->y.rows; t++)
            for (size_t j = 0; j < g->y.cols; j++) {
                if (g->y_present && !g->y_present[t * g->y.cols + j]) continue;
                double d = bram_row(&g->y, t)[j] - mean[j];
                sum += d * d, count++;
            }
    }
    return sum > 0 ? sqrt(sum / count) : 1;
}

double bram_inputs_value(const bram_mat *scale, const bram_segment *s, size_t row, size_t k)
{
    if (row >= s->x.rows && s->x.rows) row = s->x.rows - 1;
    if (!s->x.rows || !there(s, row, k)) return 0;
    return (bram_row(&s->x, row)[k] - bram_row(scale, 0)[k]) * bram_row(scale, 1)[k];
}

void bram_inputs_row(const bram_mat *scale, double *out, const bram_segment *s, size_t row)
{
    for (size_t k = 0; k < scale->cols; k++) out[k] = bram_inputs_value(scale, s, row, k);
}

int bram_inputs_join(bram_ctx *cx, bram_mat *rows, const bram_panel *panel, const bram_mat *scale)
{
    for (size_t s = 0; s < panel->segments && scale->cols; s++) {
        bram_mat wide, *y = &rows[s];
        BRAM_TRY(bram_mat_scratch(cx, &wide, y->rows, y->cols + scale->cols));
        for (size_t t = 0; t < y->rows; t++) {
            memcpy(bram_row(&wide, t), bram_row(y, t), y->cols * sizeof *y->data);
            bram_inputs_row(scale, bram_row(&wide, t) + y->cols, &panel->segment[s], t + 1);
        }
        *y = wide;
    }
    return BRAM_OK;
}

void bram_inputs_hold(bram_mat *out, size_t steps, const bram_mat *last, size_t units)
{
    for (size_t h = 0; h < steps; h++)
        for (size_t i = 0; i < out[h].rows; i++)
            for (size_t k = units; k < out[h].cols; k++)
                bram_row(&out[h], i)[k] = bram_row(last, i)[k];
}
