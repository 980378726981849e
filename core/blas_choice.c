/*
 * blas_choice.c - whether OpenBLAS has chosen kernels that fit the processor.
 *
 * OpenBLAS goes by the model number of the processor and takes the kernels of a Pentium 4
 * ("Prescott", two doubles at a time) for a number that it does not know: its release 0.3.21 does
 * so on Intel's Emerald Rapids. A product is then 5 to 9 times slower than it could be. What a
 * processor can do is asked of the processor itself here. Only kernels without AVX2 and FMA are
 * thought a mistake: AVX2 kernels on a processor with AVX-512 may well be meant.
 */
#include "blas_choice.h"

#include "linalg.h"

#include <stdlib.h>
#include <string.h>

/* OpenBLAS's names of x86 kernels without AVX2 and FMA (driver/others/dynamic.c). */
static const char *const old_kernels[] = {
    "Katmai",     "Coppermine",  "Northwood", "Prescott",     "Banias", "Core2",
    "Penryn",     "Dunnington",  "Nehalem",   "Sandybridge",  "Atom",   "Athlon",
    "Opteron",    "Barcelona",   "Bobcat",    "Opteron_SSE3", "Nano",   "Bulldozer",
    "Piledriver", "Steamroller", NULL,
};

const char *bram_blas_better(const char *core, bool avx2, bool avx512)
{
    size_t i = 0;
    while (old_kernels[i] && strcmp(old_kernels[i], core) != 0) i++;
    if (!old_kernels[i] || !avx2) return NULL;
    return avx512 ? "SkylakeX" : "Haswell";
}

const char *bram_blas_advice(void)
{
    bool avx2 = false, avx512 = false;
    if (getenv("OPENBLAS_CORETYPE")) return NULL;
#if defined(__x86_64__)
    __builtin_cpu_init();
    avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512cd");
#endif
    return bram_blas_better(bram_blas_core(), avx2, avx512);
}
