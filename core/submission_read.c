/*
 * submission_read.c - a submission read and held against itself; see submission.h.
 */
#include "archivefile.h"
#include "hash.h"
#include "names.h"
#include "number.h"
#include "submission.h"

#include <math.h>
#include <string.h>

enum { MOST_MEMBERS = 10000, MOST_TEXT = 256 << 20, BLOCK_VALUES = 1 << 16 };

struct member {
    char *name;
    unsigned char *bytes;
    size_t size;
    bool listed;
};

struct reading {
    bram_submission s; /* first: the public part */
    bram_json *json;
    struct member *member;
    size_t members, room;
    size_t room_in_file; /* bytes of the file that no member has taken yet */
};

void bram_submission_free(bram_submission *s)
{
    struct reading *r = (struct reading *)s;
    if (!r) return;
    for (size_t i = 0; i < s->arrays; i++) {
        bram_npy_close(s->array[i].values);
        bram_axis_free(s->array[i].row);
        bram_axis_free(s->array[i].column);
        bram_free(s->array[i].time);
    }
    for (size_t i = 0; i < r->members; i++) {
        bram_free(r->member[i].name);
        bram_free(r->member[i].bytes);
    }
    bram_free(s->array);
    bram_free(r->member);
    bram_yaml_card_free(s->card);
    bram_json_free(r->json);
    bram_free(r);
}

/* ---- members -------------------------------------------------------------------------------- */

static struct member *find(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->members; i++)
        if (strcmp(r->member[i].name, name) == 0) return &r->member[i];
    return NULL;
}

static int check_name(bram_ctx *cx, const struct reading *r, const char *name)
{
    if (!bram_name_is_line(name, strlen(name)))
        return bram_fail(cx, BRAM_EFORMAT,
                         "the name of member %zu is no UTF-8 text without control characters",
                         r->members + 1);
    if (!bram_name_stays_inside(name))
        return bram_fail(cx, BRAM_EFORMAT, "member \"%s\" leads out of the archive", name);
    if (find(r, name)) return bram_fail(cx, BRAM_EFORMAT, "member \"%s\" is there twice", name);
    if (r->members == MOST_MEMBERS)
        return bram_fail(cx, BRAM_EFORMAT, "more than %d members", MOST_MEMBERS);
    return BRAM_OK;
}

static int take_member(bram_ctx *cx, struct reading *r, bram_archive *a, const char *name)
{
    BRAM_TRY(check_name(cx, r, name));
    if (r->members == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        struct member *grown = bram_realloc(cx, r->member, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        r->member = grown;
        r->room = room;
    }
    struct member m = {.name = bram_strdup(cx, name)};
    if (!m.name) return BRAM_ENOMEM;
    /* A plain tar holds no more than its own size, but for members with holes: those are refused
     * before they take memory. */
    size_t left = r->room_in_file;
    int status = bram_archive_take(cx, a, &m.bytes, &m.size, left ? left : 1);
    if (status == BRAM_OK) {
        r->member[r->members++] = m;
        r->room_in_file = m.size < left ? left - m.size : 0;
        return BRAM_OK;
    }
    bram_free(m.name);
    return status == BRAM_EFORMAT
               ? bram_fail_prefix(cx, status, "the file has %zu bytes left for a member", left)
               : status;
}

static int read_members(bram_ctx *cx, struct reading *r, const char *path)
{
    bram_archive *a = NULL;
    const char *name = NULL;
    int status = bram_archive_open(cx, &a, path);
    r->room_in_file = a ? bram_archive_bytes(a) : 0;
    while (status == BRAM_OK && (status = bram_archive_next(cx, a, &name)) == BRAM_OK && name)
        status = bram_archive_is_plain(a)
                     ? take_member(cx, r, a, name)
                     : bram_fail(cx, BRAM_EFORMAT,
                                 "found a zip or compressed archive, expected a plain tar");
    if (status == BRAM_OK && bram_archive_others(a))
        status = bram_fail(cx, BRAM_EFORMAT, "found %zu members that are links or devices",
                           bram_archive_others(a));
    bram_archive_close(a);
    return status;
}

/* ---- what it says --------------------------------------------------------------------------- */

static int text_of(bram_ctx *cx, const char **out, const bram_json *object, const char *key)
{
    const bram_json *value = NULL;
    BRAM_TRY(bram_json_need(cx, &value, object, key, BRAM_JSON_TEXT));
    *out = bram_json_text(value);
    return *out && bram_name_is_line(*out, strlen(*out))
               ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT, "field %s holds a control character", key);
}

