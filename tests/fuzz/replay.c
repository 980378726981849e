/*
 * replay.c - runs a fuzz target over the files of folders: `replay FOLDER...`. Each input runs in a
 * child process, so that one that crashes is named and the others still run. With --container
 * first, the format's library below is known to be crashed by hostile bytes and is always used in a
 * child: a crash there is no failure, an endless run is. `replay FILE` runs one file in this very
 * process, for a debugger.
 */
#include "fuzz.h"
#include "sandbox.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
    unsigned char *bytes;
    size_t size;
};

static int in_child(bram_ctx *cx, void *user)
{
    struct input *input = user;
    (void)cx;
    fuzz_one(input->bytes, input->size);
    return BRAM_OK;
}

/* Any file as it is: bram_file_read would refuse some. */
static bool read_file(struct input *input, const char *path)
{
    enum { MOST_BYTES = 16 << 20 };
    FILE *f = fopen(path, "rb");
    input->bytes = f ? malloc(MOST_BYTES) : NULL;
    if (input->bytes) input->size = fread(input->bytes, 1, MOST_BYTES, f);
    if (f) fclose(f);
    return input->bytes != NULL;
}

/* @return whether the input did what it should */
static bool run_file(bram_ctx *cx, const char *path, bool container)
{
    const bram_limits limits = {.memory = (size_t)4 << 30, .wall_seconds = 30};
    struct input input = {NULL, 0};
    if (!read_file(&input, path)) {
        fprintf(stderr, "cannot read %s\n", path);
        return false;
    }
    int result = bram_sandbox(cx, path, &limits, in_child, &input);
    free(input.bytes);
    if (result == BRAM_OK) return true;
    if (container && strstr(bram_ctx_message(cx), "crashed the reader")) return true;
    fprintf(stderr, "%s\n", bram_ctx_message(cx));
    return false;
}

int main(int argc, char **argv)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bool container = argc > 1 && strcmp(argv[1], "--container") == 0;
    size_t run = 0, bad = 0;
    for (int i = container ? 2 : 1; cx && i < argc; i++) {
        struct input one;
        DIR *folder = opendir(argv[i]);
        for (const struct dirent *e; folder && (e = readdir(folder));) {
            char path[4096];
            if (e->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            run++;
            bad += !run_file(cx, path, container);
        }
        if (folder) closedir(folder);
        else if (read_file(&one, argv[i])) {
            fuzz_one(one.bytes, one.size);
            free(one.bytes);
            run++;
        }
    }
    printf("%zu inputs, %zu bad\n", run, bad);
    bram_ctx_free(cx);
    return bad || !run;
}
