/*
 * dag2023_labels.c - labels of Dag et al. 2023: the dictionary as JSON and as JLD2, and the
 * laboratory's workbooks.
 *
 * The dictionary maps a recording to two things: trace index (1-based) to label, and class to its
 * traces; the first is read. A workbook has sheets "labels v1", "labels v2 ..." of which the last
 * by name counts; its rows name a NeuroPAL region, which the recording's own file matches to a
 * trace. The laboratory takes a match of confidence 2 or more. Labels of low confidence are kept
 * with their confidence; the import's threshold (2.5, the laboratory's) marks them.
 */
#include "dag2023.h"

#include "gz.h"
#include "h5.h"
#include "json.h"
#include "number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int bram_dag_labels_new(bram_ctx *cx, bram_dag_labels *out, size_t traces)
{
    bram_dag_labels l = {.traces = traces};
    l.label = bram_alloc(cx, traces, sizeof *l.label);
    l.further = bram_alloc(cx, traces, sizeof *l.further);
    l.confidence = bram_alloc(cx, traces, sizeof *l.confidence);
    if (!l.label || !l.further || !l.confidence) {
        bram_dag_labels_release(&l);
        return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < traces; i++) l.confidence[i] = (double)NAN;
    *out = l;
    return BRAM_OK;
}

void bram_dag_labels_release(bram_dag_labels *l)
{
    for (size_t i = 0; i < l->traces; i++) {
        if (l->label) bram_free(l->label[i]);
        if (l->further) bram_free(l->further[i]);
    }
    bram_free(l->label);
    bram_free(l->further);
    bram_free(l->confidence);
    *l = (bram_dag_labels){0};
}

static int add_further(bram_ctx *cx, char **further, const char *label)
{
    char *longer = bram_strf(cx, "%s%s%s", *further ? *further : "", *further ? " | " : "", label);
    if (!longer) return BRAM_ENOMEM;
    bram_free(*further);
    *further = longer;
    return BRAM_OK;
}

int bram_dag_labels_add(bram_ctx *cx, bram_dag_labels *l, size_t trace, const char *label,
                        double confidence)
{
    bool second_choice = strstr(label, "alt") != NULL;
    if (l->label[trace] && (second_choice || !strstr(l->label[trace], "alt")))
        return add_further(cx, &l->further[trace], label);
    if (l->label[trace]) BRAM_TRY(add_further(cx, &l->further[trace], l->label[trace]));
    char *copy = bram_strdup(cx, label);
    if (!copy) return BRAM_ENOMEM;
    bram_free(l->label[trace]);
    l->label[trace] = copy;
    l->confidence[trace] = confidence;
    return BRAM_OK;
}

/* ---- which form ----------------------------------------------------------------------------- */

int bram_dag_form_of(bram_ctx *cx, bram_dag_form *out, const char *path)
{
    unsigned char head[64] = {0};
    size_t size = bram_gz_peek(path, head, sizeof head - 1), at = 0; /* JSON may be gzip */
    *out = BRAM_DAG_NONE;
    if (size >= 4 && memcmp(head, "PK\3\4", 4) == 0) *out = BRAM_DAG_XLSX;
    else if (bram_h5_probe(path)) {
        bram_h5 *h5 = NULL;
        int status = bram_h5_open(cx, &h5, path);
        if (status == BRAM_ENOMEM) return status;
        if (status == BRAM_OK && bram_h5_exists(bram_h5_root(h5), "NeuroPAL_labels"))
            *out = BRAM_DAG_JLD2;
        bram_h5_close(h5);
    } else {
        if (size >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0) at = 3;
        while (at < size && isspace(head[at])) at++;
        if (head[at] == '{') *out = BRAM_DAG_JSON;
    }
    return BRAM_OK;
}

int bram_dag_labels_read(bram_ctx *cx, bram_dag_labels *l, bram_dag_source *source, const char *uid,
                         const bram_dag_match *match)
{
    static const char *const words[] = {"none", "JSON dictionary", "JLD2 dictionary", "workbook"};
    int status = source->form == BRAM_DAG_JSON   ? bram_dag_read_json(cx, l, source, uid)
                 : source->form == BRAM_DAG_JLD2 ? bram_dag_read_jld2(cx, l, source, uid)
                 : source->form == BRAM_DAG_XLSX
                     ? bram_dag_read_xlsx(cx, l, source->path, match)
                     : bram_fail(cx, BRAM_EFORMAT, "%s: not a file of labels", source->path);
    BRAM_TRY(status);
    if (!l->form[0]) snprintf(l->form, sizeof l->form, "%s", words[source->form]);
    return BRAM_OK;
}

/* ---- the dictionary as JSON ----------------------------------------------------------------- */

static int add_member(bram_ctx *cx, bram_dag_labels *l, const bram_json_member *m, const char *path,
                      const char *uid)
{
    int64_t trace;
    double confidence = (double)NAN;
    const char *label = bram_json_text(bram_json_get(m->value, "label"));
    if (!bram_integer_parse(m->key, &trace))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: found key \"%s\", expected the number of a trace", path, uid,
                         m->key);
    if (trace < 1 || (uint64_t)trace > l->traces)
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: %s: found a label for trace %lld, expected 1 to %zu, the traces of the "
            "recording",
            path, uid, (long long)trace, l->traces);
    if (!label)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s: trace %lld has no text \"label\"", path, uid,
                         (long long)trace);
    bram_json_number(bram_json_get(m->value, "confidence"), &confidence);
    return bram_dag_labels_add(cx, l, (size_t)trace - 1, label, confidence);
}

