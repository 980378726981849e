/*
 * damaged.c - `damaged [--copies N] [--seed S] [--with FILE] [--made KIND] [FILE...]`: randomly
 * damaged copies of the files named, or else of made ones (of one kind only), through the ways that
 * untrusted files take: import (recognise, load, homogenize, write) and check, in a child process.
 * With a good FILE before them: the recording that the damaged ones belong to.
 *
 * The original must be read, or its copies would show nothing.
 * Every outcome must be success or a failure that names the file in one line; the parent must live,
 * a reading must end in time, and a failed one must leave no output. Copies are drawn from (seed,
 * file, copy), so any can be made again: the message tells their numbers. Many copies share a
 * child; the one during which a child dies is run again in a child of its own, and must fail there
 * as well or succeed.
 */
#include "made.h"
#include "sandbox.h"

#include <bramble/loader.h>
#include <bramble/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 32, PATHS = 300 };

struct copies {
    const char *name, *folder; /* of the original; of the copies */
    const char *with;          /* a good file before them, or NULL */
    const char *source;        /* the loader and its options */
    unsigned char *bytes, *copy;
    size_t size;
    uint64_t seed, file;
    char path[PATHS], output[PATHS];
    size_t at, end; /* the copies to read in this child */
    size_t done, failed, crashed, slow;
    bool homogenized; /* to be checked, not imported */
};

/* ---- damage --------------------------------------------------------------------------------- */

static size_t below(bram_rng *rng, size_t n)
{
    return n ? (size_t)bram_rng_below(rng, n) : 0;
}

static void flip_bytes(struct copies *c, bram_rng *rng, size_t *size)
{
    for (size_t i = 0, n = 1 + below(rng, 16); i < n; i++)
        c->copy[below(rng, *size)] ^= (unsigned char)(1 + below(rng, 255));
}

static void cut(struct copies *c, bram_rng *rng, size_t *size)
{
    (void)c;
    *size = below(rng, *size);
}

static void swap_blocks(struct copies *c, bram_rng *rng, size_t *size)
{
    size_t n = 1 + below(rng, *size < 512 ? *size / 2 : 256);
    size_t a = below(rng, *size - n + 1), b = below(rng, *size - n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char kept = c->copy[a + i];
        c->copy[a + i] = c->copy[b + i];
        c->copy[b + i] = kept;
    }
}

static void clear_range(struct copies *c, bram_rng *rng, size_t *size)
{
    size_t at = below(rng, *size), n = 1 + below(rng, *size - at < 4096 ? *size - at : 4096);
    memset(c->copy + at, below(rng, 2) ? 0 : 255, n);
}

/* A length or a count that lies: a number of 2, 4 or 8 bytes of either order, small or near a
 * limit. */
static void put_length(struct copies *c, bram_rng *rng, size_t *size)
{
    static const uint64_t values[] = {0,          1,          0xff,       0x7fff,
                                      0xffff,     1 << 24,    0x7fffffff, 0x80000000,
                                      0xffffffff, 1ULL << 40, INT64_MAX,  UINT64_MAX};
    size_t bytes = (size_t)2 << below(rng, 3);
    uint64_t value = values[below(rng, sizeof values / sizeof *values)];
    if (*size < bytes) return;
    size_t at = below(rng, *size - bytes + 1) & (below(rng, 2) ? ~(size_t)3 : ~(size_t)0);
    bool big = below(rng, 4) == 0;
    for (size_t i = 0; i < bytes; i++)
        c->copy[at + i] = (unsigned char)(value >> 8 * (big ? bytes - 1 - i : i));
}

/* A piece is lost, or comes twice. */
static void shift_rest(struct copies *c, bram_rng *rng, size_t *size)
{
    size_t at = below(rng, *size), n = below(rng, *size - at);
    if (below(rng, 2)) {
        memmove(c->copy + at + n, c->copy + at, *size - at - n);
    } else {
        memmove(c->copy + at, c->copy + at + n, *size - at - n);
        *size -= n;
    }
}

/* Makes copy `index` afresh. @return its size */
static size_t damage(struct copies *c, size_t index)
{
    static void (*const kinds[])(struct copies *, bram_rng *, size_t *) = {
        flip_bytes, cut, swap_blocks, clear_range, put_length, shift_rest};
    size_t size = c->size;
    bram_rng rng = bram_rng_at(c->seed, "damage", c->file << 32 | index);
    memcpy(c->copy, c->bytes, c->size);
    for (size_t i = 0, n = 1 + below(&rng, 3); i < n && size; i++)
        kinds[below(&rng, sizeof kinds / sizeof *kinds)](c, &rng, &size);
    return size;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int check(bram_ctx *cx, const struct copies *c)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, c->path));
    int status = bram_dataset_check(cx, ds, NULL, NULL, NULL);
    bram_dataset_free(ds);
    return status;
}

