/*
 * zimmer_events.c - states of the animal and of the stimulus in files of the Zimmer laboratory.
 *
 * States is a struct with one indicator for each state, or a vector of codes, which the file does
 * not name. stimulus is a struct, or an array of them for several stimuli, as the depositors'
 * readme has it: identity (what was changed, "O2"), type ("binarysteps"), switchtimes (seconds on
 * the clock of the traces, when the stimulus changed to its other state), initialstate (which
 * element of conc it starts with, counted from 1), conc (two concentrations), concunits. An empty
 * array is no stimulus. Each stretch between switches becomes an event with its concentration; what
 * lies outside the recording is cut off.
 */
#include "zimmer.h"

#include "intake.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char a_state[] = "state", a_stimulus[] = "stimulus";

struct span {
    double onset, offset, value; /* value: of a stimulus, else NaN */
    const char *what, *unit, *kind;
};

/* Spans found so far; texts are scratch memory, or the file's. */
struct spans {
    size_t count, room;
    struct span *at;
};

static int add_span(bram_ctx *cx, struct spans *s, struct span span)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        struct span *at = bram_realloc(cx, s->at, room, sizeof *at);
        if (!at) return BRAM_ENOMEM;
        s->at = at;
        s->room = room;
    }
    s->at[s->count++] = span;
    return BRAM_OK;
}

/* ---- states of the animal ------------------------------------------------------------------- */

/* A state holds from the stamp of its first frame to that of the frame after its last. */
static int add_state(bram_ctx *cx, struct spans *s, const bram_zimmer_clock *w, size_t first,
                     size_t end, const char *what)
{
    return add_span(cx, s,
                    (struct span){w->time[first], w->time[end < w->rows ? end : w->rows - 1],
                                  (double)NAN, what, "", a_state});
}

/* The name of a code from "dt+fwd+...", or "state N". */
static void name_state(char *out, size_t bytes, const char *names, double code)
{
    double k = 0;
    for (; names && *names && k < code; k++) names += strcspn(names, "+"), names += *names == '+';
    int length = names ? (int)strcspn(names, "+") : 0;
    if (length && code >= 0 && code == floor(code)) snprintf(out, bytes, "%.*s", length, names);
    else snprintf(out, bytes, "state %g", code);
}

static int add_codes(bram_ctx *cx, struct spans *s, const bram_zimmer_clock *w, const double *code,
                     const char *names)
{
    for (size_t first = 0, t = 1; t <= w->rows; t++) {
        if (t < w->rows && code[t] == code[first]) continue;
        char *what = bram_scratch(cx, 1, 64);
        if (!what) return BRAM_ENOMEM;
        name_state(what, 64, names, code[first]);
        BRAM_TRY(add_state(cx, s, w, first, t, what));
        first = t;
    }
    return BRAM_OK;
}

/* Numbers, one for each frame; the caller frees them. */
static int for_each_frame(bram_ctx *cx, double **out, const bram_zimmer_clock *w,
                          bram_matlab_value *v, const char *what)
{
    if (bram_matlab_count(v) != w->rows)
        return bram_fail(cx, BRAM_EFORMAT, "%s has %zu %s, expected %zu, one for each frame",
                         bram_matlab_name(v), bram_matlab_count(v), what, w->rows);
    return bram_matlab_numbers(cx, out, v);
}

static int states_as_codes(bram_ctx *cx, struct spans *s, bram_dataset *ds,
                           const bram_zimmer_clock *w, bram_matlab_value *v, const char *names)
{
    double *code = NULL;
    BRAM_TRY(for_each_frame(cx, &code, w, v, "states"));
    int status = add_codes(cx, s, w, code, names);
    if (status == BRAM_OK)
        status = bram_intake_behaviour(cx, ds, w->id, w->rows, 1, w->time, code,
                                       (const char *const[]){"state"}, NULL);
    bram_free(code);
    return status;
}

