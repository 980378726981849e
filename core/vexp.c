/*
 * vexp.c - exponentials of arrays; see vexp.h.
 *
 * exp(x) = 2^n exp(r) with n the integer nearest to x / ln 2 and r = x - n ln 2 (ln 2 in two parts,
 * of which the first times n is exact), |r| <= ln 2 / 2. exp(r) is its Taylor series to the power
 * 13, of which the rest is below 5e-18. Vector types instead of a loop that the compiler may or may
 * not vectorise: then every place of an array is treated alike.
 */
#include "vexp.h"

#include <math.h>
#include <string.h>

typedef double pair __attribute__((vector_size(16)));
typedef long long bits __attribute__((vector_size(16)));
typedef unsigned long long counts __attribute__((vector_size(16)));

static pair both(double x)
{
    return (pair){x, x};
}

static pair choose(bits where, pair yes, pair no)
{
    return (pair)((where & (bits)yes) | (~where & (bits)no));
}

static pair exp_pair(pair x)
{
    static const double TAYLOR[] = {
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
    static const double LOWEST = -708.39641853226408, HIGHEST = 709.78271289338397;
    const pair magic = both(0x1.8p52); /* adding it rounds to an integer, in the low bits */
    pair t = choose(x < both(LOWEST), both(LOWEST), x);
    t = choose(t > both(HIGHEST), both(HIGHEST), t);
    pair shifted = t * both(1.4426950408889634) + magic, n = shifted - magic;
    pair r = t - n * both(0x1.62e42fee00000p-1);
    r = r - n * both(0x1.a39ef35793c76p-33);
    pair p = both(TAYLOR[0]);
    for (size_t i = 1; i < sizeof TAYLOR / sizeof *TAYLOR; i++) p = p * r + both(TAYLOR[i]);
    p = p * r * r + r + both(1);
    /* 2^n in two factors: n reaches from -1022 to 1024 */
    bits whole = (bits)shifted - (bits)magic;
    const bits bias = {1023, 1023}, up = {2048, 2048};
    bits half = (bits)((counts)(whole + up) >> 1) - (up >> 1);
    pair result = p * (pair)((half + bias) << 52) * (pair)((whole - half + bias) << 52);
    result = choose(x < both(LOWEST), both(0), result);
    result = choose(x > both(HIGHEST), both((double)INFINITY), result);
    return choose(x == x, result, x);
}

void bram_vexp(double *x, size_t n)
{
    pair v;
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        memcpy(&v, x + i, sizeof v);
        v = exp_pair(v);
        memcpy(x + i, &v, sizeof v);
    }
    if (i < n) x[i] = exp_pair(both(x[i]))[0];
}
