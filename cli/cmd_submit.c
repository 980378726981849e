/*
 * cmd_submit.c - `bramble submit BENCHMARK --model SPEC --card CARD.yaml -o FILE.tar`: a model's
 * files packed to be handed in.
 */
#include "args.h"
#include "data.h"
#include "file.h"
#include "submit.h"

static int pack(bram_ctx *cx, const bram_cli_args *args, const char *card)
{
    bram_benchmark *b = NULL;
    bram_dataset *ds = NULL;
    const char *path = bram_cli_text(args, "output", NULL);
    BRAM_TRY(bram_benchmark_read(cx, &b, bram_cli_argument(args, 0)));
    int status = bram_data_open(cx, &ds, b->dataset, bram_cli_text(args, "data", NULL));
    if (status == BRAM_OK)
        status = bram_submit(cx, b, ds, bram_cli_text(args, "model", NULL), card, path,
                             bram_cli_has(args, "force"));
    bram_dataset_free(ds);
    bram_benchmark_free(b);
    if (status == BRAM_OK) bram_note(cx, "wrote %s", path);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    enum { MOST_CARD = 1 << 20 };
    unsigned char *card = NULL;
    size_t bytes = 0;
    if (!bram_cli_has(args, "model") || !bram_cli_has(args, "card") ||
        !bram_cli_has(args, "output"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "submit needs --model SPEC, --card CARD.yaml and -o FILE");
    BRAM_TRY(bram_file_read(cx, &card, &bytes, bram_cli_text(args, "card", NULL), MOST_CARD));
    int status = pack(cx, args, (const char *)card);
    bram_free(card);
    return status;
}

const bram_command bram_command_submit = {
    .name = "submit",
    .summary = "packs a model's files into one file to be handed in",
    .arguments = "BENCHMARK -m SPEC -c CARD.yaml -o FILE.tar",
    .about =
        "Writes what a model from files (files:, predictions:, forecasts:) answers to a benchmark, "
        "with the spec strings, the hash of the data and a card, as one file. Exactly the rows "
        "that the benchmark asks for are in it. The card is YAML: name, authors, licence, "
        "training_data, link; description and citation may be there.",
    .options = (const bram_cli_option[]){{"model", 'm', "SPEC", "The model: files:features/ ..."},
                                         {"card", 'c', "CARD.yaml", "What its authors say of it"},
                                         {"output", 'o', "FILE.tar", "The file to write"},
                                         {"data", 'd', "DIR",
                                          "Where the homogenized datasets are (default: "
                                          "$BRAMBLE_DATA)"},
                                         {"force", 'f', NULL, "Replaces a file that exists"},
                                         {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble submit rsa-92 -m files:features/ -c card.yaml -o mine.tar",
             "features of the 92 images"},
            {"bramble verify mine.tar", "what whoever receives it does first"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .only_text = true,
    .run = run,
};
