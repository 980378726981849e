/*
 * cmd_nlb.c - `bramble nlb SUBMISSION TARGET`: a submission to the Neural Latents Benchmark, scored
 * by the challenge's rules.
 */
#include "nlb.h"
#include "output.h"
#include "terminal.h"

static int print(bram_ctx *cx, const bram_cli_args *args, const bram_nlb_score *scores,
                 size_t count)
{
    static const bram_table_column columns[] = {
        {"dataset", "dataset", BRAM_CELL_TEXT},
        {"co_bps", "co-bps", BRAM_CELL_NUMBER, .digits = 4},
        {"vel_r2", "vel R2", BRAM_CELL_NUMBER, .digits = 4},
        {"psth_r2", "psth R2", BRAM_CELL_NUMBER, .digits = 4},
        {"tp_corr", "tp corr", BRAM_CELL_NUMBER, .digits = 4},
        {"fp_bps", "fp-bps", BRAM_CELL_NUMBER, .digits = 4}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < count; i++) {
        bram_table_row(t);
        bram_table_text(t, 0, scores[i].dataset);
        bram_table_number(t, 1, scores[i].co_bps);
        bram_table_number(t, 2, scores[i].vel_r2);
        bram_table_number(t, 3, scores[i].psth_r2);
        bram_table_number(t, 4, scores[i].tp_corr);
        bram_table_number(t, 5, scores[i].fp_bps);
        if (scores[i].zero_rates)
            bram_note(cx, "%s: %zu rates are 0 and count as 1e-9", scores[i].dataset,
                      scores[i].zero_rates);
    }
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_nlb_score *scores = NULL;
    size_t count;
    BRAM_TRY(bram_nlb_score_files(cx, &scores, &count, bram_cli_argument(args, 0),
                                  bram_cli_argument(args, 1)));
    int status = print(cx, args, scores, count);
    bram_free(scores);
    return status;
}

const bram_command bram_command_nlb = {
    .name = "nlb",
    .summary = "scores a submission to the Neural Latents Benchmark",
    .arguments = "SUBMISSION.h5 TARGET.h5",
    .about =
        "Scores every data set that both files have by the challenge's own rules: co-smoothing "
        "bits per spike (co-bps), velocity decoding (vel R2), match to PSTHs (psth R2), speed "
        "against produced intervals (tp corr, dmfc_rsg only), forward prediction (fp-bps). The "
        "files are those of nlb_tools: groups mc_maze, mc_maze_20 ..., rates as expected "
        "counts a bin.",
    .options = (const bram_cli_option[]){{NULL}},
    .examples = (const bram_cli_example[]){{"bramble nlb submission.h5 eval_data_val.h5",
                                            "before it is uploaded"},
                                           {"bramble nlb submission.h5 target.h5 --format json",
                                            "all digits, for a script"},
                                           {NULL, NULL}},
    .least = 2,
    .most = 2,
    .computes = true,
    .run = run,
};
