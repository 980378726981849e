/*
 * nearest.c - the known word nearest to an unknown one, by edit distance: Damerau 1964, Wagner and
 * Fischer 1974, in the form of optimal string alignment.
 */
#include "nearest.h"

#include <string.h>

enum { LONGEST = 63 };

static size_t length_of(const char *word)
{
    size_t n = strlen(word);
    return n < LONGEST ? n : LONGEST;
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows i - 2, i - 1 and i of the table of distances between the first i and the first j letters. */
static size_t distance(const char *a, const char *b, char (*as)(char))
{
    size_t rows[3][LONGEST + 1], n = length_of(a), m = length_of(b);
    size_t *two = rows[0], *one = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++) one[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            char x = as(a[i - 1]), y = as(b[j - 1]);
            now[j] = least(least(one[j], now[j - 1]) + 1, one[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == as(b[j - 2]) && as(a[i - 2]) == y)
                now[j] = least(now[j], two[j - 2] + 1);
        }
        size_t *oldest = two;
        two = one, one = now, now = oldest;
    }
    return one[m];
}

static char same(char c)
{
    return c;
}

size_t bram_edit_distance(const char *a, const char *b)
{
    return distance(a, b, same);
}

const char *bram_nearest(const char *word, const char *const *names, size_t count, size_t stride)
{
    const char *best = NULL;
    size_t best_distance = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        memcpy(&name, (const char *)names + i * stride, sizeof name);
        size_t longer = length_of(name) > length_of(word) ? length_of(name) : length_of(word);
        size_t d = distance(word, name, small);
        if (d <= (longer + 2) / 3 && (!best || d < best_distance)) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}
