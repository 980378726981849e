/*
 * traces_published.c - traces that the published collection dropped: see traces_published.h.
 *
 * The rules were read off the collection's code (qsimeon/worm-data-preprocess, base preprocessor
 * and the class of Leifer); the words here are our own.
 */
#include "traces_published.h"

#include <math.h>

enum { WINDOW = 50, STEP = WINDOW / 2 };

static size_t longest_gap(const bram_signals *s, size_t trace)
{
    size_t longest = 0, run = 0;
    for (size_t t = 0; t < s->rows; t++) {
        run = s->mask[t * s->cols + trace] ? 0 : run + 1;
        if (run > longest) longest = run;
    }
    return longest;
}

/* Whether the window that begins at `first` has all its samples, on a straight line. */
static bool is_line(const bram_signals *s, size_t trace, size_t first)
{
    double slope = 0;
    for (size_t t = first; t < first + WINDOW; t++) {
        size_t at = t * s->cols + trace;
        if (!s->mask[at]) return false;
        if (t == first) continue;
        double difference = rint((s->values[at] - s->values[at - s->cols]) * 1000);
        if (t == first + 1) slope = difference;
        else if (difference != slope) return false;
    }
    return true;
}

static bool has_lines(const bram_signals *s, size_t trace)
{
    size_t windows = 0, lines = 0;
    for (size_t first = 0; first + WINDOW < s->rows; first += STEP, windows++)
        lines += is_line(s, trace, first);
    return windows && (double)lines / (double)windows > 1e-3;
}

void bram_traces_published(const char **dropped, const bram_signals *s, bool leifer)
{
    size_t allowed = (size_t)((double)s->rows * 0.05);
    for (size_t i = 0; i < s->cols; i++) {
        size_t gap = longest_gap(s, i);
        dropped[i] = NULL;
        if (gap == s->rows) dropped[i] = "published rules: no value, dropped";
        else if (leifer && gap > allowed)
            dropped[i] = "published rules: dropped, more than 5 % missing in a row";
        else if (leifer && has_lines(s, i))
            dropped[i] = "published rules: dropped, a straight line over 50 samples";
    }
}
