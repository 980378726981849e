/*
 * cmd_import.c - `bramble import RAW... -o OUT`: laboratories' files to homogenized files, one
 * (OUT is a file) or one for each source (OUT is a folder).
 *
 * Children look at the raw files and write datasets into a new folder beside OUT or in it
 * (loaders/collection.h); the parent moves them to their names. So an output is whole or absent,
 * whatever happens, and a raw file that crashes its reader is a message.
 */
#include "import_report.h"
#include "output.h"
#include "terminal.h"

#include <bramble/loader.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was asked for. */
struct task {
    const bram_cli_args *args;
    const char *source, *out;
    const bram_options *options;
    bool many; /* OUT is a folder */
    bool made; /* by this command */
    bram_collection c;
};

/* ---- files ---------------------------------------------------------------------------------- */

/* Removes the folder and what a child that died may have left in it. */
static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
    rmdir(folder);
}

/* Gives the file its name; an existing one is replaced only if it may be. */
static int move(bram_ctx *cx, const char *from, const char *to, bool replace)
{
    if (replace ? rename(from, to) == 0 : link(from, to) == 0) return BRAM_OK;
    if (errno == EEXIST)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", to);
    if (!replace && (errno == EPERM || errno == EOPNOTSUPP) && access(to, F_OK) != 0 &&
        rename(from, to) == 0)
        return BRAM_OK; /* a file system without links */
    return bram_fail(cx, BRAM_EWRITE, "cannot write %s: %s", to, strerror(errno));
}

/* ---- what is what --------------------------------------------------------------------------- */

/* Files that one dataset is to be made of, and that its loader does not know, have failed. */
static int fail_strangers(bram_ctx *cx, bram_collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        bram_collected *f = &c->files[i];
        if (f->state <= BRAM_FILE_BESIDE || f->state == BRAM_FILE_FAILED) continue;
        char *words = bram_strf(cx, "found something else than the recordings beside it: %s",
                                f->words ? f->words : "");
        if (!words) return BRAM_ENOMEM;
        bram_free(f->words);
        f->words = words;
        f->state = BRAM_FILE_FAILED;
        f->status = BRAM_EFORMAT;
    }
    return BRAM_OK;
}

static bool has_recording(const bram_collection *c)
{
    size_t i = 0;
    while (i < c->count && c->files[i].state != BRAM_FILE_RECORDING) i++;
    return i < c->count;
}

/* All files are one input of the loader that was named. */
static void put_together(bram_collection *c, const bram_loader *loader)
{
    for (size_t i = 0; i < c->count; i++) {
        c->files[i].state = BRAM_FILE_RECORDING;
        c->files[i].loader = loader;
        c->files[i].unit = 1;
    }
}

static int look(bram_ctx *cx, struct task *t)
{
    bram_collection *c = &t->c;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)bram_spec_name_length(t->source), t->source);
    const bram_loader *named = bram_loader_find(name);
    BRAM_TRY(bram_collection_look(cx, c, t->source));
    if (t->many) return named ? BRAM_OK : bram_collection_look_together(cx, c, false);
    const bram_loader *one = bram_collection_one_loader(c);
    if (one && has_recording(c)) return fail_strangers(cx, c);
    if (named) {
        put_together(c, named);
        return BRAM_OK;
    }
    if (c->count == 1 && c->files[0].state == BRAM_FILE_FAILED)
        return bram_fail(cx, c->files[0].status, "%s", c->files[0].words);
    int status = bram_collection_look_together(cx, c, true);
    bool none = status == BRAM_EFORMAT || status == BRAM_EUSAGE;
    return none && one ? fail_strangers(cx, c) : status; /* of what belongs to recordings alone */
}

/* ---- to one file ---------------------------------------------------------------------------- */

static size_t imported(const bram_collection *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->set_count; i++) n += c->sets[i].path != NULL;
    return n;
}

/* When nothing came of it: the first failure is the command's, the others are named. */
static int nothing_imported(bram_ctx *cx, const bram_collection *c)
{
    size_t failures = 0, first = 0;
    for (size_t i = c->count; i-- > 0;)
        if (c->files[i].state == BRAM_FILE_FAILED) {
            failures++;
            first = i;
        }
    bool apart = c->count && !c->files[0].unit;
    if (failures > 1 && apart) bram_cli_name_failures(c);
    if (failures > 1 && apart) return bram_fail(cx, BRAM_EFORMAT, "nothing could be imported");
    if (failures) {
        const bram_collected *f = &c->files[first];
        if (strstr(f->words, f->path)) return bram_fail(cx, f->status, "%s", f->words);
        return bram_fail(cx, f->status, "%s: %s", f->path, f->words);
    }
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        if (f->state != BRAM_FILE_BELONGS && f->state != BRAM_FILE_BESIDE) continue;
        return bram_fail(cx, BRAM_EFORMAT,
                         f->state == BRAM_FILE_BELONGS
                             ? "%s belongs to recordings of %s (%s), and none of those is given"
                             : "%s: nothing to import: of %s (%s)",
                         f->path, f->loader->name, f->words);
    }
    return bram_fail(cx, BRAM_EFORMAT, "found no recording to import in %zu file%s", c->count,
                     c->count == 1 ? "" : "s");
}

