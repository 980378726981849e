/*
 * entrant.c - see entrant.h.
 */
#include "entrant.h"

#include <string.h>

static int find_by_name(bram_ctx *cx, bram_entrant *out, const bram_task *task, const char *name)
{
    char known[200] = "";
    for (const bram_contestant *c = task->contestants; c->name; c++) {
        if (strcmp(c->name, name) == 0) {
            out->canonical = bram_strdup(cx, name);
            return out->canonical ? BRAM_OK : BRAM_ENOMEM;
        }
        if (strlen(known) + strlen(c->name) + 3 < sizeof known)
            strcat(strcat(known, *known ? ", " : ""), c->name);
    }
    return bram_fail(cx, BRAM_EUSAGE, "\"%s\" does not compete in the task %s; there are: %s", name,
                     task->name, known);
}

int bram_entrant_find(bram_ctx *cx, bram_entrant *out, const bram_benchmark *b, const char *spec)
{
    const bram_task *task = bram_task_find(b->task);
    const bram_model *model;
    bram_entrant found = {0};
    if (task && task->contestants) {
        BRAM_TRY(find_by_name(cx, &found, task, spec));
    } else {
        BRAM_TRY(bram_model_content(cx, found.content, spec));
        BRAM_TRY(bram_model_parse(cx, &model, NULL, &found.canonical, spec));
        found.version = model->version;
        found.stochastic = (model->flags & BRAM_MODEL_STOCHASTIC) != 0;
    }
    *out = found;
    return BRAM_OK;
}

/* ---- found before --------------------------------------------------------------------------- */

struct bram_entrant_known {
    char *spec;
    const bram_task *task; /* whose contestants it is one of; NULL: a model */
    bram_entrant entrant;
};

/* Takes the entrant over. */
static int remember(bram_ctx *cx, bram_entrants *all, const bram_task *task, const char *spec,
                    const bram_entrant *found)
{
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 32;
        struct bram_entrant_known *grown = bram_realloc(cx, all->known, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        all->known = grown;
        all->room = room;
    }
    char *copy = bram_strdup(cx, spec);
    if (!copy) return BRAM_ENOMEM;
    all->known[all->count++] = (struct bram_entrant_known){copy, task, *found};
    return BRAM_OK;
}

int bram_entrants_find(bram_ctx *cx, const bram_entrant **out, bram_entrants *all,
                       const bram_benchmark *b, const char *spec)
{
    const bram_task *task = bram_task_find(b->task);
    if (task && !task->contestants) task = NULL;
    bram_entrant found;
    size_t i = 0;
    while (i < all->count && (all->known[i].task != task || strcmp(all->known[i].spec, spec) != 0))
        i++;
    if (i == all->count) {
        BRAM_TRY(bram_entrant_find(cx, &found, b, spec));
        int status = remember(cx, all, task, spec, &found);
        if (status != BRAM_OK) {
            bram_free(found.canonical);
            return status;
        }
    }
    *out = &all->known[i].entrant;
    return BRAM_OK;
}

void bram_entrants_release(bram_entrants *all)
{
    for (size_t i = 0; i < all->count; i++) {
        bram_free(all->known[i].spec);
        bram_free(all->known[i].entrant.canonical);
    }
    bram_free(all->known);
    *all = (bram_entrants){0};
}
