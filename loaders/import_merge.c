/*
 * import_merge.c - datasets imported apart, put together; see import_merge.h.
 */
#include "import_merge.h"

#include "dataset_form.h"
#include "import.h"
#include "import_forms.h"
#include "import_stimuli.h"

#include <stdio.h>
#include <string.h>

struct merge {
    bram_ctx *cx;
    bram_dataset *ds, *part;
    bram_left_out_fn *left_out;
    void *user;
    const char *sources; /* of the part */
    size_t number;       /* of the part */
    bram_form *form;
    size_t forms;          /* connectomes of all parts */
    bram_dataset **opened; /* parts with connectomes, up to their turn */
    bram_axis *report;     /* of connectomes */
    const char **outside;  /* groups of the part that stay out: recordings, connectomes */
    size_t outsides;
    char **order; /* ids of the recordings that are in, as the reports of the parts have them */
    size_t ordered, room;
    char *own, *shared; /* sources of one part each, and of several */
};

enum { DIGITS = 64 };

/* The next "SHA256 NAME" of a list, "" after the last; names may hold commas themselves. */
static const char *next_source(const char *at)
{
    while ((at = strstr(at, ", ")))
        if (strspn(at += 2, "0123456789abcdef") == DIGITS) return at;
    return "";
}

/* ---- what is moved -------------------------------------------------------------------------- */

/* The file a recording was read from, as its loader noted it, else the fallback. */
static const char *file_of(const bram_dataset *ds, const char *group, const char *fallback)
{
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
    const char *file = attrs ? bram_attrs_text(attrs, "source_file") : NULL;
    return file ? file : fallback;
}

static void tell(const struct merge *m, const char *path, bram_left_out why,
                 const bram_dataset *kept, const char *more)
{
    char text[900];
    const char *sources = m->sources; /* of a single file only its name is said */
    if (strlen(sources) > DIGITS + 1 && !*next_source(sources + 1)) sources += DIGITS + 1;
    snprintf(text, sizeof text, "%s: %s%s %s%s", file_of(m->part, path, sources), path,
             why == BRAM_LEFT_COPY ? ", with the same values, was read from" : " was read from",
             file_of(kept, path, "another file"), more);
    m->left_out(m->user, why, text);
}

/* Whether two responses have the same shape, values and masks. */
static int equal_values(bram_ctx *cx, bool *out, const bram_response *a, const bram_response *b)
{
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS], n = 1, dims = bram_response_dims(a);
    *out = false;
    if (dims != bram_response_dims(b)) return BRAM_OK;
    for (size_t d = 0; d < dims; d++) {
        count[d] = bram_response_length(a, d);
        if (count[d] != bram_response_length(b, d)) return BRAM_OK;
        n *= count[d];
    }
    size_t mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, n, sizeof *x), *y = bram_scratch(cx, n, sizeof *y);
    uint8_t *p = bram_scratch(cx, n, 1), *q = bram_scratch(cx, n, 1);
    int status = x && y && p && q ? bram_response_read(cx, a, start, count, x, p) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_response_read(cx, b, start, count, y, q);
    bool same = status == BRAM_OK && memcmp(p, q, n) == 0;
    for (size_t i = 0; i < n && same; i++) same = x[i] == y[i];
    bram_scratch_release(cx, mark);
    *out = same;
    return status;
}

/* Whether the recording of one name in both has the same raw values. */
static int is_copy(bram_ctx *cx, bool *out, const struct merge *m, const char *group)
{
    char *path = bram_strf(cx, "%s/raw", group);
    if (!path) return BRAM_ENOMEM;
    const bram_response *a = bram_dataset_response(m->ds, path),
                        *b = bram_dataset_response(m->part, path);
    *out = false;
    int status = a && b ? equal_values(cx, out, a, b) : BRAM_OK;
    bram_free(path);
    return status;
}

/* A recording of the part whose name is taken. */
static int leave_recording(bram_ctx *cx, struct merge *m, const char *group)
{
    bool copy = false;
    m->outside[m->outsides++] = group;
    BRAM_TRY(is_copy(cx, &copy, m, group));
    tell(m, group, copy ? BRAM_LEFT_COPY : BRAM_LEFT_CLASH, m->ds, "");
    return BRAM_OK;
}

