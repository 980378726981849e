/*
 * section_methods.c - how it was done, as the methods of a paper would say it: all of it made from
 * the definitions, the options and the registries, so that text and code cannot disagree.
 */
#include "bibtex.h"
#include "repeat.h"
#include "report_parts.h"

#include <bramble/loader.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 400 };

/* ---- a benchmark in prose ------------------------------------------------------------------- */

/* "60" of "0.6" */
static double percent(const char *options, const char *name)
{
    char value[VALUE];
    return bram_option_of(options, name, value, sizeof value) ? 100 * strtod(value, NULL) : 0;
}

/* "1, 2 and 4" of "1+2+4" */
static void list_in_words(char *out, size_t bytes, const char *list)
{
    size_t used = 0;
    for (const char *at = list; *at && used + 8 < bytes;) {
        size_t length = strcspn(at, "+");
        bool last = !at[length], first = at == list;
        const char *before = first ? "" : last ? " and " : ", ";
        int n = snprintf(out + used, bytes - used, "%s%.*s", before, (int)length, at);
        if (n < 0 || (size_t)n >= bytes - used) return;
        used += (size_t)n;
        at += length + !last;
    }
}

static void say_split(bram_report *r, const char *options)
{
    char variant[VALUE] = "", gap[VALUE] = "0";
    bram_option_of(options, "variant", variant, sizeof variant);
    bram_option_of(options, "gap", gap, sizeof gap);
    if (strcmp(variant, "across") == 0)
        bram_report_say(
            r,
            "Split: each recording in turn is left out, and the models learn from the others. "
            "Units "
            "are matched by name, and only those with a certain name in the left-out recording and "
            "in another take part; what a recording lacks is masked, never zero. Every recording "
            "is put on a common scale by mean and standard deviation of its own first %g\u00a0%% "
            "of "
            "rows, which are never scored. Options are chosen on the last %.3g\u00a0%% of the rows "
            "of "
            "the others, %s rows behind those that are learned from.",
            percent(options, "calibration"),
            100 * percent(options, "validation") /
                (percent(options, "train") + percent(options, "validation")),
            gap);
    else
        bram_report_say(
            r,
            "Split: each recording is cut in time. The first %g\u00a0%% of its rows are learned "
            "from, "
            "the next %g\u00a0%% choose options, and the rest is scored; %s rows at each cut are "
            "no "
            "targets, for any model. The past that a model looks at may reach back across such a "
            "gap; targets may not. All recorded units are targets, named or not; scores of the "
            "named ones stand beside.",
            percent(options, "train"), percent(options, "validation"), gap);
}

static void say_forecast(bram_report *r, const char *options)
{
    char horizons[VALUE] = "", words[VALUE] = "", stride[VALUE] = "1", filter[VALUE] = "";
    bram_option_of(options, "horizons", horizons, sizeof horizons);
    bram_option_of(options, "stride", stride, sizeof stride);
    bram_option_of(options, "filter", filter, sizeof filter);
    list_in_words(words, sizeof words, horizons);
    say_split(r, options);
    bram_report_say(r,
                    "Questions: one step, where every scored row is predicted from the true rows "
                    "before it; and free runs, where a model goes on from its own outputs%s%s%s, "
                    "from the same starts (every %s row%s) for all horizons and models. %s",
                    *words ? " and is scored " : "", words, *words ? " steps later" : "", stride,
                    strcmp(stride, "1") ? "s" : "",
                    strcmp(filter, "causal") == 0
                        ? "Recordings smoothed with a filter that looks ahead are refused."
                        : "Recordings smoothed with a filter that looks ahead are allowed, so that "
                          "part of the future may show in the past.");
}

static void say_intervals(bram_report *r, const bram_board *b, const char *options)
{
    char samples[VALUE] = "";
    bool drawn = bram_option_of(options, "samples", samples, sizeof samples);
    if (!*b->resampled) return;
    bram_report_say(
        r,
        "Intervals: bootstrap intervals at the level of %g\u00a0%%%s%s, corrected for the bias of "
        "the draws and, by Student's t, for the number of blocks, from resampling %s "
        "(in the first cell that was scored; each part has its own). A draw depends on "
        "benchmark, part and number alone, never on the model, so that differences "
        "between models are paired.",
        100 * b->level, drawn ? ", of as many draws as this: " : "", samples, b->resampled);
}

