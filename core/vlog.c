/*
 * vlog.c - logarithms of arrays; see vlog.h.
 *
 * x = 2^e m with m between the roots of 1/2 and 2; log m = 2 artanh s, s = (m - 1) / (m + 1), by
 * its Taylor series: |s| < 0.1716, so that the rest after s^21 is below 1e-17. Eight
 * values at a time, each by the same operations.
 */
#include "vlog.h"

#include "wide.h"

BRAM_INLINE void log_eight(double *at)
{
    bram_wide x, y;
    BRAM_WIDE_LOAD(x, at);
    bram_wide_bits whole = (bram_wide_bits)x, exponent = whole >> 52;
    bram_wide m = (bram_wide)((whole & 0xfffffffffffff) | 0x3ff0000000000000); /* 1 <= m < 2 */
    bram_wide_bits large = m > 0x1.6a09e667f3bcdp+0;                           /* the root of 2 */
    m = (bram_wide)(((bram_wide_bits)m & ~large) | ((bram_wide_bits)(m * 0.5) & large));
    exponent -= large; /* a mask is -1 */
    /* a small integer in the low bits of 2^52 is a double above it */
    bram_wide e = (bram_wide)(exponent | 0x4330000000000000) - (0x1p52 + 1023);
    bram_wide s = (m - 1) / (m + 1), z = s * s, p = z * (1.0 / 21) + 1.0 / 19;
    for (int k = 17; k >= 3; k -= 2) p = p * z + 1.0 / k;
    y = e * 0x1.62e42fefa39efp-1 + (2 * s + 2 * s * z * p);
    BRAM_WIDE_STORE(at, y);
}

BRAM_WIDE void bram_vlog(double *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) log_eight(x + i);
    if (i == n) return;
    double rest[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (size_t j = i; j < n; j++) rest[j - i] = x[j];
    log_eight(rest);
    for (size_t j = i; j < n; j++) x[j] = rest[j - i];
}
