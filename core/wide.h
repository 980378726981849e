/*
 * wide.h - eight doubles at a time, as one vector of the widest kind that the processor has: loops
 * of core that are bound by arithmetic are compiled for several kinds, of which the loader takes
 * one. Sums, products and comparisons are the same operations in all of them (nothing is
 * contracted), so the bits do not depend on the kind.
 */
#ifndef BRAMBLE_CORE_WIDE_H
#define BRAMBLE_CORE_WIDE_H

#include <string.h>

/* Not under the thread sanitizer: the loader chooses before the sanitizer can follow it. */
#if defined(__GNUC__) && defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&   \
    !defined(__SANITIZE_THREAD__)
#define BRAM_WIDE    __attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#define BRAM_AVX_512 1
#else
#define BRAM_WIDE
#define BRAM_AVX_512 0
#endif

#define BRAM_INLINE static inline __attribute__((always_inline))

typedef double bram_wide __attribute__((vector_size(64)));
typedef long long bram_wide_bits __attribute__((vector_size(64)));

/* Only within functions of one kind: as arguments such vectors would be passed in memory. */
#define BRAM_WIDE_LOAD(v, at)  memcpy(&(v), (at), sizeof(bram_wide))
#define BRAM_WIDE_STORE(at, v) memcpy((at), &(v), sizeof(bram_wide))

#endif
