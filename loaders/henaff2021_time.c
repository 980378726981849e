/*
 * henaff2021_time.c - the time course of a session of Henaff et al. 2021 as a recording.
 *
 * psth_population has rates over bins of 10 ms from 50 ms before the onset of a frame, means over
 * the 11 frames of a movie and 50 repeats. Times the width of a bin and 550 they are whole numbers,
 * in all sessions at hand: the spikes of all presentations together. The recording has these counts
 * movie by movie, all scales and categories of a movie beside each other, so that a cut in time
 * leaves out whole movies. Each is a piece of its own; pieces begin a second apart, on a clock that
 * is made: presentations were interleaved. A bin is stamped by its end.
 *
 * events: of kind "stimulus" what a piece is of; of kind "state" before, response and after: the
 * response begins by the latency of the session (response_latency) and lasts as long as the counts
 * of the session were taken (integrationPeriod); a bin is in it when its middle is.
 */
#include "henaff2021.h"

#include "intake.h"

#include <math.h>
#include <stdio.h>

enum { STATES = 3, SPANS = STATES + 1 };

size_t bram_henaff_rate_at(const bram_henaff *s, const bram_henaff_row *r, size_t unit, size_t bin)
{
    size_t movie = r->movie + HENAFF_MOVIES * (unit + s->units * bin);
    return r->scale + HENAFF_SCALES * (r->category + HENAFF_CATEGORIES * movie);
}

struct course {
    const bram_henaff *s;
    const bram_henaff_row *row[HENAFF_SEQUENCES]; /* movie by movie */
    size_t rows;
    double width, *time, *values; /* of a bin, s; of each row, rows x units */
    int64_t *piece;
};

static void order_movies(struct course *c)
{
    size_t n = 0;
    for (size_t movie = 0; movie < HENAFF_MOVIES; movie++)
        for (size_t i = 0; i < c->s->sequences; i++)
            if (c->s->sequence[i].movie == movie) c->row[n++] = &c->s->sequence[i];
}

/* @return whether all counts are whole numbers */
static bool fill(struct course *c)
{
    const bram_henaff *s = c->s;
    double presented = (double)(HENAFF_FRAMES * s->repeats);
    for (size_t i = 0, at = 0; i < s->sequences; i++)
        for (size_t b = 0; b < s->bins; b++) {
            c->time[i * s->bins + b] = (double)i + s->edges[b] - s->edges[0] + c->width;
            c->piece[i * s->bins + b] = (int64_t)i;
            for (size_t u = 0; u < s->taken; u++) {
                double rate = s->psth[bram_henaff_rate_at(s, c->row[i], s->unit[u], b)];
                double count = rate * c->width * presented;
                c->values[at++] = rint(count);
                if (fabs(count - rint(count)) > 1e-6 * (1 + fabs(count))) return false;
            }
        }
    return true;
}

static int put_traces(bram_ctx *cx, bram_dataset *ds, const struct course *c)
{
    enum { ROOM = 3 * HENAFF_NAME };
    const bram_henaff *s = c->s;
    char *text = bram_scratch(cx, s->taken, ROOM);
    const char **label = bram_scratch(cx, s->taken, sizeof *label);
    if (!text || !label) return BRAM_ENOMEM;
    for (size_t u = 0; u < s->taken; u++) {
        label[u] = text + u * ROOM;
        snprintf(text + u * ROOM, ROOM, "%s-%.0f", s->name, s->cluster[s->unit[u]]);
    }
    BRAM_TRY(bram_intake_traces(cx, ds, s->name,
                                &(bram_traces){.rows = c->rows,
                                               .cols = s->taken,
                                               .time = c->time,
                                               .values = c->values,
                                               .labels = label,
                                               .piece = c->piece,
                                               .unit = "count",
                                               .filter = "none"}));
    BRAM_TRY(bram_intake_text(cx, ds, s->name, "species", "Macaca"));
    BRAM_TRY(bram_intake_text(cx, ds, s->name, "subject", s->monkey));
    BRAM_TRY(bram_intake_text(cx, ds, s->name, "session", s->penetration));
    BRAM_TRY(bram_intake_text(cx, ds, s->name, "condition", "anaesthetised, movies"));
    return bram_intake_text(cx, ds, s->name, "signal",
                            "spikes of all frames and repeats of a movie together");
}

static int put_events(bram_ctx *cx, bram_dataset *ds, const struct course *c)
{
    static const char *const state[STATES] = {"before", "response", "after"};
    const bram_henaff *s = c->s;
    size_t n = SPANS * s->sequences, at = 0;
    const char **what = bram_scratch(cx, n, sizeof *what),
               **kind = bram_scratch(cx, n, sizeof *kind);
    double *onset = bram_scratch(cx, n, sizeof *onset),
           *offset = bram_scratch(cx, n, sizeof *offset);
    if (!what || !kind || !onset || !offset) return BRAM_ENOMEM;
    double begins = s->latency - s->edges[0] + c->width / 2; /* of stamps: half a bin late */
    double end = (double)(s->bins + 1) * c->width;           /* beyond the last stamp */
    double border[STATES + 1] = {0, begins, begins + s->period, end};
    for (size_t i = 0; i < s->sequences; i++) {
        what[at] = c->row[i]->id, kind[at] = "stimulus";
        onset[at] = (double)i, offset[at++] = (double)i + end;
        for (size_t k = 0; k < STATES; k++, at++) {
            what[at] = state[k], kind[at] = "state";
            onset[at] = (double)i + border[k], offset[at] = (double)i + border[k + 1];
        }
    }
    return bram_intake_events(
        cx, ds, s->name,
        &(bram_spans){.count = n, .what = what, .onset = onset, .offset = offset, .kind = kind});
}

int bram_henaff_put_recording(bram_ctx *cx, bram_dataset *ds, const bram_henaff *s)
{
    struct course c = {.s = s, .rows = s->sequences * s->bins};
    if (s->bins < 2 || !s->sequences) return BRAM_OK;
    c.width = s->edges[1] - s->edges[0];
    c.time = bram_scratch(cx, c.rows, sizeof *c.time);
    c.piece = bram_scratch(cx, c.rows, sizeof *c.piece);
    c.values = bram_scratch(cx, c.rows, s->taken * sizeof *c.values);
    if (!c.time || !c.piece || !c.values) return BRAM_ENOMEM;
    order_movies(&c);
    if (!fill(&c)) {
        bram_note(cx,
                  "%s: the rates are no whole numbers of spikes in %d presentations: no "
                  "recording is made of them",
                  s->name, (int)(HENAFF_FRAMES * s->repeats));
        return BRAM_OK;
    }
    BRAM_TRY(put_traces(cx, ds, &c));
    return put_events(cx, ds, &c);
}
