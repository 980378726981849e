/*
 * repeat.c - commands that repeat what a board shows; see repeat.h.
 */
#include "repeat.h"

#include "entrant.h"
#include "simulate.h"

#include <string.h>

/* Marks the rows whose models a definition names. One that cannot be read now (a file of its own
 * is gone) counts as not named. */
static int mark_listed(bram_ctx *cx, bool *listed, const bram_benchmark *definition,
                       const bram_board *b)
{
    for (size_t i = 0; i < definition->model_count; i++) {
        bram_entrant e;
        int status = bram_entrant_find(cx, &e, definition, definition->models[i]);
        if (status == BRAM_ENOMEM) return status;
        if (status != BRAM_OK) continue;
        for (size_t k = 0; k < b->rows; k++)
            if (strcmp(e.canonical, b->row[k].model) == 0) listed[k] = true;
        bram_free(e.canonical);
    }
    return BRAM_OK;
}

static bool all_made(bram_ctx *cx, const char *dataset)
{
    size_t mark = bram_scratch_mark(cx), bytes = strlen(dataset) + 1;
    char *names = bram_scratch(cx, bytes, 1), *rest = NULL;
    bool made = names != NULL;
    if (names) memcpy(names, dataset, bytes);
    for (char *name = names ? strtok_r(names, "+", &rest) : NULL; name && made;
         name = strtok_r(NULL, "+", &rest))
        made = bram_simulation_find(name) != NULL || strncmp(name, "consensus", 9) == 0;
    bram_scratch_release(cx, mark);
    return made;
}

int bram_repeat_begin(bram_ctx *cx, bram_repeat *out, const bram_board *b, const char *dataset)
{
    bram_benchmark *definition = NULL;
    *out = (bram_repeat){.board = b, .made = all_made(cx, dataset)};
    out->listed = bram_scratch(cx, b->rows, sizeof *out->listed);
    if (!out->listed) return BRAM_ENOMEM;
    int status = bram_benchmark_read(cx, &definition, b->benchmark);
    if (status == BRAM_ENOMEM) return status;
    out->own = status != BRAM_OK;
    status = definition ? mark_listed(cx, out->listed, definition, b) : BRAM_OK;
    bram_benchmark_free(definition);
    return status;
}

/* In quotes where a shell would read more into it than is written. */
static void put_word(bram_buffer *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+.,:=/@%";
    if (*text && !text[strspn(text, plain)]) {
        bram_buffer_put(out, text);
        return;
    }
    bram_buffer_put(out, "'");
    for (; *text; text++)
        if (*text == '\'') bram_buffer_put(out, "'\\''");
        else bram_buffer_write(out, text, 1);
    bram_buffer_put(out, "'");
}

void bram_repeat_put(bram_buffer *out, const bram_repeat *r, const bram_board_row *row)
{
    const bram_board *b = r->board;
    uint64_t first = UINT64_MAX, last = 0;
    for (size_t i = 0; i < b->rows; i++) {
        if (row && row != &b->row[i]) continue;
        if (b->row[i].first_seed < first) first = b->row[i].first_seed;
        if (b->row[i].last_seed > last) last = b->row[i].last_seed;
    }
    bram_buffer_put(out, "bramble run ");
    if (r->own) bram_buffer_put(out, "./");
    put_word(out, b->benchmark);
    if (r->own) bram_buffer_put(out, ".yaml");
    if (!r->made) bram_buffer_put(out, " --data DIR");
    bram_buffer_put(out, row ? " --out again" : " --out results");
    if (first && first != UINT64_MAX)
        bram_buffer_putf(out, " --seed %llu", (unsigned long long)first);
    if (last > first)
        bram_buffer_putf(out, " --seeds %llu", (unsigned long long)(last - first + 1));
    if (row) bram_buffer_put(out, " --only");
    for (size_t i = 0; i < b->rows; i++) {
        if (row ? row != &b->row[i] : r->listed[i]) continue;
        bram_buffer_put(out, row ? " --model " : " \\\n    --model ");
        put_word(out, b->row[i].model);
    }
}