/* Which recordings of the part are there already, and which connectomes others have more of. */
static int find_outside(bram_ctx *cx, struct merge *m)
{
    size_t n = bram_dataset_groups(m->part, "recordings");
    m->outside = bram_scratch(cx, n + m->forms, sizeof *m->outside);
    if (!m->outside) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(m->part, "recordings", i);
        size_t room = strlen("recordings/") + strlen(id) + 1;
        char *group = bram_scratch(cx, room, 1);
        if (!group) return BRAM_ENOMEM;
        snprintf(group, room, "recordings/%s", id);
        if (bram_dataset_has(m->ds, group)) BRAM_TRY(leave_recording(cx, m, group));
    }
    for (size_t i = 0; i < m->forms; i++)
        if (m->form[i].outside && m->form[i].part == m->number)
            m->outside[m->outsides++] = m->form[i].group;
    return BRAM_OK;
}

static bool is_outside(const struct merge *m, const char *path)
{
    for (size_t i = 0; i < m->outsides; i++) {
        size_t length = strlen(m->outside[i]);
        if (strncmp(path, m->outside[i], length) == 0 && (!path[length] || path[length] == '/'))
            return true;
    }
    return false;
}

static int add_order(bram_ctx *cx, struct merge *m, const char *id)
{
    if (m->ordered == m->room) {
        size_t room = m->room ? 2 * m->room : 16;
        char **order = bram_realloc(cx, m->order, room, sizeof *order);
        if (!order) return BRAM_ENOMEM;
        m->order = order;
        m->room = room;
    }
    m->order[m->ordered] = bram_strdup(cx, id);
    return m->order[m->ordered++] ? BRAM_OK : BRAM_ENOMEM;
}

/* In a file the recordings stand by name; the report of a part has the order of its import. */
static int find_order(bram_ctx *cx, struct merge *m)
{
    const bram_axis *report = bram_dataset_table(m->part, "import_report");
    const bram_column *id = report ? bram_axis_column(report, "recording") : NULL;
    char group[300];
    for (size_t i = 0; id && id->text && i < bram_axis_length(report); i++) {
        if (i && strcmp(id->text[i], id->text[i - 1]) == 0) continue;
        snprintf(group, sizeof group, "recordings/%s", id->text[i]);
        if (!is_outside(m, group)) BRAM_TRY(add_order(cx, m, id->text[i]));
    }
    return BRAM_OK;
}

static const char stimuli[] = "stimuli/stimulus";

/* The stimuli of the part join those that are in. */
static int join_stimuli(bram_ctx *cx, const struct merge *m)
{
    const bram_axis *a = bram_dataset_table(m->ds, stimuli),
                    *b = bram_dataset_table(m->part, stimuli);
    bram_axis *both = NULL;
    if (!a || !b || bram_axis_equal(a, b)) return BRAM_OK;
    BRAM_TRY(bram_import_stimuli(cx, &both, a, b));
    bram_dataset_exchange_table(m->ds, stimuli, both);
    return BRAM_OK;
}

/* Pictures and features that several parts have, each the same. */
static bool same_stimuli(const struct merge *m, const char *path)
{
    const bram_response *a = bram_dataset_response(m->ds, path),
                        *b = bram_dataset_response(m->part, path);
    bool same = a && b && strncmp(path, "stimuli/", 8) == 0;
    if (!same || equal_values(m->cx, &same, a, b) != BRAM_OK) return false;
    for (size_t d = 0; same && d < bram_response_dims(a); d++)
        same = bram_axis_equal(bram_response_axis(a, d), bram_response_axis(b, d));
    return same;
}

/* A recording is moved whole or not at all; anything else where nothing stands. */
static bool wanted(void *user, const char *path)
{
    const struct merge *m = user;
    if (strcmp(path, stimuli) == 0 && bram_dataset_table(m->ds, path)) return false; /* joined */
    if (same_stimuli(m, path)) return false;
    if (is_outside(m, path) || strcmp(path, "import_report") == 0) return false;
    if (!bram_dataset_has(m->ds, path) || bram_dataset_find_attrs(m->part, path)) return true;
    const bram_axis *a = bram_dataset_table(m->ds, path), *b = bram_dataset_table(m->part, path);
    if (!a || !b || !bram_axis_equal(a, b)) tell(m, path, BRAM_LEFT_CLASH, m->ds, "");
    return false;
}

