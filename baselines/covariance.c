/* covariance.c - see covariance.h. */
#include "covariance.h"

#include "forecast.h"

#include <math.h>
#include <string.h>

int bram_deviations(bram_ctx *cx, bram_mat *d, bram_mat *there, const bram_mat *rows,
                    const bram_segment *s, const double *mean)
{
    size_t n = s->y.rows - s->first, units = s->y.cols;
    BRAM_TRY(bram_mat_scratch(cx, d, n, units));
    BRAM_TRY(bram_mat_scratch(cx, there, n, units));
    for (size_t t = 0; t < n; t++)
        for (size_t u = 0; u < units; u++) {
            size_t at = (s->first + t) * units + u;
            bool present = !s->y_present || s->y_present[at];
            bram_row(there, t)[u] = present;
            bram_row(d, t)[u] = present ? bram_row(rows, s->first + t)[u] - mean[u] : 0;
            if (!isfinite(bram_row(d, t)[u]))
                return bram_fail(cx, BRAM_ENUMERIC, "row %zu of unit %zu is not finite",
                                 s->first + t, u);
        }
    return BRAM_OK;
}

static int add_products(bram_ctx *cx, bram_mat *sum, bram_mat *count, const bram_panel *train,
                        const double *mean)
{
    bram_mat *rows;
    size_t *first;
    BRAM_TRY(bram_forecast_segments(cx, &rows, &first, train, mean));
    for (size_t s = 0; s < train->segments; s++) {
        size_t mark = bram_scratch_mark(cx);
        bram_mat d, there;
        if (train->segment[s].first == train->segment[s].y.rows) continue;
        BRAM_TRY(bram_deviations(cx, &d, &there, &rows[s], &train->segment[s], mean));
        BRAM_TRY(bram_syrk(cx, sum, 1, &d, BRAM_TRANSPOSED, 1));
        BRAM_TRY(bram_syrk(cx, count, 1, &there, BRAM_TRANSPOSED, 1));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* Sets negative eigenvalues to zero. */
static int make_definite(bram_ctx *cx, bram_mat *s)
{
    bram_mat vectors;
    double *values = bram_scratch(cx, s->rows, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &vectors, s->rows, s->cols));
    memcpy(vectors.data, s->data, s->rows * s->cols * sizeof *s->data);
    BRAM_TRY(bram_eigh(cx, &vectors, values));
    if (values[0] >= 0) return BRAM_OK;
    for (size_t k = 0; k < s->rows; k++) {
        double root = values[k] > 0 ? sqrt(values[k]) : 0;
        for (size_t u = 0; u < s->cols; u++) bram_row(&vectors, k)[u] *= root;
    }
    return bram_syrk(cx, s, 1, &vectors, BRAM_TRANSPOSED, 0);
}

int bram_covariance(bram_ctx *cx, bram_mat *covariance, const bram_panel *train, const double *mean)
{
    size_t units = train->segment[0].y.cols, mark = bram_scratch_mark(cx);
    bram_mat count;
    BRAM_TRY(bram_mat_scratch(cx, &count, units, units));
    BRAM_TRY(bram_mat_new(cx, covariance, units, units));
    BRAM_TRY(add_products(cx, covariance, &count, train, mean));
    for (size_t i = 0; i < units * units; i++)
        if (count.data[i] > 0) covariance->data[i] /= count.data[i];
    BRAM_TRY(make_definite(cx, covariance));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