static int finish_one(bram_ctx *cx, struct task *t)
{
    if (!imported(&t->c)) return nothing_imported(cx, &t->c);
    bram_dataset *ds = NULL;
    const char *path = t->c.sets[0].path;
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = move(cx, path, t->out, bram_cli_has(t->args, "force"));
    if (!status) status = bram_cli_report_traces(cx, t->args, ds, &t->c);
    bram_dataset_free(ds);
    if (!status && bram_cli_name_failures(&t->c)) status = BRAM_CLI_NO;
    return status;
}

/* ---- to a folder ---------------------------------------------------------------------------- */

static char *output_path(bram_ctx *cx, const struct task *t, const bram_loader *loader)
{
    size_t length = strlen(t->out);
    return bram_strf(cx, "%s%s%s.h5", t->out, length && t->out[length - 1] == '/' ? "" : "/",
                     loader->name);
}

/* Before anything is imported: nothing may be replaced unless asked. */
static int check_free(bram_ctx *cx, const struct task *t)
{
    if (bram_cli_has(t->args, "force")) return BRAM_OK;
    for (size_t i = 0; i < t->c.count; i++) {
        if (t->c.files[i].state != BRAM_FILE_RECORDING) continue;
        char *path = output_path(cx, t, t->c.files[i].loader);
        int status = path ? BRAM_OK : BRAM_ENOMEM;
        if (path && access(path, F_OK) == 0)
            status = bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", path);
        bram_free(path);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int finish_many(bram_ctx *cx, struct task *t)
{
    if (!imported(&t->c)) return nothing_imported(cx, &t->c);
    for (size_t i = 0; i < t->c.set_count; i++) {
        bram_collected_set *set = &t->c.sets[i];
        if (!set->path) continue;
        char *path = output_path(cx, t, set->loader);
        int status = path ? move(cx, set->path, path, bram_cli_has(t->args, "force")) : BRAM_ENOMEM;
        bram_free(set->path);
        set->path = path;
        BRAM_TRY(status);
    }
    BRAM_TRY(bram_cli_report_files(cx, t->args, &t->c));
    return bram_cli_name_failures(&t->c) ? BRAM_CLI_NO : BRAM_OK;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* A new folder for parts: beside the file, or in the folder, that is to come of them. */
static int make_folder(bram_ctx *cx, struct task *t, char **out)
{
    t->made = t->many && mkdir(t->out, 0777) == 0;
    if (t->many && !t->made && errno != EEXIST)
        return bram_fail(cx, BRAM_EWRITE, "cannot make the folder %s: %s", t->out, strerror(errno));
    char *folder = bram_strf(cx, t->many ? "%s/.import-XXXXXX" : "%s.import-XXXXXX", t->out);
    if (!folder) return BRAM_ENOMEM;
    if (!mkdtemp(folder)) {
        bram_fail(cx, BRAM_EWRITE, "cannot write %s %s: %s", t->many ? "into" : "beside", t->out,
                  strerror(errno));
        bram_free(folder);
        return BRAM_EWRITE;
    }
    *out = folder;
    return BRAM_OK;
}

static int import_files(bram_ctx *cx, struct task *t)
{
    char *folder = NULL;
    if (t->many) BRAM_TRY(check_free(cx, t));
    BRAM_TRY(make_folder(cx, t, &folder));
    int status = bram_collection_import(cx, &t->c, t->source, t->options, folder);
    if (!status) status = t->many ? finish_many(cx, t) : finish_one(cx, t);
    remove_folder(folder);
    if (t->made) rmdir(t->out); /* stays unless it is empty */
    bram_free(folder);
    return status;
}

static int look_and_import(bram_ctx *cx, struct task *t)
{
    size_t n = bram_cli_arguments(t->args);
    const char **paths = bram_scratch(cx, n, sizeof *paths);
    if (!paths) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) paths[i] = bram_cli_argument(t->args, i);
    if (!bram_cli_has(t->args, "threads")) bram_ctx_set_threads(cx, 0);
    BRAM_TRY(bram_collection_find(cx, &t->c, paths, n));
    int status = t->c.count ? look(cx, t)
                            : bram_fail(cx, BRAM_EFORMAT, "%s holds no file to import", paths[0]);
    if (!status && bram_cli_has(t->args, "dry-run")) {
        status = bram_cli_report_files(cx, t->args, &t->c);
        for (size_t i = 0; !status && i < t->c.count; i++)
            if (bram_cli_is_failure(&t->c.files[i])) status = BRAM_CLI_NO;
    } else if (!status) status = import_files(cx, t);
    bram_collection_release(&t->c);
    return status;
}

/* `--set key=value`, by the table of bram_import. */
static int read_settings(bram_ctx *cx, const bram_cli_args *args, bram_options *options)
{
    for (size_t i = 0; i < bram_cli_count(args, "set"); i++) {
        const char *text = bram_cli_value(args, "set", i), *equals = strchr(text, '=');
        if (!equals) return bram_fail(cx, BRAM_EUSAGE, "--set is '%s', expected key=value", text);
        char *key = bram_strf(cx, "%.*s", (int)(equals - text), text);
        if (!key) return BRAM_ENOMEM;
        int status = bram_options_set(cx, options, key, equals + 1);
        bram_free(key);
        if (status) return bram_fail_prefix(cx, status, "--set %s", text);
    }
    return BRAM_OK;
}

/* OUT is a folder when it is one, or ends in "/". */
static bool is_folder(const char *path)
{
    struct stat s;
    size_t length = strlen(path);
    return path[length - 1] == '/' || (stat(path, &s) == 0 && S_ISDIR(s.st_mode));
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    struct task t = {.args = args,
                     .source = bram_cli_text(args, "source", "auto"),
                     .out = bram_cli_text(args, "output", NULL)};
    bool dry = bram_cli_has(args, "dry-run");
    if (!dry && (!t.out || !*t.out))
        return bram_fail(cx, BRAM_EUSAGE, "import needs -o FILE.h5 or -o FOLDER/");
    t.many = dry || is_folder(t.out);
    if (!t.many && !bram_cli_has(args, "force") && access(t.out, F_OK) == 0)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", t.out);
    bram_options *options = NULL;
    BRAM_TRY(bram_options_new(cx, &options, bram_import_params, NULL));
    int status = read_settings(cx, args, options);
    t.options = options;
    if (!status) status = look_and_import(cx, &t);
    bram_options_free(options);
    return status;
}

const bram_command bram_command_import = {
    .name = "import",
    .summary = "turns laboratories' files into homogenized files",
    .arguments = "RAW... -o FILE.h5|FOLDER/",
    .about =
        "Reads what a laboratory published and writes it in one form: raw and resampled traces, "
        "neuron identities with their certainty, behaviour, events, connectomes. RAW is files, "
        "folders (all files below them) or patterns; recordings and the files that belong to them "
        "(label sheets) are told apart by their content.\n\n"
        "With -o FILE.h5 all is one dataset, and the counts of traces by certainty are printed. "
        "With -o FOLDER/ each source gets a file FOLDER/SOURCE.h5, and what became of every file "
        "is printed; files of folders that no loader knows are passed over, by name.\n\n"
        "Files are read by child processes, one for each processor at a time, or --threads of "
        "them, as far as --memory allows; the output does not depend on how many. One bad file "
        "does not stop the others: the exit code is 1 then, and each failure is named. An output "
        "is complete or absent.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "PATH",
             "The homogenized file to write, or a folder (or PATH/) for "
             "one of each source"},
            {"source", 's', "NAME",
             "Where the files come from ('bramble list datasets'), with its options: "
             "NAME:key=value; the default, auto, recognises them by their content"},
            {"set", 0, "KEY=VALUE",
             "How recordings are homogenized: dt, smooth, normalize, gap, identities ...",
             .repeat = true},
            {"report", 'r', NULL, "Prints what became of every trace"},
            {"dry-run", 'n', NULL, "Only says what each file is and why; imports nothing"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble import recording.nwb -o worm.h5", "recognised by its content, not its name"},
            {"bramble import data.h5 labels.xlsx -o worm.h5 --source dag2023 --report",
             "a recording with its label sheet, and every trace's fate"},
            {"bramble import recordings/ -o datasets/", "a file for each source that is found"},
            {"bramble import recordings/ --dry-run", "what is there, and how it was recognised"},
            {"bramble import WT_NoStim.mat -o worms.h5 --set dt=0.5 --set smooth=exponential",
             "resampled and smoothed on the way"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