/* ---- attributes of the root ----------------------------------------------------------------- */

/* The entry of a list that has these bytes, or NULL. */
static char *find_source(char *list, const char *entry, size_t length)
{
    for (const char *k = list; k && *k; k = next_source(k + 1))
        if (strncmp(k, entry, length) == 0 && (!k[length] || strncmp(k + length, ", ", 2) == 0))
            return list + (k - list);
    return NULL;
}

static int append_source(bram_ctx *cx, char **list, const char *entry, size_t length)
{
    char *longer = bram_strf(cx, "%s%s%.*s", *list ? *list : "", *list && **list ? ", " : "",
                             (int)length, entry);
    if (!longer) return BRAM_ENOMEM;
    bram_free(*list);
    *list = longer;
    return BRAM_OK;
}

static void remove_source(char *list, char *entry, size_t length)
{
    bool first = entry == list, last = !entry[length];
    char *from = last && !first ? entry - 2 : entry, *to = entry + length + (last ? 0 : 2);
    memmove(from, to, strlen(to) + 1);
}

/* Files that several parts were made of belong to the recordings of all: they come last, as in
 * each part. */
static int add_sources(bram_ctx *cx, struct merge *m, const char *more)
{
    for (const char *at = more, *next; *at; at = next) {
        next = next_source(at + 1);
        size_t length = *next ? (size_t)(next - at) - 2 : strlen(at);
        char *before = find_source(m->own, at, length);
        if (find_source(m->shared, at, length)) continue;
        if (before) remove_source(m->own, before, length);
        BRAM_TRY(append_source(cx, before ? &m->shared : &m->own, at, length));
    }
    return BRAM_OK;
}

static int put_sources(bram_ctx *cx, const struct merge *m)
{
    bram_attrs *root = bram_dataset_attrs(cx, m->ds, "");
    const char *own = m->own ? m->own : "", *shared = m->shared ? m->shared : "";
    char *all = bram_strf(cx, "%s%s%s", own, *own && *shared ? ", " : "", shared);
    int status = root && all ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && *all) status = bram_attrs_set_text(cx, root, "sources", all);
    bram_free(all);
    return status;
}

/* The first part gives all attributes; later ones their sources, and a history that differs. */
static int add_root(bram_ctx *cx, struct merge *m, bool first)
{
    bram_attrs *root = bram_dataset_attrs(cx, m->ds, "");
    const bram_attrs *part = bram_dataset_find_attrs(m->part, "");
    if (!root) return BRAM_ENOMEM;
    BRAM_TRY(add_sources(cx, m, m->sources));
    if (first) return bram_attrs_copy(cx, root, part);
    const char *mine = bram_attrs_text(root, "history"), *other = bram_attrs_text(part, "history");
    if (!mine || !other || strstr(mine, other)) return BRAM_OK;
    char *both = bram_strf(cx, "%s; %s", mine, other);
    int status = both ? bram_attrs_set_text(cx, root, "history", both) : BRAM_ENOMEM;
    bram_free(both);
    return status;
}

static int note_missing(bram_ctx *cx, bram_dataset *ds, const char *missing)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    const char *history = root ? bram_attrs_text(root, "history") : NULL;
    if (!root) return BRAM_ENOMEM;
    char *text = bram_strf(cx, "%s; without %s, which could not be imported",
                           history ? history : "", missing);
    int status = text ? bram_attrs_set_text(cx, root, "history", text) : BRAM_ENOMEM;
    bram_free(text);
    return status;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void take_part(struct merge *m, bram_dataset *part)
{
    const char *sources = bram_attrs_text(bram_dataset_find_attrs(part, ""), "sources");
    m->part = part;
    m->sources = sources ? sources : "";
    m->outsides = 0;
}

static int open_part(bram_ctx *cx, struct merge *m, const char *path)
{
    bram_dataset *part = m->opened[m->number];
    if (!part) BRAM_TRY(bram_dataset_open(cx, &part, path));
    m->opened[m->number] = NULL;
    take_part(m, part);
    return BRAM_OK;
}

