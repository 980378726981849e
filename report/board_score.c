/*
 * board_score.c - which score a board is made of: found by its id or by what is short for it, with
 * what the cells say of it.
 */
#include "board_parts.h"

#include <stdio.h>
#include <string.h>

const bram_axis *bram_board_score_axis(const bram_result *r)
{
    const bram_response *raw = r->data ? bram_dataset_response(r->data, "raw") : NULL;
    return raw && r->state == BRAM_STATE_SCORED ? bram_response_axis(raw, 0) : NULL;
}

const bram_axis *bram_board_scores(const bram_results *r, const char *benchmark)
{
    const bram_axis *most = NULL;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const bram_result *cell = bram_results_at(r, i);
        const bram_axis *ids = strcmp(cell->benchmark, benchmark) == 0 ? bram_board_score_axis(cell)
                                                                       : NULL;
        if (ids && (!most || bram_axis_length(ids) > bram_axis_length(most))) most = ids;
    }
    return most;
}

/* Whether "metric@label" or "metric" is short for an id "metric:key=value,...@label". */
static bool abbreviates(const char *score, const char *id)
{
    size_t name = strcspn(id, ":@");
    const char *label = id + name + strcspn(id + name, "@");
    if (strncmp(score, id, name) != 0) return false;
    return score[name] == 0 || strcmp(score + name, label) == 0;
}

/* The score of this id, or the only one it is short for; -1: none, or several. */
static ptrdiff_t score_at(const bram_axis *ids, const char *score)
{
    ptrdiff_t at = bram_axis_find(ids, score), matches = 0;
    for (size_t i = 0; at < 0 && i < bram_axis_length(ids); i++)
        matches += abbreviates(score, bram_axis_id(ids, i));
    for (size_t i = 0; at < 0 && matches == 1 && i < bram_axis_length(ids); i++)
        if (abbreviates(score, bram_axis_id(ids, i))) at = (ptrdiff_t)i;
    return at;
}

/* The scores of the first cell that has this one: some models have scores of their own (of their
 * layers), which the first of all cells lacks. */
static const bram_axis *scores_with(const bram_results *r, const char *benchmark, const char *score)
{
    const bram_axis *first = bram_board_scores(r, benchmark);
    if (!score || !first || score_at(first, score) >= 0) return first;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const bram_result *cell = bram_results_at(r, i);
        const bram_axis *ids = strcmp(cell->benchmark, benchmark) == 0 ? bram_board_score_axis(cell)
                                                                       : NULL;
        if (ids && bram_axis_find(ids, score) >= 0) return ids;
    }
    return first;
}

int bram_board_find_score(bram_ctx *cx, struct bram_board_whole *b, const bram_results *r,
                          const char *score)
{
    const bram_axis *ids = scores_with(r, b->board.benchmark, score);
    if (!ids || bram_axis_length(ids) == 0) {
        b->board.score = score ? score : "";
        return BRAM_OK; /* nothing is scored: a board of states only */
    }
    ptrdiff_t at = score ? score_at(ids, score) : 0;
    if (at < 0) {
        char known[400] = "";
        for (size_t i = 0; i < bram_axis_length(ids); i++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                     bram_axis_id(ids, i));
        }
        return bram_fail(cx, BRAM_EABSENT, "benchmark %s has no score \"%s\"; it has: %s",
                         b->board.benchmark, score, known);
    }
    b->board.score = bram_axis_id(ids, (size_t)at);
    const bram_column *better = bram_axis_column(ids, "higher_better");
    b->board.higher_better = better && better->integer && better->integer[at];
    const bram_column *biased = bram_axis_column(ids, "bias_corrected");
    b->biased = biased && biased->integer && biased->integer[at];
    const bram_column *distribution = bram_axis_column(ids, "distribution");
    b->distribution = distribution && distribution->integer && distribution->integer[at];
    const bram_column *summary = bram_axis_column(ids, "summary");
    const bram_column *resampled = bram_axis_column(ids, "resampled");
    if (summary && summary->text) b->board.summary = summary->text[at];
    if (resampled && resampled->text) b->board.resampled = resampled->text[at];
    const bram_column *rule = bram_axis_column(ids, "ceiling_rule");
    if (rule && rule->text) b->board.ceiling_rule = rule->text[at];
    for (size_t i = 0; i < bram_axis_columns(ids) && b->board.floors < BRAM_BOARD_FLOORS; i++) {
        const char *name = bram_axis_column_at(ids, i)->name;
        if (strncmp(name, "floor_", 6) == 0) b->board.floor_name[b->board.floors++] = name + 6;
    }
    return BRAM_OK;
}