static int read_words(bram_ctx *cx, struct reading *r)
{
    bram_submission *s = &r->s;
    const struct member *m = find(r, "submission.json");
    const char *content, *kind;
    int64_t version = 0;
    if (!m) return bram_fail(cx, BRAM_EFORMAT, "there is no submission.json in it");
    BRAM_TRY(bram_json_parse(cx, &r->json, (const char *)m->bytes, m->size, "submission.json"));
    BRAM_TRY(text_of(cx, &content, r->json, "content"));
    if (strcmp(content, BRAM_SUBMISSION_CONTENT) != 0 ||
        !bram_json_integer(bram_json_get(r->json, "version"), &version) ||
        version != BRAM_SUBMISSION_VERSION)
        return bram_fail(cx, BRAM_EFORMAT,
                         "submission.json: found content \"%s\", version %lld, expected \"%s\", %d",
                         content, (long long)version, BRAM_SUBMISSION_CONTENT,
                         BRAM_SUBMISSION_VERSION);
    BRAM_TRY(text_of(cx, &s->program, r->json, "program"));
    BRAM_TRY(text_of(cx, &s->benchmark, r->json, "benchmark"));
    BRAM_TRY(text_of(cx, &s->task, r->json, "task"));
    BRAM_TRY(text_of(cx, &s->options, r->json, "options"));
    BRAM_TRY(text_of(cx, &s->dataset, r->json, "dataset"));
    BRAM_TRY(text_of(cx, &s->dataset_hash, r->json, "dataset_hash"));
    BRAM_TRY(text_of(cx, &s->model, r->json, "model"));
    BRAM_TRY(text_of(cx, &kind, r->json, "kind"));
    s->features = strcmp(kind, "features") == 0;
    if (!s->features && strcmp(kind, "predictions") != 0)
        return bram_fail(cx, BRAM_EFORMAT, "kind is \"%s\", expected features or predictions",
                         kind);
    if (!bram_json_integer(bram_json_get(r->json, "benchmark_version"), &s->benchmark_version))
        return bram_fail(cx, BRAM_EFORMAT, "field benchmark_version: expected an integer");
    return BRAM_OK;
}

static int check_file(bram_ctx *cx, struct reading *r, const bram_json *file)
{
    const char *name, *stated;
    char found[65];
    int64_t bytes = -1;
    BRAM_TRY(text_of(cx, &name, file, "name"));
    BRAM_TRY(text_of(cx, &stated, file, "sha256"));
    struct member *m = find(r, name);
    if (!m) return bram_fail(cx, BRAM_EFORMAT, "\"%s\" is listed and not there", name);
    if (m->listed) return bram_fail(cx, BRAM_EFORMAT, "\"%s\" is listed twice", name);
    m->listed = true;
    if (!bram_json_integer(bram_json_get(file, "bytes"), &bytes) || bytes != (int64_t)m->size)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu bytes, stated are %lld", name, m->size,
                         (long long)bytes);
    BRAM_TRY(bram_sha256(cx, found, m->bytes, m->size));
    if (strcmp(found, stated) != 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: its SHA-256 is %.12s..., stated is %.12s...", name,
                         found, stated);
    return BRAM_OK;
}

