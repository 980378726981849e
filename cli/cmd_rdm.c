/*
 * cmd_rdm.c - `bramble rdm FILE -o OUT`: responses to representational dissimilarity matrices.
 */
#include "output.h"
#include "rdm_figure.h"
#include "rdm_steps.h"
#include "rdm_write.h"

#include <stdio.h>

static int work(bram_ctx *cx, bram_rdm_job *job, const bram_cli_args *args, const char *out,
                bool json)
{
    const char *mean = bram_cli_text(args, "mean", NULL);
    const char *covariance = bram_cli_text(args, "condition-covariance", NULL);
    BRAM_TRY(bram_rdm_job_read(cx, job, args));
    BRAM_TRY(bram_rdm_job_run(cx, job));
    snprintf(job->unit, sizeof job->unit, "%s", bram_rdm_unit(job->options.kind));
    BRAM_TRY(bram_rdm_job_transform(cx, job, args));
    if (mean) BRAM_TRY(bram_rdm_job_mean(cx, job, mean));
    BRAM_TRY(bram_rdm_job_tell(cx, job));
    if (out)
        BRAM_TRY(bram_rdm_write(cx, job, out, bram_cli_has(args, "vector"),
                                bram_cli_has(args, "force")));
    if (covariance)
        BRAM_TRY(bram_rdm_write_covariance(cx, job, covariance, bram_cli_has(args, "force")));
    if (bram_cli_has(args, "figure")) BRAM_TRY(bram_rdm_draw(cx, job, args));
    return json ? bram_rdm_print_json(cx, job, out) : BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *out = bram_cli_text(args, "output", NULL);
    bool json = bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_JSON;
    BRAM_TRY(bram_rdm_check_figure(cx, args));
    if (bram_cli_has(args, "given")) return bram_rdm_draw_given(cx, args);
    if (bram_cli_arguments(args) > 1)
        return bram_fail(cx, BRAM_EUSAGE, "rdm takes one file of responses; several with --given");
    if (!out && !json && !bram_cli_has(args, "figure"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "rdm needs -o FILE.npy, FILE.csv or FILE.h5, --figure FILE.svg, or "
                         "--format json");
    BRAM_TRY(bram_rdm_check_output(cx, out, bram_cli_has(args, "vector")));
    bram_rdm_job job = {0};
    int status = work(cx, &job, args, out, json);
    bram_rdm_job_release(&job);
    return status;
}

const bram_command bram_command_rdm = {
    .name = "rdm",
    .summary = "responses to dissimilarity matrices of conditions",
    .arguments = "FILE... -o OUT",
    .about =
        "Reads responses, rows x channels (files as in 'bramble score'; NaN is missing), and "
        "writes "
        "the dissimilarities of conditions. Without --conditions every row is one. With them rows "
        "of a condition are averaged, or compared across folds (crossnobis, poisson_cv), and with "
        "--subjects there is an RDM for each subject.\n\n"
        "Labels are a column of the table, a variable of the file, a column of the rows of a "
        "homogenized file, or FILE[:NAME]. Conditions keep the order in which they first "
        "appear. Of a response of stimuli x neurons x repeats the stimuli are the conditions and "
        "the repeats the folds.\n\n"
        "Distances of the euclidean kind are squared and divided by the number of channels. Pairs "
        "that are undefined (a constant row has no correlation) are NaN, empty in .csv, masked in "
        ".h5, and told by a note.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "OUT", "The file to write: .npy, .csv or .h5 (homogenized)"},
            {"vector", 0, NULL, "The pairs (1,2), (1,3) ... instead of square matrices"},
            {"method", 0, "HOW",
             "The dissimilarity: correlation (default), euclidean, cosine, mahalanobis, "
             "crossnobis, poisson or poisson_cv"},
            {"ids", 0, "IDS", "Ids of the rows where each is a condition"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {"figure", 0, "OUT.svg|.pdf|.png", "Draws them", NULL, "Figure"},
            {"given", 0, NULL, "Files (several, too) hold square RDMs, to be drawn as they are",
             NULL, "Figure"},
            {"figure-kind", 0, "KIND",
             "Heat maps (default), a map or a tree of the conditions; the same of the matrices of "
             "several subjects",
             "heat|mds|dendrogram|mds-rdms|dendrogram-rdms", "Figure"},
            {"figure-scale", 0, "HOW",
             "Heat maps: one scale of values for all, or each by the ranks of its pairs",
             "value|rank", "Figure"},
            {"figure-scaling", 0, "HOW",
             "Maps: metric stress from the classical start (default), or classical scaling alone",
             "metric|classical", "Figure"},
            {"title", 0, "TEXT", "Of the figure", NULL, "Figure"},
            {"conditions", 0, "LABELS", "The condition of each row", NULL, "Design"},
            {"folds", 0, "LABELS",
             "The fold (run, session, repeat) of each row; without it the n-th "
             "row of a condition is in fold n",
             NULL, "Design"},
            {"subjects", 0, "LABELS", "The subject of each row", NULL, "Design"},
            {"channel-subjects", 0, "LABELS",
             "The subject of each channel: an RDM from the channels of each", NULL, "Design"},
            {"drop", 0, "COLUMN", "A column of the table that is no channel", NULL, "Design",
             .repeat = true},
            {"transform", 0, "HOW",
             "Transforms each RDM, one after the other: positive, sqrt, rank[:ties=...], minmax, "
             "geotopological[:l=0.2,u=0.8], geodesic",
             NULL, "Design", .repeat = true},
            {"mean", 0, "HOW",
             "One RDM, the mean over subjects; all but plain bring partial RDMs "
             "to one scale first",
             "plain|evidence|setsize|simple", "Design"},
            {"unbalanced", 0, NULL, "All pairs of rows count, instead of means", NULL, "Design"},
            {"weighting", 0, "HOW", "Unbalanced: a pair of rows counts by its channels, or as 1",
             "number|equal", "Design"},
            {"missing", 0, "HOW",
             "Pairs rest on the channels both have; unbalanced: or as "
             "rsatoolbox does it",
             "pairwise|kernel", "Design"},
            {"remove-mean", 0, NULL, "Takes each pattern's mean over channels from it", NULL,
             "Design"},
            {"prior-rate", 0, "RATE", "Poisson: the rate of the prior (default 1)", NULL, "Design"},
            {"prior-weight", 0, "W", "Poisson: its weight (default 0.1)", NULL, "Design"},
            {"noise", 0, "HOW",
             "The noise covariance, from --residuals or else from repeated rows "
             "(default shrinkage_diag)",
             "full|diag|shrinkage_eye|shrinkage_diag", "Noise"},
            {"residuals", 0, "FILE", "Residuals x channels to estimate the noise from", NULL,
             "Noise"},
            {"residual-folds", 0, "LABELS",
             "Their folds: crossnobis then whitens each pair of "
             "folds by its own noise",
             NULL, "Noise"},
            {"residual-subjects", 0, "LABELS", "Their subjects", NULL, "Noise"},
            {"dof", 0, "N",
             "Degrees of freedom of the residuals (default: rows - 1, or repeated "
             "rows - conditions)",
             NULL, "Noise"},
            {"shrinkage", 0, "FORM",
             "The weight of shrinkage_diag: Schaefer & Strimmer's, or that "
             "of rsatoolbox 0.3",
             "published|rsatoolbox", "Noise"},
            {"condition-covariance", 0, "FILE.npy",
             "Writes the covariance of conditions between folds (sigma_k), for whitened "
             "comparisons",
             NULL, "Noise"},
            {"precision", 0, "FILE", "The inverse covariance itself, channels x channels", NULL,
             "Noise"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble rdm it.h5:responses/it -o it.npy", "1 - r of patterns"},
            {"bramble rdm feat.csv --ids image --method euclidean -o d.csv",
             "with the names of the images"},
            {"bramble rdm b.csv --conditions stim --folds run --method crossnobis -o d.h5",
             "unbiased distances between runs; --residuals or --noise whitens them"},
            {"bramble rdm t.csv --conditions stim --subjects who --vector -o d.npy",
             "subjects x pairs"},
            {"bramble rdm feat.csv --ids image --figure map.svg --figure-kind mds",
             "the images on a map, near where they are alike"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .computes = true,
    .run = run,
};
