/*
 * vexp.c - exponentials of arrays; see vexp.h.
 *
 * exp(x) = 2^(n / 64) exp(r) with n the integer nearest to 64 x / ln 2 and r = x - n ln 2 / 64
 * (ln 2 / 64 in two parts, of which the first times n is exact), |r| < 0.0055. exp(r) is its Taylor
 * series to the power 5, of which the rest is below 4e-17; 2^(j / 64) comes from a table. As in
 * Tang 1989, "Table-driven implementation of the exponential function", ACM TOMS 15. Vector types
 * instead of a loop that the compiler may or may not vectorise: every place of an array is treated
 * alike.
 */
#include "vexp.h"

#include "wide.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef double pair __attribute__((vector_size(16)));
typedef long long bits __attribute__((vector_size(16)));
typedef unsigned long long counts __attribute__((vector_size(16))); /* they may run over */

static const double ROOT[64] = {
    0x1.0000000000000p+0, 0x1.02c9a3e778061p+0, 0x1.059b0d3158574p+0, 0x1.0874518759bc8p+0,
    0x1.0b5586cf9890fp+0, 0x1.0e3ec32d3d1a2p+0, 0x1.11301d0125b51p+0, 0x1.1429aaea92de0p+0,
    0x1.172b83c7d517bp+0, 0x1.1a35beb6fcb75p+0, 0x1.1d4873168b9aap+0, 0x1.2063b88628cd6p+0,
    0x1.2387a6e756238p+0, 0x1.26b4565e27cddp+0, 0x1.29e9df51fdee1p+0, 0x1.2d285a6e4030bp+0,
    0x1.306fe0a31b715p+0, 0x1.33c08b26416ffp+0, 0x1.371a7373aa9cbp+0, 0x1.3a7db34e59ff7p+0,
    0x1.3dea64c123422p+0, 0x1.4160a21f72e2ap+0, 0x1.44e086061892dp+0, 0x1.486a2b5c13cd0p+0,
    0x1.4bfdad5362a27p+0, 0x1.4f9b2769d2ca7p+0, 0x1.5342b569d4f82p+0, 0x1.56f4736b527dap+0,
    0x1.5ab07dd485429p+0, 0x1.5e76f15ad2148p+0, 0x1.6247eb03a5585p+0, 0x1.6623882552225p+0,
    0x1.6a09e667f3bcdp+0, 0x1.6dfb23c651a2fp+0, 0x1.71f75e8ec5f74p+0, 0x1.75feb564267c9p+0,
    0x1.7a11473eb0187p+0, 0x1.7e2f336cf4e62p+0, 0x1.82589994cce13p+0, 0x1.868d99b4492edp+0,
    0x1.8ace5422aa0dbp+0, 0x1.8f1ae99157736p+0, 0x1.93737b0cdc5e5p+0, 0x1.97d829fde4e50p+0,
    0x1.9c49182a3f090p+0, 0x1.a0c667b5de565p+0, 0x1.a5503b23e255dp+0, 0x1.a9e6b5579fdbfp+0,
    0x1.ae89f995ad3adp+0, 0x1.b33a2b84f15fbp+0, 0x1.b7f76f2fb5e47p+0, 0x1.bcc1e904bc1d2p+0,
    0x1.c199bdd85529cp+0, 0x1.c67f12e57d14bp+0, 0x1.cb720dcef9069p+0, 0x1.d072d4a07897cp+0,
    0x1.d5818dcfba487p+0, 0x1.da9e603db3285p+0, 0x1.dfc97337b9b5fp+0, 0x1.e502ee78b3ff6p+0,
    0x1.ea4afa2a490dap+0, 0x1.efa1bee615a27p+0, 0x1.f50765b6e4540p+0, 0x1.fa7c1819e90d8p+0,
};

static const double LOWEST = -708.39641853226408, HIGHEST = 709; /* beyond: not by 2^n */

static inline __attribute__((always_inline)) pair both(double x)
{
    return (pair){x, x};
}

