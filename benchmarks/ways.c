/*
 * ways.c - see ways.h.
 */
#include "ways.h"

#include "buffer.h"

static const char *const way_names[] = {"files", "program", "shared object"};

/* The models that stand for answers from files and from programs. */
static const char *const file_models[] = {"files", "forecasts", "predictions", "link-scores", NULL};
static const char *const program_models[] = {"process-features", "process", NULL};

/* What the protocol of programs, and the contract, call a question. */
static const struct question {
    const char *line, *constant;
} questions[BRAM_ASKS] = {
    [BRAM_ASK_STEP] = {"forecast", "BRAM_ASK_STEP"},
    [BRAM_ASK_FREE_RUN] = {"forecast", "BRAM_ASK_FREE_RUN"},
    [BRAM_ASK_RESPOND] = {"respond", "BRAM_ASK_RESPOND"},
    [BRAM_ASK_COSMOOTH] = {"cosmooth", "BRAM_ASK_COSMOOTH"},
    [BRAM_ASK_LOGLIK] = {"density", "BRAM_ASK_LOGLIK"},
    [BRAM_ASK_STATES] = {"states", "BRAM_ASK_STATES"},
    [BRAM_ASK_WEIGHTS] = {"weights", "BRAM_ASK_WEIGHTS"},
    [BRAM_ASK_FEATURES] = {"features", "BRAM_ASK_FEATURES"},
    [BRAM_ASK_LEARNING] = {"learning", "BRAM_ASK_LEARNING"},
    [BRAM_ASK_LINKS] = {"links", "BRAM_ASK_LINKS"},
};

const char *bram_way_name(bram_way_kind kind)
{
    return way_names[kind];
}

void bram_way_release(bram_way *w)
{
    bram_free(w->text);
    *w = (bram_way){0};
}

static void put(bram_buffer *out, const char *before, const char *text)
{
    bram_buffer_putf(out, "%s%s%s", out->length ? ", " : "", before, text);
}

/* The first of the models that answers a question, or NULL. */
static const bram_model *answering(const char *const *names, bram_ask ask)
{
    for (; *names; names++) {
        const bram_model *m = bram_model_find(*names);
        if (m && (m->answers & BRAM_ANSWERS(ask))) return m;
    }
    return NULL;
}

/* The specs of all models that answer one of the questions; each model once. */
static void put_files(bram_buffer *out, unsigned asks)
{
    for (const char *const *name = file_models; *name; name++) {
        const bram_model *m = bram_model_find(*name);
        if (m && (m->answers & asks)) put(out, m->name, ":");
    }
}

static void put_questions(bram_buffer *out, unsigned asks, bool program)
{
    for (int ask = 0; ask < BRAM_ASKS; ask++) {
        if (!(asks & BRAM_ANSWERS(ask))) continue;
        if (!program) put(out, questions[ask].constant, "");
        else {
            const bram_model *m = answering(program_models, (bram_ask)ask);
            if (!m) continue;
            put(out, m->name, ": ");
            bram_buffer_put(out, questions[ask].line);
        }
    }
}

static void put_contestants(bram_buffer *out, const bram_task *task)
{
    bram_buffer_put(out, "no model competes but ");
    for (const bram_contestant *c = task->contestants; c && c->name; c++)
        bram_buffer_putf(out, "%s%s", c == task->contestants ? "" : ", ", c->name);
}

int bram_way_of(bram_ctx *cx, bram_way *out, const bram_benchmark *b, bram_way_kind kind)
{
    const bram_task *task = bram_task_find(b->task);
    unsigned asks = task->asks_of ? task->asks_of(b) : task->asks;
    const char *why = kind == BRAM_WAY_FILES     ? task->no_files
                      : kind == BRAM_WAY_PROGRAM ? task->no_program
                                                 : NULL;
    bram_buffer text = {0};
    if (asks && !why) {
        if (kind == BRAM_WAY_FILES) put_files(&text, asks);
        else put_questions(&text, asks, kind == BRAM_WAY_PROGRAM);
    }
    bool works = text.length > 0;
    if (!asks) put_contestants(&text, task);
    else if (why) bram_buffer_put(&text, why);
    else if (!works) bram_buffer_put(&text, "the fitted model is asked while the benchmark runs");
    int status = bram_buffer_status(cx, &text);
    if (status == BRAM_OK) {
        out->works = works;
        out->text = bram_strdup(cx, text.text);
        if (!out->text) status = BRAM_ENOMEM;
    }
    bram_buffer_release(&text);
    return status;
}
