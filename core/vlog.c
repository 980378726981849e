/*
 * vlog.c - logarithms of arrays; see vlog.h.
 *
 * x = 2^e m with m between the roots of 1/2 and 2; log m = 2 artanh s, s = (m - 1) / (m + 1), by
 * its Taylor series: |s| < 0.1716, so that the rest after s^21 is below 1e-17. Vector types as in
 * vexp.c.
 */
#include "vlog.h"

#include <string.h>

typedef double pair __attribute__((vector_size(16)));
typedef long long bits __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) pair both(double x)
{
    return (pair){x, x};
}

static inline __attribute__((always_inline)) pair log_pair(pair x)
{
    const bits fraction = {0xfffffffffffff, 0xfffffffffffff}, one = (bits)both(1);
    bits whole = (bits)x, exponent = whole >> 52;
    pair m = (pair)((whole & fraction) | one);
    bits large = m > both(0x1.6a09e667f3bcdp+0); /* the root of 2 */
    m = (pair)(((bits)m & ~large) | ((bits)(m * both(0.5)) & large));
    exponent -= large; /* a mask is -1 */
    /* a small integer in the low bits of 2^52 is a double above it */
    pair e = (pair)(exponent | (bits)both(0x1p52)) - both(0x1p52 + 1023);
    pair s = (m - both(1)) / (m + both(1)), z = s * s, p = both(1.0 / 21);
    for (int k = 19; k >= 3; k -= 2) p = p * z + both(1.0 / k);
    return e * both(0x1.62e42fefa39efp-1) + (both(2) * s + both(2) * s * z * p);
}

void bram_vlog(double *x, size_t n)
{
    pair v, w;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        memcpy(&v, x + i, sizeof v);
        memcpy(&w, x + i + 2, sizeof w);
        v = log_pair(v);
        w = log_pair(w);
        memcpy(x + i, &v, sizeof v);
        memcpy(x + i + 2, &w, sizeof w);
    }
    for (; i < n; i++) x[i] = log_pair(both(x[i]))[0];
}
