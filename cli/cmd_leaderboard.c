/*
 * cmd_leaderboard.c - `bramble leaderboard DIR`: the models of each benchmark, best first.
 */
#include "leaderboard.h"
#include "output.h"
#include "site.h"
#include "terminal.h"
#include "vary.h"

#include <string.h>

enum { MOST_BENCHMARKS = 1024 };

/* The scores that can be asked for, once below all tables. */
static int print_scores(bram_ctx *cx, const bram_cli_args *args, const bram_results *r,
                        const char *benchmark)
{
    static const bram_table_column columns[] = {{"benchmark", "benchmark", BRAM_CELL_TEXT},
                                                {"score", "score", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 2));
    const bram_axis *ids = bram_board_scores(r, benchmark);
    for (size_t i = 0; ids && i < bram_axis_length(ids); i++) {
        bram_table_row(t);
        bram_table_text(t, 0, benchmark);
        bram_table_text(t, 1, bram_axis_id(ids, i));
    }
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int make_table(bram_ctx *cx, bram_table **out, const bram_cli_args *args,
                      const bram_board *board)
{
    return bram_cli_has(args, "parts") ? bram_leaderboard_parts(cx, out, board)
                                       : bram_leaderboard_table(cx, out, board);
}

static int print_board(bram_ctx *cx, const bram_cli_args *args, const bram_results *r,
                       const char *benchmark)
{
    bram_board *board = NULL;
    bram_table *t = NULL;
    BRAM_TRY(bram_board_new(cx, &board, r, benchmark, bram_cli_text(args, "score", NULL)));
    int status = make_table(cx, &t, args, board);
    if (status == BRAM_OK) status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    bram_board_free(board);
    return status;
}

/* One JSON document or one CSV table for all benchmarks, so that a machine reads one thing. */
static int print_all_json(bram_ctx *cx, const bram_cli_args *args, const bram_results *r,
                          const char **benchmark, size_t count)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_array(o, "benchmarks");
    int status = BRAM_OK;
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        bram_board *board = NULL;
        bram_table *t = NULL;
        status = bram_board_new(cx, &board, r, benchmark[i], bram_cli_text(args, "score", NULL));
        if (status == BRAM_OK) status = make_table(cx, &t, args, board);
        if (status == BRAM_OK) {
            bram_json_out_object(o, NULL);
            bram_json_out_text(o, "benchmark", board->benchmark);
            bram_json_out_text(o, "title", board->title);
            bram_json_out_text(o, "score", board->score);
            bram_json_out_text(o, "summary", board->summary);
            bram_json_out_number(o, "interval_level", board->level);
            bram_json_out_text(o, "resampled", board->resampled);
            bram_table_put_json(o, bram_cli_has(args, "parts") ? "parts" : "models", t);
            bram_json_out_end(o);
        }
        bram_table_free(t);
        bram_board_free(board);
    }
    bram_json_out_end(o);
    bram_json_out_end(o);
    if (status == BRAM_OK) return bram_cli_print_json(cx, o);
    bram_json_out_free(o);
    return status;
}

static int print_all(bram_ctx *cx, const bram_cli_args *args, const bram_results *r)
{
    const char **benchmark = bram_scratch(cx, MOST_BENCHMARKS, sizeof *benchmark);
    if (!benchmark) return BRAM_ENOMEM;
    size_t count = bram_board_benchmarks(r, benchmark, MOST_BENCHMARKS);
    if (count > MOST_BENCHMARKS) count = MOST_BENCHMARKS;
    const char *only = bram_cli_text(args, "benchmark", NULL);
    if (only) {
        benchmark[0] = only;
        count = 1;
    }
    if (!bram_cli_has(args, "scores") && bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_JSON)
        return print_all_json(cx, args, r, benchmark, count);
    for (size_t i = 0; i < count; i++) {
        if (i) BRAM_TRY(bram_cli_print(cx, "\n", 1));
        BRAM_TRY(bram_cli_has(args, "scores") ? print_scores(cx, args, r, benchmark[i])
                                              : print_board(cx, args, r, benchmark[i]));
    }
    return BRAM_OK;
}

static int write_site(bram_ctx *cx, const bram_cli_args *args, const bram_results *r)
{
    const char *dir = bram_cli_text(args, "site", NULL);
    const bram_site_settings settings = {.title = bram_cli_text(args, "title", NULL),
                                         .submissions = bram_cli_text(args, "submissions", NULL),
                                         .replace = bram_cli_has(args, "force")};
    int status = bram_site_write(cx, r, dir, &settings);
    bram_cli_terminal_end();
    if (status == BRAM_OK) bram_note(cx, "wrote %s/index.html", dir);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_results *r = NULL;
    BRAM_TRY(bram_results_open(cx, &r, bram_cli_argument(args, 0)));
    int status = BRAM_OK;
    if (bram_cli_has(args, "site")) status = write_site(cx, args, r);
    else if (bram_cli_varies(args))
        status = bram_cli_print_variations(cx, args, r, bram_cli_text(args, "benchmark", NULL));
    else status = print_all(cx, args, r);
    bram_results_free(r);
    return status;
}

const bram_command bram_command_leaderboard = {
    .name = "leaderboard",
    .summary = "the models of each benchmark, best first, with intervals",
    .arguments = "DIR",
    .about =
        "Prints a table for each benchmark of a results folder: score with its interval, the "
        "trivial baselines on the same rows, rank (shared where paired differences cannot tell "
        "models apart) and how many parts are scored. Missing cells are never imputed.\n\n"
        "With --site it writes a folder of static pages: one for each benchmark, model and "
        "dataset, "
        "tables that can be searched and sorted, and every number as CSV and JSON.",
    .options =
        (const bram_cli_option[]){
            {"benchmark", 'b', "NAME", "Only this benchmark"},
            {"score", 's', "ID",
             "The score to sort by, such as 'mse@h8', or its metric where that is "
             "enough (default: the first)"},
            {"parts", 'p', NULL, "The values of each part by themselves, without intervals"},
            {"scores", 0, NULL, "Lists the scores that there are"},
            {"learning-curve", 0, "AXIS",
             "Scores by animals, minutes, stimuli or units, and the fitted power laws", NULL,
             "Variations"},
            {"multiverse", 0, NULL, "Ranks in every universe, Kendall's W, rank flips", NULL,
             "Variations"},
            {"identifiability", 0, NULL, "How often the model that made the data wins", NULL,
             "Variations"},
            {"site", 0, "DIR", "Writes static pages into a folder instead", NULL, "A site"},
            {"title", 't', "TEXT", "Its title", NULL, "A site"},
            {"submissions", 0, "DIR", "Files of bramble submit, whose cards it shows", NULL,
             "A site"},
            {"force", 'f', NULL, "Replaces a site that is there", NULL, "A site"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble leaderboard results", "every benchmark"},
            {"bramble leaderboard results --scores", "what --score may be"},
            {"bramble leaderboard results --parts", "which recordings a model does well on"},
            {"bramble leaderboard results -s 'mse@h8' --format json",
             "another score, for a program"},
            {"bramble leaderboard results --site public", "pages that need no server"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .run = run,
};