static const bram_param *find_param(const bram_task *task, const char *name)
{
    for (const bram_param *p = task ? task->params : NULL; p && p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    return NULL;
}

/* The options of a benchmark with what they mean. */
static int table_of_options(bram_ctx *cx, bram_report *r, const bram_board *b, const char *options)
{
    static const bram_table_column columns[] = {
        {"option", "option", BRAM_CELL_TEXT},
        {"value", "value", BRAM_CELL_TEXT, .wrap = true},
        {"meaning", "meaning", BRAM_CELL_TEXT, .wrap = true}};
    const bram_task *task = bram_task_find(bram_plan_text(r, b->benchmark, "task"));
    bram_table *t = NULL;
    if (!*options) return BRAM_OK;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 3));
    for (const char *at = options; *at;) {
        size_t length = strcspn(at, ","), name = strcspn(at, "=,");
        char key[64], value[VALUE];
        snprintf(key, sizeof key, "%.*s", (int)(name < 63 ? name : 63), at);
        snprintf(value, sizeof value, "%.*s", (int)(length > name ? length - name - 1 : 0),
                 at + name + (length > name));
        const bram_param *p = find_param(task, key);
        bram_table_row(t);
        bram_table_text(t, 0, key);
        bram_table_text(t, 1, *value ? value : "not set");
        bram_table_text(t, 2, p && p->help ? p->help : "");
        at += length + (at[length] == ',');
    }
    char caption[256];
    snprintf(caption, sizeof caption, "All options of %s.", b->benchmark);
    return bram_report_table(cx, r, t, caption, 0);
}

static int describe_benchmark(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    const char *options = bram_plan_text(r, b->benchmark, "options");
    const char *task_name = bram_plan_text(r, b->benchmark, "task");
    const bram_task *task = bram_task_find(task_name);
    bram_page_heading(&r->page, 3, b->title);
    bram_report_say(r, "Task %s%s%s.", task_name, task ? ": " : "", task ? task->summary : "");
    if (strcmp(task_name, "forecast") == 0) say_forecast(r, options);
    say_intervals(r, b, options);
    bram_page_fold(&r->page, "All options");
    BRAM_TRY(table_of_options(cx, r, b, options));
    bram_page_fold_end(&r->page);
    return BRAM_OK;
}

/* ---- metrics and models --------------------------------------------------------------------- */

/* The metric of a spec such as "median r2:x=y", or NULL. */
static const bram_metric *metric_of(const char *spec)
{
    char name[64];
    if (strncmp(spec, "median ", 7) == 0) spec += 7;
    else if (strncmp(spec, "mean ", 5) == 0) spec += 5;
    size_t length = bram_spec_name_length(spec);
    if (!length || length >= sizeof name) return NULL;
    memcpy(name, spec, length);
    name[length] = 0;
    return bram_metric_find(name);
}

/* Calls `take` for each metric of any benchmark, once. */
static void each_metric(const bram_report *r, void (*take)(void *user, const char *spec),
                        void *user)
{
    for (size_t i = 0; i < r->boards; i++) {
        const bram_dataset *plan = bram_results_plan(r->results, r->board[i]->benchmark);
        const bram_axis *metrics = bram_dataset_table(plan, "metrics");
        for (size_t k = 0; metrics && k < bram_axis_length(metrics); k++) {
            const char *spec = bram_axis_id(metrics, k);
            bool seen = false;
            for (size_t j = 0; j < i && !seen; j++) {
                plan = bram_results_plan(r->results, r->board[j]->benchmark);
                const bram_axis *before = bram_dataset_table(plan, "metrics");
                seen = before && bram_axis_find(before, spec) >= 0;
            }
            if (!seen) take(user, spec);
        }
    }
}

static void metric_row(void *user, const char *spec)
{
    bram_table *t = user;
    const bram_metric *m = metric_of(spec);
    bram_table_row(t);
    bram_table_text(t, 0, spec);
    if (!m) return;
    bram_table_text(t, 1, m->summary);
    bram_table_text(t, 2, m->flags & BRAM_METRIC_HIGHER_BETTER ? "higher" : "lower");
    if (m->chance_of) bram_table_text(t, 3, "by the data");
    else if (m->chance == m->chance) bram_table_textf(t, 3, "%g", m->chance);
    bram_table_text(t, 4, m->source);
}

