/*
 * subsample_option.c - scores of random subsets of several sizes; see subsample_option.h.
 */
#include "subsample_option.h"

#include "output.h"
#include "subsample.h"

static const double LEVEL = 0.95;

bool bram_cli_subsamples(const bram_cli_args *args)
{
    return bram_cli_has(args, "subsample-units") || bram_cli_has(args, "subsample-conditions");
}

/* "10+30+100" as sizes, in scratch memory. */
static int read_sizes(bram_ctx *cx, size_t **out, size_t *count, const char *option,
                      const char *text)
{
    static const bram_param table[] = {
        {"sizes", BRAM_PARAM_INTEGERS, "", NULL, 1, 1e9, "sizes of subsets"}, {.name = NULL}};
    bram_options *o = NULL;
    BRAM_TRY(bram_options_new(cx, &o, table, NULL));
    int status = bram_options_set(cx, o, "sizes", text);
    if (status != BRAM_OK) bram_fail_prefix(cx, status, "--%s", option);
    size_t n = 0;
    const int64_t *list = status == BRAM_OK ? bram_option_integers(o, "sizes", &n) : NULL;
    size_t *sizes = list ? bram_scratch(cx, n, sizeof *sizes) : NULL;
    if (list && !sizes) status = BRAM_ENOMEM;
    for (size_t k = 0; status == BRAM_OK && k < n; k++) sizes[k] = (size_t)list[k];
    bram_options_free(o);
    if (status == BRAM_OK) *out = sizes, *count = n;
    return status;
}

static int print(bram_ctx *cx, const bram_cli_args *args, const char *spec,
                 const bram_subsample *how, const bram_subsample_point *point)
{
    static const bram_table_column columns[] = {{"metric", "metric", BRAM_CELL_TEXT},
                                                {"size", "size", BRAM_CELL_INTEGER},
                                                {"mean", "mean", BRAM_CELL_NUMBER, .digits = 4},
                                                {"low", "low", BRAM_CELL_NUMBER, .digits = 4},
                                                {"high", "high", BRAM_CELL_NUMBER, .digits = 4},
                                                {"defined", "defined", BRAM_CELL_INTEGER},
                                                {"repeats", "repeats", BRAM_CELL_INTEGER}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t k = 0; k < how->sizes; k++) {
        bram_table_row(t);
        bram_table_text(t, 0, spec);
        bram_table_integer(t, 1, (int64_t)point[k].size);
        bram_table_number(t, 2, point[k].mean);
        bram_table_number(t, 3, point[k].low);
        bram_table_number(t, 4, point[k].high);
        bram_table_integer(t, 5, (int64_t)point[k].defined);
        bram_table_integer(t, 6, (int64_t)how->repeats);
    }
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

int bram_cli_print_curve(bram_ctx *cx, const bram_cli_args *args, const char *spec,
                         const bram_side *model, const bram_side *brain)
{
    bool units = bram_cli_has(args, "subsample-units");
    const char *option = units ? "subsample-units" : "subsample-conditions";
    bram_subsample how = {.what = units ? BRAM_SUBSAMPLE_UNITS : BRAM_SUBSAMPLE_CONDITIONS,
                          .level = LEVEL};
    size_t *sizes;
    int64_t repeats, seed;
    if (units && bram_cli_has(args, "subsample-conditions"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--subsample-units and --subsample-conditions do not go together");
    BRAM_TRY(read_sizes(cx, &sizes, &how.sizes, option, bram_cli_text(args, option, "")));
    BRAM_TRY(bram_cli_integer(cx, args, "repeats", 1, 1000000, 100, &repeats));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &seed));
    how.size = sizes, how.repeats = (size_t)repeats, how.seed = (uint64_t)seed;
    bram_subsample_point *point = bram_scratch(cx, how.sizes, sizeof *point);
    if (!point) return BRAM_ENOMEM;
    BRAM_TRY(bram_subsample_curve(cx, point, spec, model, brain, &how));
    return print(cx, args, spec, &how, point);
}