static int import(bram_ctx *cx, const struct copies *c)
{
    const char *paths[] = {c->with, c->path};
    bram_input input = {paths + !c->with, 1 + (c->with != NULL)};
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_import(cx, &ds, c->source, &input, NULL));
    int status = bram_dataset_write(cx, ds, c->output, true);
    bram_dataset_free(ds);
    return status;
}

/* Says what is wrong with an outcome; "" when nothing is. */
static const char *judge(bram_ctx *cx, const struct copies *c, int status)
{
    const char *message = bram_ctx_message(cx);
    bool written = access(c->output, F_OK) == 0;
    if (status == BRAM_OK) return written || c->homogenized ? "" : "success without an output";
    if (written) return "a failure with an output";
    if (status != BRAM_EFORMAT && status != BRAM_EREAD && status != BRAM_EABSENT &&
        status != BRAM_EUSAGE && status != BRAM_ENUMERIC && status != BRAM_ESHAPE &&
        status != BRAM_EMEMORY && status != BRAM_ENOMEM)
        return "an unexpected status";
    if (!*message || strchr(message, '\n')) return "no message of one line";
    const char *name = strrchr(c->path, '/') + 1;
    return strstr(message, name) ? "" : "a message without the file's name";
}

static int read_one(bram_ctx *cx, const struct copies *c)
{
    unlink(c->output);
    return c->homogenized ? check(cx, c) : import(cx, c);
}

/* In the child: the original. */
static int read_original(bram_ctx *cx, void *user)
{
    const struct copies *c = user;
    if (!made_bytes(c->path, c->bytes, c->size))
        return bram_fail(cx, BRAM_EWRITE, "cannot write %s", c->path);
    return read_one(cx, c);
}

/* In the child: reads copies; the progress tells the parent how far it came. */
static int read_batch(bram_ctx *cx, void *user)
{
    struct copies *c = user;
    for (size_t i = c->at; i < c->end; i++) {
        if (!made_bytes(c->path, c->copy, damage(c, i)))
            return bram_fail(cx, BRAM_EWRITE, "cannot write %s", c->path);
        bram_ctx_progress(cx, "copy", (double)i, 0);
        int status = read_one(cx, c);
        const char *wrong = judge(cx, c, status);
        if (*wrong)
            return bram_fail(cx, BRAM_EINTERNAL, "copy %zu: %s: status %d: %s", i, wrong, status,
                             bram_ctx_message(cx));
        bram_ctx_progress(cx, status ? "failed" : "read", (double)i, 0);
    }
    return BRAM_OK;
}

static void take_progress(void *user, const char *what, double done, double total)
{
    struct copies *c = user;
    (void)total;
    bool begun = strcmp(what, "copy") == 0, failed = strcmp(what, "failed") == 0;
    if (!begun && !failed && strcmp(what, "read") != 0) return; /* the reader's own */
    c->at = (size_t)done + !begun;
    c->done += !begun;
    c->failed += failed;
}

/* The copy at which a child ended: once more alone. @return false when it shows what it must not */
static bool read_alone(bram_ctx *cx, struct copies *c, const bram_limits *limits)
{
    size_t index = c->at;
    c->end = index + 1;
    int status = bram_sandbox(cx, c->path, limits, read_batch, c);
    c->at = index + 1;
    if (status == BRAM_OK) return true;
    c->done++;
    unlink(c->output); /* the program writes into a folder of its own, which it removes */
    if (status == BRAM_EFORMAT && strstr(bram_ctx_message(cx), c->path)) {
        bool slow = strstr(bram_ctx_message(cx), "took more") != NULL;
        *(slow ? &c->slow : &c->crashed) += 1;
        return true;
    }
    fprintf(stderr, "%s: seed %llu, file %llu: %s\n", c->name, (unsigned long long)c->seed,
            (unsigned long long)c->file, bram_ctx_message(cx));
    return false;
}

static bool read_copies(bram_ctx *cx, struct copies *c, size_t count)
{
    /* HDF5 follows a damaged heap for ever: short limits, but enough for a batch of real files */
    const bram_limits limits = {.memory = (size_t)2 << 30,
                                .cpu_seconds = 3 + (unsigned)(BATCH * c->size / 2000000)};
    bram_ctx_set_progress(cx, take_progress, c);
    bool good = bram_sandbox(cx, c->path, &limits, read_original, c) == BRAM_OK;
    if (!good) fprintf(stderr, "%s: the original: %s\n", c->name, bram_ctx_message(cx));
    while (c->at < count) {
        c->end = c->at + BATCH < count ? c->at + BATCH : count;
        if (bram_sandbox(cx, c->path, &limits, read_batch, c) != BRAM_OK)
            good &= read_alone(cx, c, &limits);
    }
    return good;
}