static int table_of_metrics(bram_ctx *cx, bram_report *r)
{
    static const bram_table_column columns[] = {
        {"metric", "metric", BRAM_CELL_TEXT, .wrap = true},
        {"summary", "what it is", BRAM_CELL_TEXT, .wrap = true},
        {"better", "better", BRAM_CELL_TEXT},
        {"chance", "chance", BRAM_CELL_TEXT, .align = BRAM_ALIGN_RIGHT},
        {"source", "source", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 5));
    each_metric(r, metric_row, t);
    return bram_report_table(cx, r, t,
                             "Metrics. Values of units are averaged, or their median is taken "
                             "where the name says so; undefined ones are counted and left out.",
                             0);
}

static const bram_model *model_of(const char *spec)
{
    char name[64];
    size_t length = bram_spec_name_length(spec);
    if (!length || length >= sizeof name) return NULL;
    memcpy(name, spec, length);
    name[length] = 0;
    return bram_model_find(name);
}

/* What a task says of one that competes in place of a model; "" where none does. */
static const char *summary_of_contestant(const bram_report *r, const char *name)
{
    for (size_t i = 0; i < r->boards; i++) {
        const bram_task *task = bram_task_find(bram_plan_text(r, r->board[i]->benchmark, "task"));
        for (const bram_contestant *c = task ? task->contestants : NULL; c && c->name; c++)
            if (strcmp(c->name, name) == 0) return c->summary;
    }
    return "";
}

static int table_of_models(bram_ctx *cx, bram_report *r)
{
    static const bram_table_column columns[] = {
        {"number", "#", BRAM_CELL_INTEGER},
        {"name", "name", BRAM_CELL_TEXT, .wrap = true},
        {"summary", "what it is", BRAM_CELL_TEXT, .wrap = true},
        {"model", "full specification", BRAM_CELL_TEXT, .wrap = true},
        {"missing", "missing units", BRAM_CELL_TEXT, .wrap = true},
        {"source", "source", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 6));
    for (size_t i = 0; i < r->models; i++) {
        const bram_model *m = model_of(r->model[i].spec);
        bram_table_row(t);
        bram_table_integer(t, 0, (int64_t)i + 1);
        bram_table_text(t, 1, r->model[i].name);
        bram_table_text(t, 3, r->model[i].spec);
        bram_table_text(t, 2, m ? m->summary : summary_of_contestant(r, r->model[i].spec));
        if (!m) continue;
        bram_table_text(t, 4, m->missing ? m->missing : "");
        bram_table_text(t, 5, m->source ? m->source : "");
    }
    return bram_report_table(cx, r, t,
                             "Models. The name has the options that are not defaults; the full "
                             "specification has all.",
                             0);
}

/* ---- what to cite --------------------------------------------------------------------------- */

/* Texts, each once, in the order of coming. */
struct citations {
    bram_ctx *cx;
    char **text;
    size_t count, room;
    bool failed;
    bram_buffer *bibtex; /* NULL: not wanted */
};

static void cite(struct citations *c, const char *before, const char *text)
{
    if (!text || !*text || c->failed || strcmp(text, "textbook") == 0 ||
        strcmp(text, "the dataset") == 0 || strcmp(text, "the pictures") == 0)
        return;
    if (c->bibtex) bram_bibtex_put(c->bibtex, text);
    char *line = bram_strf(c->cx, "%s%s%s", before, *before ? ": " : "", text);
    bool seen = !line;
    for (size_t i = 0; i < c->count && !seen; i++) seen = strcmp(c->text[i], line) == 0;
    if (line && !seen && c->count < c->room) {
        c->text[c->count++] = line;
        return;
    }
    if (!line) c->failed = true;
    bram_free(line);
}

static void cite_metric(void *user, const char *spec)
{
    const bram_metric *m = metric_of(spec);
    char before[96];
    if (!m) return;
    snprintf(before, sizeof before, "Metric %s", m->name);
    cite(user, before, m->source);
}

