/*
 * traces_published.h - which traces the published homogenized collection dropped before it looked
 * at labels (Simeon et al. 2024, arXiv 2411.12091): to reproduce published figures.
 */
#ifndef BRAMBLE_LOADERS_TRACES_PUBLISHED_H
#define BRAMBLE_LOADERS_TRACES_PUBLISHED_H

#include "homogenize.h"

/**
 * Of every source, traces without any value. Of Leifer also, of T samples in the original times,
 *   - traces with more than floor(0.05 T) samples missing in a row;
 *   - traces that are a straight line over more than a thousandth of the windows of 50 samples that
 *     begin at 0, 25, 50 ... below T - 50: all differences of neighbours are one number once they
 *     are rounded to 3 decimals, half to even. A slow trace of small unit is such a line, too.
 *
 * The pipeline looked for lines after it had filled in what was missing (by chained regressions
 * from other traces). We fill in nothing: a window that lacks a sample is no line. The two differ
 * where filled-in values lie on a line with their neighbours to 3 decimals.
 *
 * @param dropped  s->cols: why a trace is dropped (never freed), NULL for those that stay
 * @param leifer   whether its two filters are used
 * Cost: O(rows x cols)
 */
void bram_traces_published(const char **dropped, const bram_signals *s, bool leifer);

#endif
