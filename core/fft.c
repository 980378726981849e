/*
 * fft.c - see fft.h. Plans are estimated, not measured: timing would let the machine's load choose
 * the algorithm, and with it the last bits. The planner is not safe to be called from two threads.
 */
#include "fft.h"

#include <fftw3.h>
#include <pthread.h>

struct bram_fft2 {
    size_t count;
    fftw_plan forward, backward;
};

static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

int bram_fft2_new(bram_ctx *cx, bram_fft2 **out, size_t rows, size_t cols)
{
    const size_t most = (size_t)1 << 20;
    if (!rows || !cols || rows > most || cols > most)
        return bram_fail(cx, BRAM_EUSAGE, "a Fourier transform of %zu x %zu numbers", rows, cols);
    bram_fft2 *f = bram_alloc(cx, 1, sizeof *f);
    double *room = bram_alloc(cx, rows * cols, 2 * sizeof *room);
    if (!f || !room) {
        bram_free(f);
        bram_free(room);
        return BRAM_ENOMEM;
    }
    fftw_complex *at = (fftw_complex *)room;
    unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    f->count = rows * cols;
    pthread_mutex_lock(&planner);
    f->forward = fftw_plan_dft_2d((int)rows, (int)cols, at, at, FFTW_FORWARD, flags);
    f->backward = fftw_plan_dft_2d((int)rows, (int)cols, at, at, FFTW_BACKWARD, flags);
    pthread_mutex_unlock(&planner);
    bram_free(room);
    if (!f->forward || !f->backward) {
        bram_fft2_free(f);
        return bram_fail(cx, BRAM_ENOMEM, "no memory to plan a transform of %zu x %zu", rows, cols);
    }
    *out = f;
    return BRAM_OK;
}

void bram_fft2_free(bram_fft2 *f)
{
    if (!f) return;
    pthread_mutex_lock(&planner);
    if (f->forward) fftw_destroy_plan(f->forward);
    if (f->backward) fftw_destroy_plan(f->backward);
    pthread_mutex_unlock(&planner);
    bram_free(f);
}

void bram_fft2_forward(const bram_fft2 *f, double *values)
{
    fftw_execute_dft(f->forward, (fftw_complex *)values, (fftw_complex *)values);
}

void bram_fft2_backward(const bram_fft2 *f, double *values)
{
    fftw_execute_dft(f->backward, (fftw_complex *)values, (fftw_complex *)values);
    for (size_t k = 0; k < 2 * f->count; k++) values[k] /= (double)f->count;
}
