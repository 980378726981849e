/*
 * rng.c - counter-based random numbers: Philox 4x32-10 of Random123 (include/bramble/rng.h). The
 * only file that touches Random123.
 *
 * The key is the seed. The counter of 128 bits is the stream (low half) and the number of the block
 * (high half); a block gives two 64-bit words, so word `index` is half index % 2 of block index
 * / 2.
 *
 * A stream is the 64-bit FNV-1a hash of its name (Fowler, Noll and Vo; offset basis
 * 0xcbf29ce484222325, prime 0x100000001b3). Sample k of it is mix(hash + (k + 1) * golden), with
 * the finalizer of SplitMix64 (Steele, Lea and Flood 2014): a bijection, so the samples of one
 * stream are all different streams.
 */
#include <bramble/rng.h>

#include <Random123/philox.h>
#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 wide;

#define TWO_PI 6.283185307179586
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static uint64_t fnv1a(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

bram_rng bram_rng_new(uint64_t seed, const char *stream)
{
    return (bram_rng){seed, fnv1a(stream), 0};
}

bram_rng bram_rng_at(uint64_t seed, const char *stream, uint64_t sample)
{
    return (bram_rng){seed, mix(fnv1a(stream) + (sample + 1) * GOLDEN), 0};
}

static philox4x32_ctr_t block_of(const bram_rng *g, uint64_t block)
{
    philox4x32_ctr_t counter = {{(uint32_t)g->stream, (uint32_t)(g->stream >> 32), (uint32_t)block,
                                 (uint32_t)(block >> 32)}};
    philox4x32_key_t key = {{(uint32_t)g->seed, (uint32_t)(g->seed >> 32)}};
    return philox4x32_R(10, counter, key);
}

static uint64_t word_of(const philox4x32_ctr_t *block, size_t half)
{
    return (uint64_t)block->v[2 * half] | (uint64_t)block->v[2 * half + 1] << 32;
}

uint64_t bram_rng_u64(bram_rng *g)
{
    philox4x32_ctr_t block = block_of(g, g->index / 2);
    return word_of(&block, g->index++ % 2);
}

void bram_rng_words(bram_rng *g, uint64_t *out, size_t n)
{
    size_t i = 0;
    if (n && g->index % 2) out[i++] = bram_rng_u64(g);
    for (; i + 1 < n; i += 2, g->index += 2) {
        philox4x32_ctr_t block = block_of(g, g->index / 2);
        out[i] = word_of(&block, 0), out[i + 1] = word_of(&block, 1);
    }
    if (i < n) out[i] = bram_rng_u64(g);
}

double bram_rng_uniform(bram_rng *g)
{
    return (double)(bram_rng_u64(g) >> 11) * 0x1p-53;
}

double bram_rng_normal(bram_rng *g)
{
    double radius = sqrt(-2 * log(1 - bram_rng_uniform(g))); /* the argument of log is in (0, 1] */
    return radius * cos(TWO_PI * bram_rng_uniform(g));
}

uint64_t bram_rng_below(bram_rng *g, uint64_t n)
{
    assert(n > 0);
    wide product = (wide)bram_rng_u64(g) * n;
    if ((uint64_t)product < n) {
        /* 2^64 mod n: that many low products are drawn once too often */
        uint64_t unfair = (0 - n) % n;
        while ((uint64_t)product < unfair) product = (wide)bram_rng_u64(g) * n;
    }
    return (uint64_t)(product >> 64);
}

/* Sums the probabilities upward until they pass a uniform number. */
static uint64_t poisson_by_inversion(bram_rng *g, double mean)
{
    double rest = bram_rng_uniform(g), p = exp(-mean);
    uint64_t k = 0;
    while (rest >= p && k < 400) { /* p(400) of mean 30 is below 1e-280 */
        rest -= p;
        k++;
        p *= mean / (double)k;
    }
    return k;
}

/* log(k!), absolute error below 1e-11. libm's lgamma writes a global variable. */
static double log_factorial(double k)
{
    double sum = 0;
    if (k < 10) {
        for (int i = 2; i <= (int)k; i++) sum += log(i);
        return sum;
    }
    double r = 1 / k, r2 = r * r; /* Stirling's series */
    return k * log(k) - k + 0.5 * log(TWO_PI * k) +
           r * (1. / 12 - r2 * (1. / 360 - r2 * (1. / 1260 - r2 / 1680)));
}

/* Transformed rejection with squeeze; names as in algorithm PTRS of Hoermann 1993. */
static uint64_t poisson_by_rejection(bram_rng *g, double mu)
{
    double b = 0.931 + 2.53 * sqrt(mu), a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    double log_mu = log(mu);
    for (;;) {
        double u = bram_rng_uniform(g) - 0.5, v = bram_rng_uniform(g), us = 0.5 - fabs(u);
        double k = floor((2 * a / us + b) * u + mu + 0.43);
        if (us >= 0.07 && v <= v_r) return (uint64_t)k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        double left = log(v) + log(inverse_alpha) - log(a / (us * us) + b);
        if (left <= k * log_mu - mu - log_factorial(k)) return (uint64_t)k;
    }
}

uint64_t bram_rng_poisson(bram_rng *g, double mean)
{
    if (!(mean > 0)) return 0;
    if (mean > 1e15) mean = 1e15; /* beyond, neighbouring counts are no longer told apart */
    return mean < 30 ? poisson_by_inversion(g, mean) : poisson_by_rejection(g, mean);
}

void bram_rng_permutation(bram_rng *g, size_t n, size_t *index)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = (size_t)bram_rng_below(g, i + 1); /* the inside-out form: no initial fill */
        if (j < i) index[i] = index[j];
        index[j] = i;
    }
}
