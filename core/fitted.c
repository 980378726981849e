/*
 * fitted.c - a model by its spec string: fit, answer, save, load.
 */
#include "hash.h"
#include "linalg.h"

#include <bramble/model.h>

#include <string.h>

struct bram_fitted {
    const bram_model *model;
    bram_options *options;
    void *state;
    bram_axis *unit, *input;
    char *spec;
    uint64_t seed;
    char data[65]; /* "": not told */
};

const char *bram_ask_response(bram_ask ask)
{
    switch (ask) {
    case BRAM_ASK_STEP:
    case BRAM_ASK_RESPOND:
    case BRAM_ASK_COSMOOTH:
        return "mean";
    case BRAM_ASK_LOGLIK:
        return "logdensity";
    case BRAM_ASK_STATES:
        return "posterior";
    case BRAM_ASK_WEIGHTS:
        return "weights";
    default:
        return NULL;
    }
}

static const bram_param no_params[] = {{.name = NULL}};

static const bram_param *params_of(const bram_model *m)
{
    return m->params ? m->params : no_params;
}

void bram_fitted_free(bram_fitted *f)
{
    if (!f) return;
    if (f->state && f->model->release) f->model->release(f->state);
    bram_options_free(f->options);
    bram_axis_free(f->unit);
    bram_axis_free(f->input);
    bram_free(f->spec);
    bram_free(f);
}

int bram_model_parse(bram_ctx *cx, const bram_model **model, bram_options **options,
                     char **canonical, const char *spec)
{
    size_t length = bram_spec_name_length(spec);
    if (!length)
        return bram_fail(cx, BRAM_EUSAGE, "\"%s\" is no model: expected name:key=value,...", spec);
    char *name = bram_strdup(cx, spec), *text = NULL;
    if (!name) return BRAM_ENOMEM;
    name[length] = 0;
    const bram_model *found = bram_model_find(name);
    bram_options *parsed = NULL;
    int status = found ? BRAM_OK
                       : bram_fail(cx, BRAM_EUSAGE,
                                   "no model is named \"%s\" (bramble list models "
                                   "shows them)",
                                   name);
    if (status == BRAM_OK) {
        status = bram_options_new(cx, &parsed, params_of(found),
                                  spec[length] == ':' ? spec + length + 1 : "");
        if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", name);
    }
    if (status == BRAM_OK && canonical) {
        const char *rest = bram_options_canonical(parsed);
        text = bram_strf(cx, "%s%s%s", name, *rest ? ":" : "", rest);
        if (!text) status = BRAM_ENOMEM;
    }
    bram_free(name);
    if (status != BRAM_OK) {
        bram_options_free(parsed);
        return status;
    }
    *model = found;
    if (canonical) *canonical = text;
    if (options) *options = parsed;
    else bram_options_free(parsed);
    return BRAM_OK;
}

int bram_model_brief(bram_ctx *cx, char **brief, const char *spec)
{
    const bram_model *model;
    bram_options *options = NULL;
    char *text = NULL;
    int status = bram_model_parse(cx, &model, &options, NULL, spec);
    if (status == BRAM_ENOMEM) return status;
    if (status == BRAM_OK) {
        char *rest = bram_options_brief(cx, options);
        if (rest) text = bram_strf(cx, "%s%s%s", model->name, *rest ? ":" : "", rest);
        bram_free(rest);
        bram_options_free(options);
    } else text = bram_strdup(cx, spec);
    if (!text) return BRAM_ENOMEM;
    *brief = text;
    return BRAM_OK;
}

int bram_model_content(bram_ctx *cx, char hex[65], const char *spec)
{
    const bram_model *model;
    bram_options *options = NULL;
    BRAM_TRY(bram_model_parse(cx, &model, &options, NULL, spec));
    int status = BRAM_OK;
    if (model->content) status = model->content(cx, hex, options);
    else hex[0] = 0;
    bram_options_free(options);
    return status;
}

