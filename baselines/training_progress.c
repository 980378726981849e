/* training_progress.c - see training_progress.h. */
#include "training_progress.h"

#include <math.h>
#include <stdio.h>

void bram_training_progress(bram_ctx *cx, double loss, double held, size_t done, size_t total)
{
    char what[96] = "training";
    if (!isnan(loss) && !isnan(held))
        snprintf(what, sizeof what, "training (loss %.4g, validation %.4g)", loss, held);
    else if (!isnan(loss)) snprintf(what, sizeof what, "training (loss %.4g)", loss);
    bram_ctx_progress(cx, what, (double)done, (double)total);
}
