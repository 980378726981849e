/*
 * nn_readout.c - what readouts of maps share; see nn_readout.h.
 */
#include "nn_readout.h"

#include "nn_readout_private.h"

#include <math.h>

size_t BRAM_NN(readout_parameters)(const BRAM_NN(readout) * r, const bram_nn_readout *s)
{
    bram_nn_tensor tensor[BRAM_NN_READOUT_TENSORS];
    size_t n = r->tensors(s, tensor), sum = 0;
    for (size_t k = 0; k < n; k++) sum += tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
    return sum;
}

double BRAM_NN(l1)(const bram_real *w, bram_real *grad, size_t n, double penalty, size_t units)
{
    double sum = 0, each = penalty / (double)units;
    if (!(penalty > 0)) return 0;
    for (size_t i = 0; i < n; i++) {
        sum += fabs((double)w[i]);
        if (grad) grad[i] += (bram_real)(w[i] > 0 ? each : w[i] < 0 ? -each : 0);
    }
    return each * sum;
}