/* A trace's label, or a list of them of which the surest comes first. */
static int add_labels(bram_ctx *cx, bram_dag_labels *l, const bram_json_member *m, const char *path,
                      const char *uid)
{
    if (bram_json_kind_of(m->value) != BRAM_JSON_ARRAY) return add_member(cx, l, m, path, uid);
    size_t count = bram_json_count(m->value), best = 0;
    double most = -INFINITY, confidence;
    for (size_t i = 0; i < count; i++)
        if (bram_json_number(bram_json_get(bram_json_at(m->value, i), "confidence"), &confidence) &&
            confidence > most)
            best = i, most = confidence;
    for (size_t i = 0; i < count; i++) {
        size_t at = i == 0 ? best : i <= best ? i - 1 : i;
        const bram_json_member one = {m->key, bram_json_at(m->value, at), NULL};
        BRAM_TRY(add_member(cx, l, &one, path, uid));
    }
    return BRAM_OK;
}

int bram_dag_labels_add_all(bram_ctx *cx, bram_dag_labels *l, const bram_json *traces,
                            const char *path, const char *uid)
{
    bram_json_member member = {0};
    while (bram_json_next(traces, &member)) BRAM_TRY(add_labels(cx, l, &member, path, uid));
    return BRAM_OK;
}

/* The older dictionary has recordings at its top; the newer one, neuropal_label.json, has them
 * below "data", and the traces of each below "idx_neuron-label". */
static int read_dictionary(bram_ctx *cx, bram_dag_labels *l, const bram_json *root,
                           const char *path, const char *uid)
{
    const bram_json *data = bram_json_get(root, "data");
    const bram_json *entry = bram_json_get(data ? data : root, uid), *traces;
    if (!entry)
        return bram_fail(cx, BRAM_EABSENT, "%s knows %zu recordings but not \"%s\"", path,
                         bram_json_count(data ? data : root), uid);
    const bram_json *below = bram_json_get(entry, "idx_neuron-label");
    if (below) entry = below;
    traces = bram_json_kind_of(entry) == BRAM_JSON_ARRAY ? bram_json_at(entry, 0) : entry;
    if (!traces || bram_json_kind_of(traces) != BRAM_JSON_OBJECT)
        return bram_fail(
            cx, BRAM_EFORMAT, "%s: %s: found %s, expected an object of traces", path, uid,
            traces ? bram_json_kind_name(bram_json_kind_of(traces)) : "an empty array");
    return bram_dag_labels_add_all(cx, l, traces, path, uid);
}

int bram_dag_read_json(bram_ctx *cx, bram_dag_labels *l, bram_dag_source *source, const char *uid)
{
    const char *path = source->path;
    if (!source->json) BRAM_TRY(bram_json_read(cx, &source->json, path, 0));
    if (bram_json_kind_of(source->json) == BRAM_JSON_OBJECT)
        return read_dictionary(cx, l, source->json, path, uid);
    return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected an object of recordings", path,
                     bram_json_kind_name(bram_json_kind_of(source->json)));
}

void bram_dag_source_close(bram_dag_source *s)
{
    bram_jld2_close(s->jld2);
    bram_json_free(s->json);
    s->jld2 = NULL;
    s->json = NULL;
}

/* ---- files that belong to recordings -------------------------------------------------------- */

/* {"2022-07-26-31": [{"1": {"label": ...}}, ...]}, or the traces without the list about them; or
 * the newer form, as read_dictionary has it. */
static bool has_labels(const bram_json *root)
{
    bram_json_member recording = {0}, trace = {0};
    const bram_json *data = bram_json_get(root, "data");
    if (!bram_json_next(data ? data : root, &recording)) return false;
    const bram_json *below = bram_json_get(recording.value, "idx_neuron-label");
    const bram_json *traces = below ? below : recording.value;
    if (bram_json_kind_of(traces) == BRAM_JSON_ARRAY) traces = bram_json_at(traces, 0);
    int64_t number;
    return traces && bram_json_kind_of(traces) == BRAM_JSON_OBJECT &&
           bram_json_next(traces, &trace) && bram_integer_parse(trace.key, &number) &&
           bram_json_get(trace.value, "label");
}

/* The laboratory's lists of deposited files, for Atanas & Kim as well: names, sums, events. */
static bool is_manifest(const char *path)
{
    static const char head[] = "filename,checksum,uid,";
    char found[sizeof head] = "";
    return bram_gz_peek(path, found, sizeof found - 1) == sizeof found - 1 &&
           strcmp(found, head) == 0;
}

int bram_dag_belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    enum { MOST_BYTES = 64 << 20 };
    bram_dag_form form;
    bram_json *json = NULL;
    bool labels = false;
    int status = bram_dag_form_of(cx, &form, path);
    *out = (bram_recognition){.verdict = BRAM_NOT_MINE};
    if (status == BRAM_OK && form == BRAM_DAG_NONE && is_manifest(path))
        *out = (bram_recognition){BRAM_BESIDE_MINE, "a list of deposited files and their sums"};
    if (status == BRAM_OK && form == BRAM_DAG_JLD2)
        *out = (bram_recognition){BRAM_MINE, "JLD2 with NeuroPAL_labels"};
    if (status == BRAM_OK && form == BRAM_DAG_JSON) {
        status = bram_json_read(cx, &json, path, MOST_BYTES);
        if (status == BRAM_OK && has_labels(json))
            *out = (bram_recognition){BRAM_MINE, "JSON of recordings, traces and their labels"};
        bram_json_free(json);
    }
    if (status == BRAM_OK && form == BRAM_DAG_XLSX) {
        status = bram_dag_is_workbook(cx, &labels, path);
        if (labels) *out = (bram_recognition){BRAM_MINE, "workbook with a sheet of labels"};
    }
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}
