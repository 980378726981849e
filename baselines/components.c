/* components.c - see components.h. */
#include "components.h"

#include <string.h>

/* Rows at a time: part of the fixed order of the sums. */
enum { CHUNK = 1024 };

static int centred(bram_ctx *cx, bram_mat *out, const bram_mat *rows, const double *mean)
{
    BRAM_TRY(bram_mat_scratch(cx, out, rows->rows, rows->cols));
    for (size_t i = 0; i < rows->rows; i++)
        for (size_t j = 0; j < rows->cols; j++)
            bram_row(out, i)[j] = bram_row(rows, i)[j] - mean[j];
    return BRAM_OK;
}

int bram_components(bram_ctx *cx, bram_mat *components, double *values, const bram_mat *rows,
                    const size_t *first, size_t segments, const double *mean)
{
    size_t units = components->cols, mark = bram_scratch_mark(cx);
    bram_mat products, part;
    double *all = bram_scratch(cx, units, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &products, units, units));
    for (size_t s = 0; s < segments; s++)
        for (size_t t = first[s]; t < rows[s].rows; t += CHUNK) {
            size_t left = rows[s].rows - t, inner = bram_scratch_mark(cx);
            bram_mat some = bram_mat_rows(rows[s], t, left < CHUNK ? left : CHUNK);
            BRAM_TRY(centred(cx, &part, &some, mean));
            BRAM_TRY(bram_syrk(cx, &products, 1, &part, BRAM_TRANSPOSED, 1));
            bram_scratch_release(cx, inner);
        }
    BRAM_TRY(bram_eigh(cx, &products, all)); /* ascending: the last rows lead */
    for (size_t d = 0; d < components->rows; d++) {
        memcpy(bram_row(components, d), bram_row(&products, units - 1 - d), units * sizeof *all);
        if (values) values[d] = all[units - 1 - d];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_component_scores(bram_ctx *cx, bram_mat *scores, const bram_mat *components,
                          const bram_mat *rows, const double *mean)
{
    size_t mark = bram_scratch_mark(cx);
    bram_mat part;
    BRAM_TRY(centred(cx, &part, rows, mean));
    int status = bram_gemm(cx, scores, 1, &part, BRAM_AS_IS, components, BRAM_TRANSPOSED, 0);
    bram_scratch_release(cx, mark);
    return status;
}
