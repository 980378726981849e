/*
 * fit_search.c - see fit_search.h. A row of the table is written when its trial is done, so a
 * search that is stopped loses the trial in hand. Only validation rows judge; trial 0 is the spec
 * as it was given, so that a search is never worse than none there. Equal errors: the earlier
 * trial.
 */
#include "fit_search.h"

#include "search.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char HEADER[] = "search,trial,error,spec\n";

/* One search on its way: what is best so far. */
struct search {
    const char *table, *spec;
    char key[17];
    uint64_t seed;
    const bram_panel *train, *validation;
    double least;
    char *best;
    size_t done;
};

static int consider(bram_ctx *cx, struct search *s, double error, const char *spec)
{
    s->done++;
    if (s->best && !(error < s->least)) return BRAM_OK;
    char *copy = bram_strf(cx, "%s", spec);
    if (!copy) return BRAM_ENOMEM;
    bram_free(s->best);
    s->best = copy, s->least = error;
    return BRAM_OK;
}

/* One row of the table: it must be what this search would draw. */
static int take_row(bram_ctx *cx, struct search *s, const char *line, size_t trials)
{
    char key[17], spec[1024], *drawn = NULL;
    size_t trial;
    double error;
    if (sscanf(line, "%16[0-9a-f],%zu,%lf,\"%1023[^\"]\"", key, &trial, &error, spec) != 4 ||
        trial != s->done)
        return bram_fail(cx, BRAM_EUSAGE, "%s: row %zu is no trial of a search: remove the file",
                         s->table, s->done + 1);
    if (trial >= trials) return BRAM_OK;
    BRAM_TRY(bram_search_spec(cx, &drawn, s->spec, s->seed, trial));
    bool same = strcmp(key, s->key) == 0 && strcmp(drawn, spec) == 0;
    bram_free(drawn);
    if (!same)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s is of another search (other data, seed or model): remove it, or "
                         "write to another file",
                         s->table);
    return consider(cx, s, error, spec);
}

static int read_table(bram_ctx *cx, struct search *s, size_t trials)
{
    char line[1200];
    FILE *file = fopen(s->table, "r");
    if (!file) return BRAM_OK;
    int status = BRAM_OK;
    if (!fgets(line, sizeof line, file) || strcmp(line, HEADER) != 0)
        status = bram_fail(cx, BRAM_EUSAGE, "%s is no table of a search", s->table);
    while (status == BRAM_OK && s->done < trials && fgets(line, sizeof line, file))
        status = strchr(line, '\n')
                     ? take_row(cx, s, line, trials)
                     : bram_fail(cx, BRAM_EUSAGE, "%s: its last row is cut short: remove it",
                                 s->table);
    fclose(file);
    return status;
}

/* One more row; the first comes after the header. */
static int write_row(bram_ctx *cx, const struct search *s, size_t trial, double error,
                     const char *spec)
{
    FILE *file = fopen(s->table, trial ? "a" : "w");
    bool good = file != NULL;
    if (good && !trial) good = fputs(HEADER, file) >= 0;
    if (good) good = fprintf(file, "%s,%zu,%.17g,\"%s\"\n", s->key, trial, error, spec) > 0;
    if (file && fclose(file)) good = false;
    return good ? BRAM_OK : bram_fail(cx, BRAM_EWRITE, "%s: %s", s->table, strerror(errno));
}

static int run_trial(bram_ctx *cx, struct search *s, size_t trial)
{
    char *spec = NULL;
    bram_fitted *model = NULL;
    double error = NAN;
    BRAM_TRY(bram_search_spec(cx, &spec, s->spec, s->seed, trial));
    int status = bram_fitted_new(cx, &model, spec, s->train, s->validation, s->seed);
    if (status == BRAM_OK && bram_ctx_finish(cx)) /* a fit cut short is no trial */
        status = bram_fail(cx, BRAM_ECANCEL, "the search was stopped; %s has its %zu trials",
                           s->table, s->done);
    if (status == BRAM_OK) status = bram_search_error(cx, &error, model, s->validation);
    bram_fitted_free(model);
    if (status == BRAM_ENUMERIC) status = BRAM_OK, error = INFINITY; /* it went astray */
    if (status == BRAM_OK) status = write_row(cx, s, trial, error, spec);
    if (status == BRAM_OK) status = consider(cx, s, error, spec);
    bram_free(spec);
    return status;
}

int bram_cli_search(bram_ctx *cx, char **best, const char *table, const char *spec, size_t trials,
                    uint64_t seed, const bram_panel *train, const bram_panel *validation)
{
    struct search s = {table, spec, "", seed, train, validation, INFINITY, NULL, 0};
    int status = bram_search_key(cx, s.key, seed, train, validation);
    if (status == BRAM_OK) status = read_table(cx, &s, trials);
    if (status == BRAM_OK && s.done) bram_note(cx, "%zu trials are in %s already", s.done, table);
    while (status == BRAM_OK && s.done < trials) status = run_trial(cx, &s, s.done);
    if (status == BRAM_OK)
        bram_note(cx, "best of %zu trials: %s, error %.4g of the variance", trials, s.best,
                  s.least);
    if (status == BRAM_OK) *best = s.best;
    else bram_free(s.best);
    return status;
}
