/* forecast_example.c - see forecast_example.h. */
#include "forecast_example.h"

enum { EXAMPLE_UNITS = 6, EXAMPLE_ROWS = 400 };

/* The units of largest variance in the training part: a choice that no model has a say in. */
static size_t example_units(const bram_slice *train, size_t chosen[EXAMPLE_UNITS])
{
    size_t units = bram_axis_length(train->panel.unit), n = 0;
    double best[EXAMPLE_UNITS];
    for (size_t u = 0; u < units; u++) {
        double count = 0, mean = 0, square = 0;
        for (size_t s = 0; s < train->panel.segments; s++) {
            const bram_segment *g = &train->segment[s];
            for (size_t t = g->first; t < g->y.rows; t++) {
                if (!g->y_present[t * units + u]) continue;
                double d = bram_row(&g->y, t)[u] - mean;
                mean += d / ++count;
                square += d * (bram_row(&g->y, t)[u] - mean);
            }
        }
        double variance = count > 1 ? square / count : -1;
        size_t at = n;
        while (at > 0 && best[at - 1] < variance) at--;
        if (at >= EXAMPLE_UNITS) continue;
        for (size_t k = n < EXAMPLE_UNITS ? n : EXAMPLE_UNITS - 1; k > at; k--)
            best[k] = best[k - 1], chosen[k] = chosen[k - 1];
        best[at] = variance, chosen[at] = u;
        if (n < EXAMPLE_UNITS) n++;
    }
    return n;
}

static int add_example(bram_ctx *cx, bram_dataset *result, const char *name, const bram_axis *row,
                       const bram_axis *unit, const double *value, const uint8_t *present,
                       size_t units, const size_t *chosen)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){row, unit}));
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    double *out = bram_response_f64(r);
    size_t n = bram_axis_length(unit);
    for (size_t t = 0; t < bram_axis_length(row); t++)
        for (size_t i = 0; i < n; i++) {
            out[t * n + i] = value[t * units + chosen[i]];
            mask[t * n + i] = present[t * units + chosen[i]];
        }
    return bram_dataset_add(cx, result, "example", r);
}

int bram_forecast_example(bram_ctx *cx, bram_dataset *result, const bram_slice *train,
                          const bram_forecast_answers *a)
{
    size_t chosen[EXAMPLE_UNITS] = {0}, n = example_units(train, chosen),
           rows = a->question[0].starts;
    if (rows > EXAMPLE_ROWS) rows = EXAMPLE_ROWS;
    if (!n || !rows) return BRAM_OK;
    bram_axis *row = NULL, *unit = NULL;
    int status = bram_axis_take(cx, &unit, a->test->panel.unit, chosen, n);
    if (status == BRAM_OK)
        status = bram_axis_take(cx, &row, a->test->segment[0].row, a->question[0].start, rows);
    if (status == BRAM_OK)
        status = add_example(cx, result, "recorded", row, unit, a->truth, a->truth_present,
                             a->units, chosen);
    if (status == BRAM_OK)
        status = add_example(cx, result, "predicted", row, unit, a->value[BRAM_FORECAST_MODEL],
                             a->present[BRAM_FORECAST_MODEL], a->units, chosen);
    bram_axis_free(row);
    bram_axis_free(unit);
    return status;
}
