/*
 * variation.c - variations of benchmarks; see variation.h.
 */
#include "variation.h"

#include "data.h"
#include "recover.h"

#include <string.h>

void bram_variation_free(bram_variation *v)
{
    if (!v) return;
    char *const text[] = {v->base, v->kind, v->label, v->axis, v->generator};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) bram_free(text[i]);
    bram_free(v);
}

static int copy_list(bram_ctx *cx, char ***to, size_t *count, char *const *from, size_t n)
{
    *to = bram_alloc(cx, n, sizeof **to);
    if (!*to) return BRAM_ENOMEM;
    for (; *count < n; ++*count)
        if (!((*to)[*count] = bram_strdup(cx, from[*count]))) return BRAM_ENOMEM;
    return BRAM_OK;
}

static int copy_texts(bram_ctx *cx, bram_benchmark *c, const bram_benchmark *b, const char *label)
{
    char *const from[] = {b->title, b->task, b->dataset, b->citation};
    char **const to[] = {&c->title, &c->task, &c->dataset, &c->citation};
    c->name = bram_strf(cx, "%s%c%s", b->name, BRAM_VARIATION_MARK, label);
    if (!c->name) return BRAM_ENOMEM;
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        if (!(*to[i] = bram_strdup(cx, from[i]))) return BRAM_ENOMEM;
    return BRAM_OK;
}

/* The options as they are: the canonical form lists all of them. */
static int copy_options(bram_ctx *cx, bram_benchmark *c, const bram_benchmark *b)
{
    static const bram_param none[] = {{.name = NULL}};
    const bram_task *task = bram_task_find(b->task);
    return bram_options_new(cx, &c->options, task && task->params ? task->params : none,
                            bram_options_canonical(b->options));
}

static int describe(bram_ctx *cx, bram_benchmark *c, const bram_benchmark *b, const char *kind,
                    const char *label)
{
    c->variation = bram_alloc(cx, 1, sizeof *c->variation);
    if (!c->variation) return BRAM_ENOMEM;
    c->variation->base = bram_strdup(cx, b->name);
    c->variation->kind = bram_strdup(cx, kind);
    c->variation->label = bram_strdup(cx, label);
    return c->variation->base && c->variation->kind && c->variation->label ? BRAM_OK : BRAM_ENOMEM;
}

int bram_variation_new(bram_ctx *cx, bram_benchmark **out, const bram_benchmark *b,
                       const char *kind, const char *label)
{
    bram_benchmark *c = bram_alloc(cx, 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    c->version = b->version;
    int status = copy_texts(cx, c, b, label);
    if (status == BRAM_OK)
        status = copy_list(cx, &c->metrics, &c->metric_count, b->metrics, b->metric_count);
    if (status == BRAM_OK)
        status = copy_list(cx, &c->models, &c->model_count, b->models, b->model_count);
    if (status == BRAM_OK)
        status = copy_list(cx, &c->parts, &c->part_count, b->parts, b->part_count);
    if (status == BRAM_OK) status = copy_options(cx, c, b);
    if (status == BRAM_OK) status = describe(cx, c, b, kind, label);
    if (status == BRAM_OK) *out = c;
    else bram_benchmark_free(c);
    return status;
}

bram_benchmark bram_variation_base(const bram_benchmark *b)
{
    bram_benchmark base = *b;
    if (b->variation) base.name = b->variation->base;
    return base;
}

bool bram_variation_is(const char *name)
{
    return strchr(name, BRAM_VARIATION_MARK) != NULL;
}

int bram_variation_open(bram_ctx *cx, bram_dataset **out, bram_dataset **source,
                        const bram_benchmark *b, const char *root)
{
    bram_dataset *ds = NULL, *made = NULL;
    BRAM_TRY(bram_data_open(cx, &ds, b->dataset, root));
    int status = BRAM_OK;
    if (b->variation && b->variation->generator) status = bram_recover_data(cx, &made, b, ds);
    if (status == BRAM_OK) {
        *source = ds;
        *out = made ? made : ds;
    } else bram_dataset_free(ds);
    return status;
}

/* ---- lists ---------------------------------------------------------------------------------- */

int bram_variations_add(bram_ctx *cx, bram_variations *list, bram_benchmark *b)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        bram_benchmark **grown = bram_realloc(cx, list->benchmark, room, sizeof(bram_benchmark *));
        if (!grown) {
            bram_benchmark_free(b);
            return BRAM_ENOMEM;
        }
        list->benchmark = grown;
        list->room = room;
    }
    list->benchmark[list->count++] = b;
    return BRAM_OK;
}

void bram_variations_release(bram_variations *list)
{
    for (size_t i = 0; i < list->count; i++) bram_benchmark_free(list->benchmark[i]);
    bram_free(list->benchmark);
    *list = (bram_variations){0};
}