static inline __attribute__((always_inline)) pair exp_pair(pair x)
{
    const pair magic = both(0x1.8p52); /* adding it rounds to an integer, in the low bits */
    pair shifted = x * both(92.33248261689366) + magic, n = shifted - magic;
    pair r = x - n * both(0x1.62e42fee00000p-7);
    r = r - n * both(0x1.a39ef35793c76p-39);
    pair square = r * r;
    pair p = r + square * (both(0.5) + r * both(1.0 / 6) +
                           square * (both(1.0 / 24) + r * both(1.0 / 120)));
    bits whole = (bits)shifted;
    pair root = {ROOT[whole[0] & 63], ROOT[whole[1] & 63]};
    /* the low bits of magic are zero: what is left of `whole` above 6 bits is the exponent */
    counts up = ((counts)whole & ~(counts){63, 63}) << 46;
    pair scale = (pair)((counts)root + up);
    pair result = scale + scale * p;
    bits plain = (x <= both(HIGHEST)), low = x < both(LOWEST);
    if (!(plain[0] & plain[1])) result = (pair){exp(x[0]), exp(x[1])};
    return (pair)(~low & (bits)result);
}

/* ---- eight at a time, where the processor has vectors of that width ---------------------------
 */

#if BRAM_AVX_512

#define EIGHT __attribute__((target("avx512f")))

/* The operations of exp_pair, but for what is above HIGHEST. */
static inline EIGHT void exp_eight(double *at)
{
    bram_wide x, magic = (bram_wide){0} + 0x1.8p52;
    BRAM_WIDE_LOAD(x, at);
    bram_wide shifted = x * 92.33248261689366 + magic, n = shifted - magic;
    bram_wide r = x - n * 0x1.62e42fee00000p-7;
    r = r - n * 0x1.a39ef35793c76p-39;
    bram_wide square = r * r;
    bram_wide p = r + square * (0.5 + r * (1.0 / 6) + square * (1.0 / 24 + r * (1.0 / 120)));
    bram_wide_bits whole = (bram_wide_bits)shifted, j = whole & 63;
    bram_wide root = __builtin_ia32_gatherdiv8df((bram_wide){0}, ROOT, j, -1, 8);
    typedef unsigned long long counts8 __attribute__((vector_size(64)));
    counts8 up = ((counts8)whole & ~63ULL) << 46;
    bram_wide scale = (bram_wide)((counts8)root + up), result = scale + scale * p;
    bram_wide_bits low = x < LOWEST;
    result = (bram_wide)(~low & (bram_wide_bits)result);
    BRAM_WIDE_STORE(at, result);
}

/* Whether all of 8 blocks values are such that exp_eight can do them. */
static EIGHT bool all_plain(const double *x, size_t blocks)
{
    bram_wide_bits beyond = {0};
    for (size_t i = 0; i < blocks; i++) {
        bram_wide v;
        BRAM_WIDE_LOAD(v, x + 8 * i);
        beyond |= ~(v <= HIGHEST);
    }
    long long any = 0;
    for (int k = 0; k < 8; k++) any |= beyond[k];
    return !any;
}

static EIGHT void exp_eights(double *x, size_t blocks)
{
    size_t i = 0;
    for (; i + 2 <= blocks; i += 2) {
        exp_eight(x + 8 * i);
        exp_eight(x + 8 * i + 8);
    }
    if (i < blocks) exp_eight(x + 8 * i);
}

/* @return how many values of x are done */
static size_t by_eights(double *x, size_t n)
{
    if (n < 8 || !__builtin_cpu_supports("avx512f") || !all_plain(x, n / 8)) return 0;
    exp_eights(x, n / 8);
    return n / 8 * 8;
}

#else

static size_t by_eights(double *x, size_t n)
{
    (void)x, (void)n;
    return 0;
}

#endif

void bram_vexp(double *x, size_t n)
{
    pair v, w;
    size_t i = by_eights(x, n);
    for (; i + 4 <= n; i += 4) {
        memcpy(&v, x + i, sizeof v);
        memcpy(&w, x + i + 2, sizeof w);
        v = exp_pair(v);
        w = exp_pair(w);
        memcpy(x + i, &v, sizeof v);
        memcpy(x + i + 2, &w, sizeof w);
    }
    for (; i < n; i++) x[i] = exp_pair(both(x[i]))[0];
}
