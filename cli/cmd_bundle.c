/*
 * cmd_bundle.c - `bramble bundle DATASET -o DIR`: a dataset as a folder that can be passed on.
 */
#include "args.h"
#include "release.h"

#include <string.h>

/* "a/b/worm.h5" as the dataset worm below a/b; anything else is a name. */
static int split_path(bram_ctx *cx, char **root, char **name, const char *text)
{
    size_t length = strlen(text);
    const char *slash = strrchr(text, '/'), *base = slash ? slash + 1 : text;
    bool is_file = length > 3 && strcmp(text + length - 3, ".h5") == 0;
    *root = !is_file ? NULL
            : slash  ? bram_strf(cx, "%.*s/", (int)(slash - text), text)
                     : bram_strdup(cx, ".");
    *name = is_file ? bram_strf(cx, "%.*s", (int)(strlen(base) - 3), base) : bram_strdup(cx, text);
    return *name && (!is_file || *root) ? BRAM_OK : BRAM_ENOMEM;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    char *root = NULL, *name = NULL;
    const char *dir = bram_cli_text(args, "output", NULL);
    if (!dir) return bram_fail(cx, BRAM_EUSAGE, "bundle needs -o DIR");
    int status = split_path(cx, &root, &name, bram_cli_argument(args, 0));
    bram_release_settings settings = {root ? root : bram_cli_text(args, "data", NULL),
                                      bram_cli_text(args, "permission", NULL)};
    if (status == BRAM_OK) status = bram_release_write(cx, name, dir, &settings);
    if (status == BRAM_OK) bram_note(cx, "wrote %s", dir);
    bram_free(root);
    bram_free(name);
    return status;
}

const bram_command bram_command_bundle = {
    .name = "bundle",
    .summary = "writes a dataset as a folder that can be passed on",
    .arguments = "DATASET|FILE.h5 -o DIR",
    .about =
        "Writes the homogenized file, a datasheet, licence and citation of each source, checksums, "
        "the benchmarks on these data and the splits of each, and a page that says how to check "
        "and use it. Several datasets are joined by +. The folder is complete or absent.\n\n"
        "A source whose licence forbids to pass it on is refused. So is one that states none, but "
        "with --permission, which is written into the bundle. Exit code 1 then.\n\n"
        "`bramble verify DIR` checks a bundle; so does `sha256sum -c SHA256SUMS` in it.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "DIR", "The folder to write; must not exist"},
            {"data", 'd', "DIR", "Where the homogenized datasets are (default: $BRAMBLE_DATA)"},
            {"permission", 0, "TEXT",
             "Who allowed to pass on data whose licence is not stated, and where they said so"},
            {NULL}},
    .examples = (const bram_cli_example[]){{"bramble bundle simulated-worm -o worm-bundle",
                                            "made data, which anyone may pass on"},
                                           {"bramble bundle worm.h5 -o release --permission "
                                            "'A. Author, 1 May 2024'",
                                            "a recording of one's own"},
                                           {"bramble verify release", "what whoever receives it "
                                                                      "does first"},
                                           {NULL, NULL}},
    .least = 1,
    .most = 1,
    .only_text = true,
    .run = run,
};
