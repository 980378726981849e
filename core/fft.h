/*
 * fft.h - two-dimensional discrete Fourier transforms of pictures. fft.c is the only file that
 * touches fftw3.
 */
#ifndef BRAMBLE_CORE_FFT_H
#define BRAMBLE_CORE_FFT_H

#include <bramble/context.h>

typedef struct bram_fft2 bram_fft2;

/**
 * Prepares transforms of rows x cols complex numbers. One may be used by many threads at a time.
 *
 * @return BRAM_OK; BRAM_EUSAGE for no rows or columns or sides above 2^20; BRAM_ENOMEM
 */
int bram_fft2_new(bram_ctx *cx, bram_fft2 **out, size_t rows, size_t cols) BRAM_MUST_CHECK;
void bram_fft2_free(bram_fft2 *f);

/**
 * In place, row-major, real and imaginary part one after the other: forward
 * F(u, v) = sum f(y, x) exp(-2 pi i (u y / rows + v x / cols)), without a factor; backward with
 * +i and the factor 1 / (rows cols), so that one undoes the other. Cost O(n log n). The bits of a
 * result depend on the numbers and the machine alone.
 */
void bram_fft2_forward(const bram_fft2 *f, double *values);
void bram_fft2_backward(const bram_fft2 *f, double *values);

#endif