static int states_as_indicators(bram_ctx *cx, struct spans *s, const bram_zimmer_clock *w,
                                bram_matlab_value *states)
{
    bram_matlab_value *v;
    for (size_t k = 0; k < bram_matlab_fields(states); k++) {
        const char *name = bram_matlab_field_at(states, k);
        double *on = NULL;
        BRAM_TRY(bram_matlab_field(cx, &v, states, name, 0));
        if (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC) continue;
        int status = for_each_frame(cx, &on, w, v, "values");
        for (size_t t = 0; status == BRAM_OK && t < w->rows; t++) {
            size_t first = t;
            while (t < w->rows && on[t] > 0) t++;
            if (t > first) status = add_state(cx, s, w, first, t, name);
        }
        bram_free(on);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- states of the stimulus ----------------------------------------------------------------- */

/* One stimulus. */
struct stimulus {
    const char *identity, *unit; /* scratch memory */
    double *times, *conc;        /* heap memory */
    size_t switches, initial;    /* initial: 0 or 1, of conc */
};

static void release(struct stimulus *x)
{
    bram_free(x->times);
    bram_free(x->conc);
}

/* Where the text of a field stands: scratch memory; "" where the field is absent or empty. */
static int field_text(bram_ctx *cx, const char **out, bram_matlab_value *v, const char *name,
                      size_t i)
{
    bram_matlab_value *field;
    char *text = NULL;
    *out = "";
    if (!bram_matlab_has_field(v, name)) return BRAM_OK;
    BRAM_TRY(bram_matlab_field(cx, &field, v, name, i));
    if (bram_matlab_count(field) == 0) return BRAM_OK;
    if (bram_matlab_kind_of(field) != BRAM_MATLAB_CHAR)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected a text", bram_matlab_name(field),
                         bram_matlab_class(field));
    BRAM_TRY(bram_matlab_text(cx, &text, field));
    char *copy = bram_scratch(cx, strlen(text) + 1, 1);
    if (copy) *out = strcpy(copy, text);
    bram_free(text);
    return copy ? BRAM_OK : BRAM_ENOMEM;
}

/* The numbers of a field, which must be there and finite; the caller frees them. */
static int field_numbers(bram_ctx *cx, double **out, size_t *count, bram_matlab_value *v,
                         const char *name, size_t i)
{
    bram_matlab_value *field;
    double *numbers = NULL;
    BRAM_TRY(bram_matlab_field(cx, &field, v, name, i));
    if (bram_matlab_kind_of(field) != BRAM_MATLAB_NUMERIC)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected numbers",
                         bram_matlab_name(field), bram_matlab_class(field));
    BRAM_TRY(bram_matlab_numbers(cx, &numbers, field));
    for (size_t k = 0; k < bram_matlab_count(field); k++) {
        if (isfinite(numbers[k])) continue;
        int status = bram_fail(cx, BRAM_EFORMAT, "%s: found %g at %zu, expected a finite number",
                               bram_matlab_name(field), numbers[k], k + 1);
        bram_free(numbers);
        return status;
    }
    *out = numbers;
    *count = bram_matlab_count(field);
    return BRAM_OK;
}

/* "binarysteps", however it is spaced and capitalised; a file that states no type has no other. */
static int check_type(bram_ctx *cx, bram_matlab_value *v, size_t i)
{
    static const char expected[] = "binarysteps";
    const char *type;
    size_t k = 0;
    BRAM_TRY(field_text(cx, &type, v, "type", i));
    for (const char *c = type; *c; c++)
        if (isalpha((unsigned char)*c)) k = tolower((unsigned char)*c) == expected[k] ? k + 1 : 0;
    if (!*type || k == sizeof expected - 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s.type is \"%.40s\", expected \"%s\"; stimulus=ignore leaves it out",
                     bram_matlab_name(v), type, expected);
}

