/* fuzz.c - what all fuzz targets share, and the function that libFuzzer calls. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static char path[64];

void fuzz_need_(bool condition, const char *text, const char *file, int line)
{
    if (condition) return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    abort();
}

static void remove_file(void)
{
    unlink(path);
}

const char *fuzz_file(const unsigned char *bytes, size_t size)
{
    struct stat shared;
    const char *folder = stat("/dev/shm", &shared) == 0 ? "/dev/shm" : "/tmp";
    if (!*path) {
        snprintf(path, sizeof path, "%s/bramble-fuzz-%ld", folder, (long)getpid());
        atexit(remove_file);
    }
    FILE *f = fopen(path, "wb");
    fuzz_need(f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
    return path;
}

bool fuzz_ok(bram_ctx *cx, int status)
{
    if (status == BRAM_OK) return true;
    const char *message = bram_ctx_message(cx);
    if (status != BRAM_EFORMAT && status != BRAM_EREAD && status != BRAM_EABSENT &&
        status != BRAM_EMEMORY && status != BRAM_ENOMEM && status != BRAM_EUSAGE &&
        status != BRAM_ENUMERIC && status != BRAM_ESHAPE)
        fprintf(stderr, "status %d: %s\n", status, message);
    else if (!*message || strchr(message, '\n')) fprintf(stderr, "message: \"%s\"\n", message);
    else return false;
    abort();
}

void fuzz_one(const unsigned char *bytes, size_t size)
{
    enum { BUDGET = 256 << 20 };
    static bool started;
    if (!started) bram_init();
    started = true;
    bram_ctx *cx = bram_ctx_new();
    fuzz_need(cx != NULL);
    bram_ctx_set_memory(cx, BUDGET);
    fuzz_input(cx, bytes, size);
    bram_ctx_free(cx);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    fuzz_one(bytes, size);
    return 0;
}
