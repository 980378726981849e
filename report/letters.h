/*
 * letters.h - which of several things differ, as letters: those that share one do not.
 *
 * Source: Piepho 2004, J Comput Graph Stat 13:456 (insert and absorb).
 */
#ifndef BRAMBLE_REPORT_LETTERS_H
#define BRAMBLE_REPORT_LETTERS_H

#include <bramble/context.h>

enum { BRAM_MOST_LETTERS = 26, BRAM_LETTERS_BYTES = BRAM_MOST_LETTERS + 1 };

/**
 * @param out     n texts such as "ab"; the first thing has an "a". All empty where 26 letters are
 *                not enough
 * @param differ  n (n - 1) / 2 pairs (0,1), (0,2) ... (1,2) ...: whether the two differ
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_letters(bram_ctx *cx, char (*out)[BRAM_LETTERS_BYTES], const bool *differ,
                 size_t n) BRAM_MUST_CHECK;

#endif
