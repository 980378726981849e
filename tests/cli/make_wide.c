/*
 * make_wide.c - `make_wide ROWS COLUMNS`: features wide.npy (float32), far more than rows,
 * responses y.npy of two units that follow the first ten of them, and the ids of the rows,
 * wide.ids.txt (s1, s2 ...). Written row by row.
 */
#include "npy.h"

#include <bramble/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { UNITS = 2, SIGNAL = 10 };

static int write_rows(bram_ctx *cx, bram_outfile *o, size_t rows, size_t cols, double *y)
{
    double *row = bram_alloc(cx, cols, sizeof *row);
    int status = row ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < rows; i++) {
        bram_rng g = bram_rng_at(1, "wide", i);
        for (size_t j = 0; j < SIGNAL; j++) row[j] = 1000 * bram_rng_normal(&g);
        for (size_t j = SIGNAL; j < cols; j++) /* little and quickly made */
            row[j] = (double)((i * 7919 + j * (j % 613 + 31)) % 1009) / 1009 - 0.5;
        for (size_t u = 0; u < UNITS; u++) {
            y[i * UNITS + u] = 500 * bram_rng_normal(&g);
            for (size_t j = u; j < SIGNAL; j += UNITS) y[i * UNITS + u] += row[j];
        }
        status = bram_npy_put_values(cx, o, BRAM_NPY_F32, row, cols);
    }
    bram_free(row);
    return status;
}

static int write_all(bram_ctx *cx, size_t rows, size_t cols)
{
    bram_outfile *o = NULL;
    double *y = bram_alloc(cx, rows * UNITS, sizeof *y);
    if (!y) return BRAM_ENOMEM;
    int status = bram_outfile_open(cx, &o, "wide.npy", true);
    if (status == BRAM_OK)
        status = bram_npy_put_header(cx, o, BRAM_NPY_F32, 2, (size_t[]){rows, cols});
    if (status == BRAM_OK) status = write_rows(cx, o, rows, cols, y);
    if (status == BRAM_OK) status = bram_outfile_commit(cx, o);
    else bram_outfile_abort(o);
    if (status == BRAM_OK)
        status = bram_npy_write(cx, "y.npy", true, BRAM_NPY_F64, 2, (size_t[]){rows, UNITS}, y);
    bram_free(y);
    return status;
}

int main(int argc, char **argv)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    size_t rows = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (!cx || !rows || write_all(cx, rows, strtoul(argv[2], NULL, 10)) != BRAM_OK) {
        fprintf(stderr, "make_wide: %s\n", cx && rows ? bram_ctx_message(cx) : "ROWS COLUMNS");
        return 1;
    }
    FILE *ids = fopen("wide.ids.txt", "w");
    for (size_t i = 0; ids && i < rows; i++) fprintf(ids, "s%zu\n", i + 1);
    bram_ctx_free(cx);
    return !ids || fclose(ids);
}