/* Everything but the state. */
static int begin(bram_ctx *cx, bram_fitted **out, const char *spec)
{
    bram_fitted *f = bram_alloc(cx, 1, sizeof *f);
    if (!f) return BRAM_ENOMEM;
    int status = bram_model_parse(cx, &f->model, &f->options, &f->spec, spec);
    if (status == BRAM_OK) *out = f;
    else bram_free(f);
    return status;
}

int bram_fitted_new(bram_ctx *cx, bram_fitted **out, const char *spec, const bram_panel *train,
                    const bram_panel *validation, uint64_t seed)
{
    bram_fitted *f = NULL;
    BRAM_TRY(begin(cx, &f, spec));
    int status = BRAM_OK;
    if ((f->model->flags & BRAM_MODEL_NEEDS_INPUT) && !train->input)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "%s needs input (features, behaviour); this "
                           "benchmark gives none",
                           f->model->name);
    if ((f->model->flags & BRAM_MODEL_GRAPH) && !train->graph)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "%s is fitted on a graph; this benchmark gives recordings",
                           f->model->name);
    if (status == BRAM_OK)
        status = f->model->fit(cx, &f->state, f->options, train, validation, seed);
    if (status != BRAM_OK) {
        bram_fitted_free(f);
        return status;
    }
    f->seed = seed;
    f->unit = train->unit ? bram_axis_ref(train->unit) : NULL;
    f->input = train->input ? bram_axis_ref(train->input) : NULL;
    *out = f;
    return BRAM_OK;
}

int bram_fitted_answer(bram_ctx *cx, bram_dataset **out, const bram_fitted *f,
                       const bram_query *query)
{
    if (!(f->model->answers & BRAM_ANSWERS(query->ask))) {
        static const char *const asks[BRAM_ASKS] = {"one-step forecasts",
                                                    "free-running forecasts",
                                                    "responses to input",
                                                    "co-smoothing",
                                                    "log-likelihoods",
                                                    "states",
                                                    "weights",
                                                    "features",
                                                    "questions about learning",
                                                    "links",
                                                    "questions about its inside"};
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s does not answer %s", f->model->name,
                         asks[query->ask]);
    }
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_dataset_new(cx, &answer));
    int status = f->model->answer(cx, f->state, query, answer);
    if (status == BRAM_OK) *out = answer;
    else bram_dataset_free(answer);
    return status;
}

/* Shapes, and what is present. */
static int hash_matrix(bram_ctx *cx, bram_hash *h, const bram_mat *m, const uint8_t *present)
{
    BRAM_TRY(bram_hash_add_u64(cx, h, m->rows));
    BRAM_TRY(bram_hash_add_u64(cx, h, m->cols));
    for (size_t i = 0; i < m->rows * m->cols; i++)
        if (!present || present[i])
            BRAM_TRY(bram_hash_add(cx, h, bram_row(m, i / m->cols) + i % m->cols, sizeof(double)));
    return BRAM_OK;
}

static int hash_panel(bram_ctx *cx, bram_hash *h, const bram_panel *p)
{
    for (size_t s = 0; p && s < p->segments; s++) {
        BRAM_TRY(hash_matrix(cx, h, &p->segment[s].y, p->segment[s].y_present));
        BRAM_TRY(hash_matrix(cx, h, &p->segment[s].x, p->segment[s].x_present));
    }
    return BRAM_OK;
}

int bram_fitted_keep_data(bram_ctx *cx, bram_fitted *f, const bram_panel *train,
                          const bram_panel *validation)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = hash_panel(cx, h, train);
    if (status == BRAM_OK) status = hash_panel(cx, h, validation);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, f->data);
    bram_hash_free(h);
    return status;
}

