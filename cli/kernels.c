/*
 * kernels.c - the BLAS kernels that commands compute with; see kernels.h.
 */
#include "kernels.h"

#include "linalg.h"

#include <bramble/context.h>

#include <stdlib.h>
#include <unistd.h>

/* The variable, once set, ends the advice: there is no second time. */
void bram_cli_choose_kernels(char *const *argv)
{
    const char *core = bram_blas_advice();
    if (!core || setenv("OPENBLAS_CORETYPE", core, 1) != 0) return;
    execv("/proc/self/exe", argv);
    unsetenv("OPENBLAS_CORETYPE"); /* slower, but as right */
}

void bram_cli_describe_kernels(bram_buffer *b)
{
    const char *better = bram_blas_advice(), *set = getenv("OPENBLAS_CORETYPE");
    bram_buffer_putf(b, "BLAS kernels: %s (", better ? better : bram_blas_core());
    if (better)
        bram_buffer_putf(b, "OpenBLAS does not know this processor and would take %s",
                         bram_blas_core());
    else if (set) bram_buffer_putf(b, "OPENBLAS_CORETYPE=%s", set);
    else bram_buffer_putf(b, "OpenBLAS's choice");
    bram_buffer_putf(b, ")\n");
}