static void cite_all(struct citations *c, const bram_report *r)
{
    for (size_t i = 0; i < r->boards; i++) {
        const char *name = r->board[i]->benchmark;
        const bram_loader *loader = bram_loader_find(bram_plan_text(r, name, "dataset"));
        char text[1024];
        bool known = loader && loader->citation, doi = known && loader->doi && *loader->doi;
        if (known)
            snprintf(text, sizeof text, "%s%s%s", loader->citation, doi ? ", doi " : "",
                     doi ? loader->doi : "");
        if (known) cite(c, "Data", text); /* first: of one paper the entry with the DOI stays */
        cite(c, "Benchmark", bram_plan_text(r, name, "citation"));
    }
    for (size_t i = 0; i < r->models; i++) {
        const bram_model *m = model_of(r->model[i].spec);
        char before[96];
        if (!m || (m->flags & BRAM_MODEL_TRIVIAL)) continue;
        snprintf(before, sizeof before, "Model %s", m->name);
        cite(c, before, m->source);
    }
    each_metric(r, cite_metric, c);
    cite(c, "Intervals", "Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3");
    for (size_t i = 0; i < r->boards; i++)
        if (strstr(r->board[i]->resampled, "blocks"))
            cite(c, "Block lengths",
                 "Politis & White 2004, with the correction of Patton, Politis "
                 "& White 2009");
}

static int list_citations(bram_ctx *cx, bram_report *r)
{
    struct citations c = {
        .cx = cx, .room = 3 * r->boards + r->models + 64, .bibtex = r->settings->bibtex};
    if (c.bibtex) bram_bibtex_put_program(c.bibtex);
    c.text = bram_alloc(cx, c.room, sizeof *c.text);
    if (!c.text) return BRAM_ENOMEM;
    cite_all(&c, r);
    if (!c.failed && c.count) {
        bram_page_heading(&r->page, 3, "What to cite");
        bram_page_list(&r->page, (const char *const *)c.text, c.count);
    }
    for (size_t i = 0; i < c.count; i++) bram_free(c.text[i]);
    bram_free(c.text);
    if (c.failed) return BRAM_ENOMEM;
    return c.bibtex ? bram_buffer_status(cx, c.bibtex) : BRAM_OK;
}

/* ---- how to repeat it ----------------------------------------------------------------------- */

static int write_commands(bram_ctx *cx, bram_report *r)
{
    bram_buffer text = {0};
    bool own = false;
    int status = BRAM_OK;
    for (size_t i = 0; i < r->boards && status == BRAM_OK; i++) {
        bram_repeat repeat;
        const char *dataset = bram_plan_text(r, r->board[i]->benchmark, "dataset");
        status = bram_repeat_begin(cx, &repeat, r->board[i], dataset);
        if (status != BRAM_OK) break;
        own |= repeat.own;
        bram_repeat_put(&text, &repeat, NULL);
        bram_buffer_put(&text, "\n");
    }
    bram_buffer_put(&text, "bramble leaderboard results\n"
                           "bramble report results --data DIR --output report.html\n");
    if (status == BRAM_OK) status = bram_buffer_status(cx, &text);
    if (status == BRAM_OK) {
        bram_page_heading(&r->page, 3, "How to repeat it");
        bram_report_say(r,
                        "With the datasets of the hashes below in the folder DIR (made ones need "
                        "no folder)%s:",
                        own ? ", and the definitions that do not come with the program as files"
                            : "");
        bram_page_code(&r->page, bram_buffer_text(&text));
    }
    bram_buffer_release(&text);
    return status;
}

/* ---- the section ---------------------------------------------------------------------------- */

int bram_section_methods(bram_ctx *cx, bram_report *r)
{
    bram_page_heading(&r->page, 2, "Methods");
    bram_report_say(r, "A model's value is the mean over the parts it was scored on, and over "
                       "seeds. Its interval is that of the same mean over the bootstrap draws: it "
                       "says how sure the value is for these recordings, not for other animals. "
                       "Two models are compared on the parts that both were scored on, draw by "
                       "draw. The rank of a model is one more than the number of models whose "
                       "paired difference to it is better with an interval that excludes zero, so "
                       "that models which cannot be told apart share a rank.");
    for (size_t i = 0; i < r->boards; i++) BRAM_TRY(describe_benchmark(cx, r, r->board[i]));
    bram_page_heading(&r->page, 3, "Metrics and models");
    BRAM_TRY(table_of_metrics(cx, r));
    BRAM_TRY(table_of_models(cx, r));
    BRAM_TRY(write_commands(cx, r));
    return list_citations(cx, r);
}
