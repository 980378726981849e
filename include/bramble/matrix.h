/*
 * matrix.h - a view of a row-major matrix of doubles. It owns nothing.
 */
#ifndef BRAMBLE_MATRIX_H
#define BRAMBLE_MATRIX_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** rows x cols; element (i, j) is data[i * stride + j], stride >= cols. */
typedef struct bram_mat {
    double *data;
    size_t rows, cols, stride;
} bram_mat;

/** @return the first element of row i */
static inline double *bram_row(const bram_mat *m, size_t i)
{
    return m->data + i * m->stride;
}

/** @return rows first .. first + count - 1 of m, as a view */
static inline bram_mat bram_mat_rows(bram_mat m, size_t first, size_t count)
{
    m.data += first * m.stride;
    m.rows = count;
    return m;
}

#ifdef __cplusplus
}
#endif
#endif
