/*
 * cmd_verify.c - `bramble verify FILE.tar [BENCHMARK]`: whether a submission is sound and answers
 * its benchmark, or whether a bundle is whole; read in a child process, and without running
 * anything of it.
 */
#include "data.h"
#include "output.h"
#include "release.h"
#include "sandboxed.h"
#include "submit.h"
#include "terminal.h"

#include <string.h>
#include <sys/stat.h>

/* The definition it names, or the one that was given. A submission cannot name a path. */
static int read_benchmark(bram_ctx *cx, bram_benchmark **out, const bram_cli_args *args,
                          const bram_submission *s)
{
    if (bram_cli_arguments(args) > 1)
        return bram_benchmark_read(cx, out, bram_cli_argument(args, 1));
    if (strpbrk(s->benchmark, "/.\\"))
        return bram_fail(cx, BRAM_EFORMAT, "\"%s\" is no name of a benchmark", s->benchmark);
    return bram_benchmark_read(cx, out, s->benchmark);
}

static int check(bram_ctx *cx, const bram_cli_args *args, const bram_submission *s)
{
    bram_benchmark *b = NULL;
    bram_dataset *ds = NULL;
    BRAM_TRY(read_benchmark(cx, &b, args, s));
    if (!b->public_sha256 && strcmp(s->benchmark, b->name) != 0) { /* that needs no data */
        int status = bram_fail(cx, BRAM_EFORMAT, "it answers %.200s, expected %s", s->benchmark,
                               b->name);
        bram_benchmark_free(b);
        return status;
    }
    int status = bram_data_open(cx, &ds, b->dataset, bram_cli_text(args, "data", NULL));
    if (status == BRAM_OK) status = bram_submission_check(cx, s, b, ds);
    bram_dataset_free(ds);
    bram_benchmark_free(b);
    return status;
}

static int put_json(bram_ctx *cx, bram_buffer *out, const char *path, const bram_submission *s,
                    const char *reason)
{
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "file", path);
    bram_json_out_flag(o, "accepted", !reason);
    bram_json_out_text(o, "reason", reason);
    bram_json_out_text(o, "sha256", s ? s->sha256 : NULL);
    bram_json_out_text(o, "benchmark", s ? s->benchmark : NULL);
    bram_json_out_text(o, "model", s ? s->model : NULL);
    bram_json_out_text(o, "name", s ? s->card->name : NULL);
    bram_json_out_text(o, "licence", s ? s->card->licence : NULL);
    bram_json_out_end(o);
    int status = bram_json_out_finish(cx, o, &text, false);
    if (status == BRAM_OK) bram_buffer_put(out, text);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}

static void put_text(bram_buffer *out, const char *path, const bram_submission *s,
                     const char *reason)
{
    if (reason) {
        bram_buffer_putf(out, "refused: %s\n", reason);
        return;
    }
    bram_buffer_putf(out, "accepted: %s\nmodel      %s, by", path, s->card->name);
    for (size_t i = 0; i < s->card->author_count; i++)
        bram_buffer_putf(out, "%s %s", i ? "," : "", s->card->authors[i]);
    bram_buffer_putf(out, " (%s)\nbenchmark  %s, version %lld\n", s->card->licence, s->benchmark,
                     (long long)s->benchmark_version);
    for (size_t i = 0; i < s->arrays; i++)
        bram_buffer_putf(out, "%s %s, %s\n",
                         i             ? "          "
                         : s->features ? "features  "
                                       : "parts     ",
                         s->array[i].name, bram_npy_summary(s->array[i].values));
    bram_buffer_putf(out, "data       %s, %.12s\nfile       SHA-256 %s\n", s->dataset,
                     s->dataset_hash, s->sha256);
    bram_buffer_putf(out, "score it   bramble run %s --model submission%s:path=%s --out results\n",
                     s->benchmark, s->features ? "" : "-predictions", path);
}

