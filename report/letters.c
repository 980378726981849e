/*
 * letters.c - compact letter display; see letters.h.
 */
#include "letters.h"

#include <string.h>

enum { MOST_GROUPS = 128 };

/* Groups of things of which no two differ. */
struct groups {
    size_t n, count;
    bool *member; /* MOST_GROUPS x n */
};

static bool *group(const struct groups *g, size_t k)
{
    return g->member + k * g->n;
}

static bool within(const bool *small, const bool *large, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (small[i] && !large[i]) return false;
    return true;
}

/* Drops groups that lie within another. */
static void absorb(struct groups *g)
{
    for (size_t k = 0; k < g->count;) {
        bool needless = false;
        for (size_t m = 0; m < g->count && !needless; m++)
            needless = m != k && within(group(g, k), group(g, m), g->n);
        if (needless) memmove(group(g, k), group(g, k + 1), (--g->count - k) * g->n * sizeof(bool));
        else k++;
    }
}

/* Every group with both becomes two, each without one of them. */
static bool split(struct groups *g, size_t i, size_t j)
{
    for (size_t k = 0, count = g->count; k < count; k++) {
        bool *old = group(g, k);
        if (!old[i] || !old[j]) continue;
        if (g->count == MOST_GROUPS) return false;
        bool *fresh = group(g, g->count++);
        memcpy(fresh, old, g->n * sizeof *fresh);
        fresh[i] = old[j] = false;
    }
    absorb(g);
    return true;
}

/* The letters go to groups by their first members. */
static void hand_out(char (*out)[BRAM_LETTERS_BYTES], const struct groups *g)
{
    bool done[MOST_GROUPS] = {false};
    char letter = 'a';
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < g->count; k++) {
            if (done[k] || !group(g, k)[i]) continue;
            done[k] = true;
            for (size_t m = i; m < g->n; m++)
                if (group(g, k)[m]) out[m][strlen(out[m])] = letter;
            letter++;
        }
}

int bram_letters(bram_ctx *cx, char (*out)[BRAM_LETTERS_BYTES], const bool *differ, size_t n)
{
    size_t mark = bram_scratch_mark(cx);
    struct groups g = {n, 1, bram_scratch(cx, n, (MOST_GROUPS + 1) * sizeof *g.member)};
    bool enough = true;
    if (n && !g.member) return BRAM_ENOMEM;
    if (n) memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < n; i++) g.member[i] = true;
    for (size_t i = 0; i < n && enough; i++)
        for (size_t j = i + 1; j < n && enough; j++, differ++)
            if (*differ) enough = split(&g, i, j);
    if (enough && g.count <= BRAM_MOST_LETTERS) hand_out(out, &g);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