static int read_stimulus(bram_ctx *cx, struct stimulus *x, bram_matlab_value *v, size_t i)
{
    double *initial = NULL;
    size_t count = 0;
    BRAM_TRY(check_type(cx, v, i));
    BRAM_TRY(field_text(cx, &x->unit, v, "concunits", i));
    BRAM_TRY(field_numbers(cx, &x->times, &x->switches, v, "switchtimes", i));
    for (size_t k = 1; k < x->switches; k++)
        if (!(x->times[k] > x->times[k - 1]))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s.switchtimes: found %g s after %g s, expected ascending times",
                             bram_matlab_name(v), x->times[k], x->times[k - 1]);
    BRAM_TRY(field_numbers(cx, &x->conc, &count, v, "conc", i));
    if (count != 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s.conc: found %zu concentrations, expected 2",
                         bram_matlab_name(v), count);
    BRAM_TRY(field_numbers(cx, &initial, &count, v, "initialstate", i));
    double state = count == 1 ? initial[0] : (double)NAN;
    bram_free(initial);
    if (state != 1 && state != 2)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s.initialstate: found %g, expected 1 or 2, the place in conc",
                         bram_matlab_name(v), state);
    x->initial = (size_t)state - 1;
    return BRAM_OK;
}

/* The stretches between switches, as far as they lie in the recording. */
static int add_steps(bram_ctx *cx, struct spans *s, const bram_zimmer_clock *w,
                     const struct stimulus *x)
{
    double first = w->time[0], last = w->time[w->rows - 1];
    for (size_t k = 0; k <= x->switches; k++) {
        double from = k ? x->times[k - 1] : first, to = k < x->switches ? x->times[k] : last;
        struct span span = {from > first ? from : first,
                            to < last ? to : last,
                            x->conc[(x->initial + k) % 2],
                            x->identity,
                            x->unit,
                            a_stimulus};
        if (span.offset > span.onset) BRAM_TRY(add_span(cx, s, span));
    }
    return BRAM_OK;
}

static int add_stimuli(bram_ctx *cx, struct spans *s, const bram_zimmer_clock *w,
                       bram_matlab_value *v)
{
    if (bram_matlab_count(v) == 0) return BRAM_OK;
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_STRUCT)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %s, expected a struct; stimulus=ignore leaves it out",
                         bram_matlab_name(v), bram_matlab_class(v));
    for (size_t i = 0; i < bram_matlab_count(v); i++) {
        struct stimulus x = {.switches = 0};
        BRAM_TRY(field_text(cx, &x.identity, v, "identity", i));
        if (!*x.identity) continue;
        int status = read_stimulus(cx, &x, v, i);
        if (status == BRAM_OK) status = add_steps(cx, s, w, &x);
        release(&x);
        if (status == BRAM_EABSENT) status = BRAM_EFORMAT;
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- the table ------------------------------------------------------------------------------ */

static int put_spans(bram_ctx *cx, bram_dataset *ds, const char *id, const struct spans *s)
{
    size_t n = s->count;
    double *number = bram_scratch(cx, n, 3 * sizeof *number);
    const char **text = bram_scratch(cx, n, 3 * sizeof *text);
    bool values = false;
    if (!number || !text) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct span *span = &s->at[i];
        number[i] = span->onset, number[n + i] = span->offset, number[2 * n + i] = span->value;
        text[i] = span->what, text[n + i] = span->unit, text[2 * n + i] = span->kind;
        values |= span->kind == a_stimulus;
    }
    return bram_intake_events(cx, ds, id,
                              &(bram_spans){n, text, number, number + n, text + 2 * n,
                                            values ? number + 2 * n : NULL, text + n});
}

int bram_zimmer_events(bram_ctx *cx, bram_dataset *ds, const bram_zimmer_clock *clock,
                       bram_matlab_value *states, const char *names, bram_matlab_value *stimulus)
{
    size_t mark = bram_scratch_mark(cx);
    struct spans s = {0};
    int status = BRAM_OK;
    if (states && bram_matlab_kind_of(states) == BRAM_MATLAB_STRUCT)
        status = states_as_indicators(cx, &s, clock, states);
    else if (states && bram_matlab_kind_of(states) == BRAM_MATLAB_NUMERIC &&
             bram_matlab_count(states) > 0)
        status = states_as_codes(cx, &s, ds, clock, states, names);
    if (status == BRAM_OK && stimulus) status = add_stimuli(cx, &s, clock, stimulus);
    if (status == BRAM_OK) status = put_spans(cx, ds, clock->id, &s);
    bram_free(s.at);
    bram_scratch_release(cx, mark);
    return status;
}