static bool load(struct copies *c, const char *path)
{
    struct stat status;
    FILE *f = stat(path, &status) == 0 ? fopen(path, "rb") : NULL;
    if (!f) return false;
    c->size = (size_t)status.st_size;
    c->bytes = malloc(c->size + 1);
    c->copy = malloc(c->size + 1);
    bool read = c->bytes && c->copy && fread(c->bytes, 1, c->size, f) == c->size;
    fclose(f);
    return read && c->size > 0;
}

/* @param like what the copies share: folder, with, seed, file */
static bool damage_file(bram_ctx *cx, const struct copies *like, const char *path, const char *name,
                        size_t count)
{
    struct copies c = *like;
    const char *folder = c.folder;
    c.name = name;
    c.homogenized = strcmp(name, "dataset") == 0;
    snprintf(c.path, sizeof c.path, "%s/copy_session01", folder); /* as NSD has it */
    snprintf(c.output, sizeof c.output, "%s/output.h5", folder);
    bool good = load(&c, path) && read_copies(cx, &c, count);
    printf(
        "%-17s %6zu copies: %zu read, %zu refused, %zu crashed their reader, %zu took too long\n",
        name, c.done, c.done - c.failed - c.crashed - c.slow, c.failed, c.crashed, c.slow);
    free(c.bytes);
    free(c.copy);
    unlink(c.path);
    unlink(c.output);
    return good && c.done == count;
}

/* @param only  the kind to damage; NULL: all */
static bool damage_made(bram_ctx *cx, struct copies like, size_t copies, const char *only)
{
    static const struct {
        const char *kind, *with, *source;
    } made[] = {{"dataset", NULL, "auto"},
                {"kato5", NULL, "auto"},
                {"kato73", NULL, "auto"},
                {"nichols2017", NULL, "auto"},
                {"yemini", NULL, "auto"},
                {"lin", NULL, "auto"},
                {"hallinen", NULL, "auto"},
                {"brainio", NULL, "auto"},
                {"henaff", NULL, "auto"},
                {"dag", NULL, "auto"},
                {"jld2", "dag", "auto"},
                {"nwb", NULL, "auto"},
                {"sensorium2022", NULL, "sensorium2022"},
                {"sensorium2023", NULL, "sensorium2023"},
                {"algonauts", NULL, "algonauts2023"},
                {"allen-twophoton", NULL, "auto"},
                {"allen-neuropixels", NULL, "auto"},
                {"tvsd", NULL, "tvsd"},
                {"things", "things-trials", "things-fmri"},
                {"nsd", "nsd-table", "nsd:subject=1"},
                {"stringer", NULL, "stringer2019"},
                {"bold5000", "bold5000-list", "bold5000"},
                {"xls", NULL, "auto"},
                {"npy", NULL, "generic:time=rows,dt=0.5"},
                {"gz", NULL, "generic:time=rows,times=time"}};
    char path[PATHS], with[PATHS];
    bool good = true;
    snprintf(with, sizeof with, "%s/made-data.h5", like.folder); /* the name that labels know */
    for (size_t k = 0; k < sizeof made / sizeof *made; k++, like.file++) {
        if (only && strcmp(only, made[k].kind) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", like.folder, made[k].kind);
        like.source = made[k].source;
        like.with = made[k].with ? with : NULL;
        good &= (!made[k].with || made_file(made[k].with, with, "good")) &&
                made_file(made[k].kind, path, "good") &&
                damage_file(cx, &like, path, made[k].kind, copies);
        unlink(path);
    }
    unlink(with);
    return good;
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/bramble-damaged-XXXXXX";
    size_t copies = 30;
    struct copies like = {.folder = folder, .source = "auto", .seed = 1};
    const char *only = NULL;
    int next = 1;
    for (; next + 1 < argc && argv[next][0] == '-'; next += 2) {
        if (strcmp(argv[next], "--copies") == 0) copies = strtoul(argv[next + 1], NULL, 10);
        if (strcmp(argv[next], "--seed") == 0) like.seed = strtoul(argv[next + 1], NULL, 10);
        if (strcmp(argv[next], "--with") == 0) like.with = argv[next + 1];
        if (strcmp(argv[next], "--made") == 0) only = argv[next + 1];
    }
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    if (!cx || !mkdtemp(folder)) return 1;
    bool good = true;
    if (next == argc) good = damage_made(cx, like, copies, only);
    for (; next < argc; next++, like.file++)
        if (access(argv[next], R_OK) == 0)
            good &= damage_file(cx, &like, argv[next], strrchr(argv[next], '/') + 1, copies);
    rmdir(folder);
    bram_ctx_free(cx);
    return !good;
}