static int check_files(bram_ctx *cx, struct reading *r)
{
    const bram_json *files = NULL;
    BRAM_TRY(bram_json_need(cx, &files, r->json, "files", BRAM_JSON_ARRAY));
    find(r, "submission.json")->listed = true;
    for (size_t i = 0; i < bram_json_count(files); i++)
        BRAM_TRY(check_file(cx, r, bram_json_at(files, i)));
    for (size_t i = 0; i < r->members; i++)
        if (!r->member[i].listed)
            return bram_fail(cx, BRAM_EFORMAT, "member \"%s\" is not listed in submission.json",
                             r->member[i].name);
    return BRAM_OK;
}

static int read_card(bram_ctx *cx, struct reading *r)
{
    const struct member *m = find(r, "card.yaml");
    if (!m) return bram_fail(cx, BRAM_EFORMAT, "there is no card.yaml in it");
    if (memchr(m->bytes, 0, m->size))
        return bram_fail(cx, BRAM_EFORMAT, "card.yaml: found a zero byte");
    return bram_yaml_card_parse(cx, &r->s.card, "card.yaml", (const char *)m->bytes);
}

/* ---- arrays --------------------------------------------------------------------------------- */

/* The lines of a member as the ids of a new axis, none of them twice or empty. */
static int read_axis(bram_ctx *cx, bram_axis **out, struct reading *r, const bram_json *array,
                     const char *key, size_t expected)
{
    const char *name;
    size_t lines = 0, n = 0;
    BRAM_TRY(text_of(cx, &name, array, key));
    struct member *m = find(r, name);
    if (!m) return bram_fail(cx, BRAM_EFORMAT, "\"%s\" is not there", name);
    if (m->size > MOST_TEXT || memchr(m->bytes, 0, m->size))
        return bram_fail(cx, BRAM_EFORMAT, "%s: expected text of at most %d bytes", name,
                         MOST_TEXT);
    for (size_t i = 0; i < m->size; i++) lines += m->bytes[i] == '\n';
    if (lines != expected || (m->size && m->bytes[m->size - 1] != '\n'))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu lines, expected %zu", name, lines,
                         expected);
    char *text = bram_alloc(cx, m->size + 1, 1);
    const char **id = bram_alloc(cx, lines, sizeof *id);
    bram_axis *axis = NULL;
    int status = text && id ? bram_axis_new(cx, &axis, key, lines) : BRAM_ENOMEM;
    if (status == BRAM_OK) memcpy(text, m->bytes, m->size);
    for (char *at = text; status == BRAM_OK && n < lines; n++) {
        char *end = strchr(at, '\n');
        *end = 0;
        id[n] = at;
        at = end + 1;
        if (!bram_name_is_line(id[n], strlen(id[n])))
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: line %zu is no UTF-8 text without control characters", name,
                               n + 1);
    }
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    for (size_t i = 0; i < n && status == BRAM_OK; i++)
        if (bram_axis_find(axis, id[i]) != (ptrdiff_t)i)
            status = bram_fail(cx, BRAM_EFORMAT, "%s: line %zu, \"%s\", %s", name, i + 1, id[i],
                               *id[i] ? "is there twice" : "is empty");
    bram_free(text);
    bram_free(id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int check_finite(bram_ctx *cx, const bram_submitted *a, size_t rows, size_t columns)
{
    size_t step = BLOCK_VALUES / columns + 1, mark = bram_scratch_mark(cx);
    double *block = bram_scratch(cx, step < rows ? step : rows, columns * sizeof *block);
    int status = block ? BRAM_OK : BRAM_ENOMEM;
    for (size_t first = 0; first < rows && status == BRAM_OK; first += step) {
        size_t n = rows - first < step ? rows - first : step;
        status = bram_npy_read_block(cx, a->values, first, n, block);
        for (size_t i = 0; i < n * columns && status == BRAM_OK; i++)
            if (!isfinite(block[i]))
                status = bram_fail(
                    cx, BRAM_EFORMAT, "%s: row %zu (%s), column %zu is %g, expected a number",
                    a->name, first + i / columns + 1, bram_axis_id(a->row, first + i / columns),
                    i % columns + 1, block[i]);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* Times of the rows, ascending. */
static int read_times(bram_ctx *cx, bram_submitted *a)
{
    size_t n = bram_axis_length(a->row);
    a->time = bram_alloc(cx, n, sizeof *a->time);
    if (!a->time) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!bram_number_parse(bram_axis_id(a->row, i), 0, &a->time[i]) ||
            (i && !(a->time[i] > a->time[i - 1])))
            return bram_fail(cx, BRAM_EFORMAT, "%s: row %zu is \"%s\", expected ascending seconds",
                             a->name, i + 1, bram_axis_id(a->row, i));
    return BRAM_OK;
}

static int read_array(bram_ctx *cx, struct reading *r, bram_submitted *a, const bram_json *array)
{
    const char *values, *rows_are;
    BRAM_TRY(text_of(cx, &a->name, array, "name"));
    BRAM_TRY(text_of(cx, &values, array, "values"));
    BRAM_TRY(text_of(cx, &rows_are, array, "rows_are"));
    a->is_time = strcmp(rows_are, "seconds") == 0;
    if (!a->is_time && strcmp(rows_are, "stimuli") != 0)
        return bram_fail(cx, BRAM_EFORMAT, "rows_are is \"%s\", expected stimuli or seconds",
                         rows_are);
    if (!bram_name_is_step(a->name, strlen(a->name)))
        return bram_fail(cx, BRAM_EFORMAT, "\"%s\" cannot be the name of an array", a->name);
    struct member *m = find(r, values);
    if (!m || !m->bytes) return bram_fail(cx, BRAM_EFORMAT, "\"%s\" is not there", values);
    unsigned char *bytes = m->bytes;
    m->bytes = NULL; /* the array takes them over */
    BRAM_TRY(bram_npy_open_memory(cx, &a->values, values, bytes, m->size));
    const bram_npy_info *info = bram_npy_describe(a->values);
    if (info->dims != 2 || !info->count || !bram_npy_is_numeric(a->values))
        return bram_fail(cx, BRAM_EFORMAT, "%s is %s, expected numbers, rows x columns", values,
                         bram_npy_summary(a->values));
    BRAM_TRY(read_axis(cx, &a->row, r, array, "rows", info->shape[0]));
    if (!r->s.features) BRAM_TRY(read_axis(cx, &a->column, r, array, "columns", info->shape[1]));
    if (a->is_time) BRAM_TRY(read_times(cx, a));
    return check_finite(cx, a, info->shape[0], info->shape[1]);
}

static int read_arrays(bram_ctx *cx, struct reading *r)
{
    const bram_json *arrays = NULL;
    BRAM_TRY(bram_json_need(cx, &arrays, r->json, "arrays", BRAM_JSON_ARRAY));
    size_t n = bram_json_count(arrays);
    if (!n) return bram_fail(cx, BRAM_EFORMAT, "there are no arrays in it");
    r->s.array = bram_alloc(cx, n, sizeof *r->s.array);
    if (!r->s.array) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        r->s.arrays++;
        BRAM_TRY(read_array(cx, r, &r->s.array[i], bram_json_at(arrays, i)));
        for (size_t k = 0; k < i; k++)
            if (strcmp(r->s.array[k].name, r->s.array[i].name) == 0)
                return bram_fail(cx, BRAM_EFORMAT, "two arrays are called \"%s\"",
                                 r->s.array[i].name);
    }
    return BRAM_OK;
}

int bram_submission_open(bram_ctx *cx, bram_submission **out, const char *path)
{
    struct reading *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    int status = bram_sha256_file(cx, r->s.sha256, path);
    if (status == BRAM_OK) status = read_members(cx, r, path);
    if (status == BRAM_OK) status = read_words(cx, r);
    if (status == BRAM_OK) status = check_files(cx, r);
    if (status == BRAM_OK) status = read_card(cx, r);
    if (status == BRAM_OK) status = read_arrays(cx, r);
    if (status == BRAM_OK) {
        *out = &r->s;
        return BRAM_OK;
    }
    bram_submission_free(&r->s);
    return bram_fail_prefix(cx, status, "%s", path);
}