static int put_source(bram_ctx *cx, bram_attrs *attrs, const bram_fitted *f)
{
    BRAM_TRY(bram_attrs_set_integer(cx, attrs, "seed", (int64_t)f->seed));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "program_version", bram_version()));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "blas_core", bram_blas_core()));
    return f->data[0] ? bram_attrs_set_text(cx, attrs, "data_sha256", f->data) : BRAM_OK;
}

static void get_source(bram_fitted *f, const bram_attrs *attrs)
{
    const char *data = bram_attrs_text(attrs, "data_sha256");
    f->seed = (uint64_t)bram_attrs_integer(attrs, "seed", 0);
    if (data && strlen(data) < sizeof f->data) memcpy(f->data, data, strlen(data) + 1);
}

/* ---- files: attributes model, spec; tables unit, input; the rest is the model's own --------- */

int bram_fitted_save(bram_ctx *cx, const bram_fitted *f, const char *path, bool replace)
{
    if (!f->model->save)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s cannot be saved", f->model->name);
    bram_dataset *file = NULL;
    BRAM_TRY(bram_dataset_new(cx, &file));
    bram_attrs *attrs = bram_dataset_attrs(cx, file, "");
    int status = attrs ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, attrs, "content", "bramble-model");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, attrs, "spec", f->spec);
    if (status == BRAM_OK)
        status = bram_attrs_set_integer(cx, attrs, "model_version", f->model->version);
    if (status == BRAM_OK) status = put_source(cx, attrs, f);
    if (status == BRAM_OK && f->unit)
        status = bram_dataset_add_table(cx, file, "columns", bram_axis_ref(f->unit));
    if (status == BRAM_OK && f->input)
        status = bram_dataset_add_table(cx, file, "inputs", bram_axis_ref(f->input));
    if (status == BRAM_OK) status = f->model->save(cx, f->state, file);
    if (status == BRAM_OK) status = bram_dataset_write(cx, file, path, replace);
    bram_dataset_free(file);
    return status;
}

static bram_axis *only_table(const bram_dataset *ds, const char *group)
{
    size_t length = strlen(group);
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i);
        if (strncmp(path, group, length) == 0 && path[length] == '/')
            return bram_axis_ref(bram_dataset_table(ds, path));
    }
    return NULL;
}

int bram_fitted_load(bram_ctx *cx, bram_fitted **out, const char *path)
{
    bram_dataset *file = NULL;
    BRAM_TRY(bram_dataset_open(cx, &file, path));
    bram_fitted *f = NULL;
    const bram_attrs *attrs = bram_dataset_find_attrs(file, "");
    const char *content = attrs ? bram_attrs_text(attrs, "content") : NULL;
    const char *spec = attrs ? bram_attrs_text(attrs, "spec") : NULL;
    int status = BRAM_OK;
    if (!content || strcmp(content, "bramble-model") != 0 || !spec)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: attribute content is \"%s\", expected "
                           "\"bramble-model\" with a spec",
                           path, content ? content : "");
    if (status == BRAM_OK) status = begin(cx, &f, spec);
    if (status == BRAM_OK && !f->model->load)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s cannot be loaded", f->model->name);
    if (status == BRAM_OK &&
        bram_attrs_integer(attrs, "model_version", -1) != (int64_t)f->model->version)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: saved by version %lld of %s, expected %u", path,
                           (long long)bram_attrs_integer(attrs, "model_version", -1),
                           f->model->name, f->model->version);
    if (status == BRAM_OK) {
        get_source(f, attrs);
        f->unit = only_table(file, "columns");
        f->input = only_table(file, "inputs");
        status = f->model->load(cx, &f->state, f->options, file);
    }
    bram_dataset_free(file);
    if (status == BRAM_OK) *out = f;
    else bram_fitted_free(f);
    return status;
}

const bram_model *bram_fitted_model(const bram_fitted *f)
{
    return f->model;
}

const char *bram_fitted_spec(const bram_fitted *f)
{
    return f->spec;
}

const bram_axis *bram_fitted_unit(const bram_fitted *f)
{
    return f->unit;
}
