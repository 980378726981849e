/* verdict.c - see verdict.h. */
#include "verdict.h"

#include "leaderboard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_network(const bram_board_row *row)
{
    return (bram_board_model_flags(row->model) & BRAM_MODEL_FINISHES) != 0;
}

static bool is_model(const bram_board_row *row, const char *name)
{
    size_t n = strlen(name);
    return strncmp(row->model, name, n) == 0 && (row->model[n] == 0 || row->model[n] == ':');
}

static bool better(const bram_board *b, double x, double than)
{
    return b->higher_better ? x > than : x < than;
}

int bram_network_verdict_new(bram_ctx *cx, bram_network_verdict *out, const bram_board *b,
                             const char *model)
{
    double sign = b->higher_better ? 1 : -1;
    bram_network_verdict v = {.difference = NAN, .low = NAN, .high = NAN};
    for (size_t i = 0; i < b->rows; i++) {
        const bram_board_row *row = &b->row[i];
        if (isnan(row->value) || !is_model(row, model)) continue;
        if (!v.other || better(b, row->value, v.other->value)) v.other = row;
    }
    for (size_t i = 0; i < b->rows && v.other; i++) {
        const bram_board_row *row = &b->row[i];
        double d[3];
        if (isnan(row->value) || !is_network(row)) continue;
        v.networks++;
        BRAM_TRY(bram_board_difference(cx, b, row, v.other, d));
        double low = sign > 0 ? d[1] : -d[2], high = sign > 0 ? d[2] : -d[1];
        v.beat += low > 0, v.beaten += high < 0;
        if (v.best && !better(b, row->value, v.best->value)) continue;
        v.best = row, v.difference = sign * d[0], v.low = low, v.high = high;
    }
    *out = v;
    return BRAM_OK;
}

int bram_network_verdict_text(bram_ctx *cx, char *text, size_t bytes, const bram_board *b,
                              const char *model, int decimals)
{
    char difference[BRAM_INTERVAL_BYTES];
    bram_network_verdict v;
    BRAM_TRY(bram_network_verdict_new(cx, &v, b, model));
    if (bytes) text[0] = 0;
    if (!v.networks) return BRAM_OK;
    bram_interval_text(difference, v.difference, v.low, v.high, decimals);
    const char *said = isnan(v.low)             ? "too short to say"
                       : v.beat                 ? "yes"
                       : v.beaten == v.networks ? "no"
                                                : "not beyond doubt";
    snprintf(text, bytes, "does a network beat %s? %s: %zu of %zu; the best, %s, differs by %s.",
             v.other->name, said, v.beat, v.networks, v.best->name, difference);
    return BRAM_OK;
}