static int add_part(bram_ctx *cx, struct merge *m, const char *path, size_t number)
{
    size_t mark = bram_scratch_mark(cx);
    m->number = number;
    BRAM_TRY(open_part(cx, m, path));
    int status = add_root(cx, m, number == 0);
    if (status == BRAM_OK) status = find_outside(cx, m);
    if (status == BRAM_OK) status = find_order(cx, m);
    if (status == BRAM_OK) status = join_stimuli(cx, m);
    if (status == BRAM_OK) status = bram_dataset_move(cx, m->ds, m->part, wanted, m);
    bram_dataset_free(m->part);
    m->part = NULL;
    bram_scratch_release(cx, mark);
    return status;
}

/* How a connectome that stays out differs from the one that is in. */
static int tell_form(bram_ctx *cx, struct merge *m, const bram_form *f)
{
    const bram_dataset *kept = m->opened[m->form[f->kept].part];
    bram_forms forms;
    char more[sizeof forms.words + 2];
    take_part(m, m->opened[f->part]);
    BRAM_TRY(bram_import_forms(cx, &forms, f->group, kept, m->part));
    snprintf(more, sizeof more, "; %s", forms.words);
    tell(m, f->group, forms.same ? BRAM_LEFT_COPY : BRAM_LEFT_FORM, kept, forms.same ? "" : more);
    return BRAM_OK;
}

/* Parts of one loader have connectomes, all of them or none: those that do are compared first. */
static int compare_forms(bram_ctx *cx, struct merge *m, const char *const *parts, size_t count)
{
    m->opened = bram_alloc(cx, count, sizeof *m->opened);
    if (!m->opened) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        BRAM_TRY(bram_dataset_open(cx, &m->opened[i], parts[i]));
        if (!bram_dataset_groups(m->opened[0], "connectome")) return BRAM_OK;
    }
    const bram_dataset *const *opened = (const bram_dataset *const *)m->opened;
    BRAM_TRY(bram_import_forms_list(cx, &m->form, &m->forms, opened, count));
    BRAM_TRY(bram_import_forms_report(cx, &m->report, m->form, m->forms, opened, count));
    for (size_t i = 0; i < m->forms; i++)
        if (m->form[i].outside) BRAM_TRY(tell_form(cx, m, &m->form[i]));
    return BRAM_OK;
}

static int report(bram_ctx *cx, struct merge *m)
{
    size_t mark = bram_scratch_mark(cx);
    if (m->report && !bram_dataset_groups(m->ds, "recordings")) {
        bram_axis *table = m->report;
        m->report = NULL; /* taken over in any case */
        return bram_dataset_add_table(cx, m->ds, "", table);
    }
    const char **order = bram_scratch(cx, m->ordered, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->ordered; i++) order[i] = m->order[i];
    int status = m->ordered ? bram_import_report(cx, m->ds, order, m->ordered) : BRAM_OK;
    bram_scratch_release(cx, mark);
    return status;
}

int bram_import_merge(bram_ctx *cx, const char *path, const char *const *parts, size_t count,
                      const char *missing, bram_left_out_fn *left_out, void *user)
{
    struct merge m = {.cx = cx, .left_out = left_out, .user = user};
    BRAM_TRY(bram_dataset_new(cx, &m.ds));
    int status = compare_forms(cx, &m, parts, count);
    for (size_t i = 0; status == BRAM_OK && i < count; i++) status = add_part(cx, &m, parts[i], i);
    if (status == BRAM_OK) status = put_sources(cx, &m);
    if (status == BRAM_OK && missing) status = note_missing(cx, m.ds, missing);
    if (status == BRAM_OK) status = report(cx, &m);
    if (status == BRAM_OK) status = bram_dataset_join(cx, m.ds, path, false);
    bram_dataset_free(m.ds);
    for (size_t i = 0; m.opened && i < count; i++) bram_dataset_free(m.opened[i]);
    bram_free(m.opened);
    bram_axis_free(m.report);
    bram_import_forms_free(m.form, m.forms);
    for (size_t i = 0; i < m.ordered; i++) bram_free(m.order[i]);
    bram_free(m.order);
    bram_free(m.own);
    bram_free(m.shared);
    return status;
}