static int work(bram_ctx *cx, const bram_cli_args *args, const char *path, bram_buffer *out)
{
    bram_submission *s = NULL;
    int status = bram_submission_open(cx, &s, path);
    if (status == BRAM_OK) status = check(cx, args, s);
    bool refused = status == BRAM_EFORMAT;
    char *reason = refused ? bram_strdup(cx, bram_ctx_message(cx)) : NULL;
    if (refused && !reason) status = BRAM_ENOMEM;
    else if (refused) status = BRAM_OK;
    if (status == BRAM_OK && bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_JSON)
        status = put_json(cx, out, path, s, reason);
    else if (status == BRAM_OK) put_text(out, path, s, reason);
    bram_free(reason);
    bram_submission_free(s);
    return status == BRAM_OK && refused ? BRAM_CLI_NO : status;
}

/* ---- bundles -------------------------------------------------------------------------------- */

static int put_bundle_json(bram_ctx *cx, bram_buffer *out, const char *path,
                           const bram_release_found *f, const char *reason)
{
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "file", path);
    bram_json_out_flag(o, "accepted", !reason);
    bram_json_out_text(o, "reason", reason);
    bram_json_out_text(o, "sha256", reason ? NULL : f->sha256);
    bram_json_out_integer(o, "sources", (int64_t)f->sources);
    bram_json_out_integer(o, "files", (int64_t)f->files);
    bram_json_out_integer(o, "splits", (int64_t)f->splits);
    bram_json_out_end(o);
    int status = bram_json_out_finish(cx, o, &text, false);
    if (status == BRAM_OK) bram_buffer_put(out, text);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}

static int work_on_bundle(bram_ctx *cx, const bram_cli_args *args, const char *path,
                          bram_buffer *out)
{
    bram_release_found found = {.sources = 0};
    int status = bram_release_check(cx, &found, path);
    bool refused = status == BRAM_EFORMAT;
    char *reason = refused ? bram_strdup(cx, bram_ctx_message(cx)) : NULL;
    if (refused) status = reason ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_JSON)
        status = put_bundle_json(cx, out, path, &found, reason);
    else if (status == BRAM_OK && refused) bram_buffer_putf(out, "refused: %s\n", reason);
    else if (status == BRAM_OK)
        bram_buffer_putf(out,
                         "accepted: %s\n%zu dataset%s, splits of %zu benchmark%s, %zu files\n"
                         "SHA256SUMS  SHA-256 %s\n",
                         path, found.sources, found.sources == 1 ? "" : "s", found.splits,
                         found.splits == 1 ? "" : "s", found.files, found.sha256);
    bram_free(reason);
    return status == BRAM_OK && refused ? BRAM_CLI_NO : status;
}

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *path = bram_cli_argument(args, 0);
    if (!is_folder(path)) return bram_cli_in_sandbox(cx, args, path, work);
    if (bram_cli_arguments(args) > 1)
        return bram_fail(cx, BRAM_EUSAGE, "%s is a folder, a bundle: it answers no benchmark",
                         path);
    return bram_cli_in_sandbox(cx, args, path, work_on_bundle);
}

const bram_command bram_command_verify = {
    .name = "verify",
    .summary = "says whether a submission or a bundle is sound",
    .arguments = "FILE.tar [BENCHMARK|FILE.yaml] | DIR",
    .about =
        "Checks a file that bramble submit wrote, without running anything of it: names, hashes "
        "and card; arrays of finite numbers; the benchmark's version, options and data; every row "
        "and unit that is asked for, and none besides. Exit 1, with the reason, when it is "
        "refused.\n\n"
        "A folder is checked as what bramble bundle wrote: every file is listed with its sum and "
        "no other is there, datasets obey the schema and have the stated hash, licences allow to "
        "pass them on.",
    .options = (const bram_cli_option[]){{"data", 'd', "DIR",
                                          "Where the homogenized datasets are (default: "
                                          "$BRAMBLE_DATA)"},
                                         {NULL}},
    .examples = (const bram_cli_example[]){{"bramble verify mine.tar", "is it accepted?"},
                                           {"bramble verify mine.tar ./challenge.yaml -d private",
                                            "against a benchmark of one's own"},
                                           {"bramble verify worm-bundle", "a dataset that was "
                                                                          "received"},
                                           {NULL, NULL}},
    .least = 1,
    .most = 2,
    .run = run,
};
