/*
 * live_table.c - see live_table.h.
 */
#include "live_table.h"

#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NUMBERS = 40, LEAST_NAME = 12, FRAME = 3 }; /* columns of the numbers; lines besides rows */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* 0: at work, 1: begun and waiting, 2: waiting, 3: done */
static int rank_of(const bram_run_row *r)
{
    return r->running ? 0 : r->done == r->cells ? 3 : r->done ? 1 : 2;
}

static size_t name_width(const bram_run_row *row, size_t rows, size_t width)
{
    size_t longest = LEAST_NAME,
           room = width > NUMBERS + LEAST_NAME ? width - NUMBERS - 1 : LEAST_NAME;
    for (size_t i = 0; i < rows; i++)
        if (row[i].cells && strlen(row[i].benchmark) > longest) longest = strlen(row[i].benchmark);
    return longest < room ? longest : room;
}

static void put_row(bram_buffer *out, const bram_run_row *r, const char *name, size_t width)
{
    bram_buffer_putf(out, "%-*.*s%8zu%8zu%8zu%8zu%8zu\n", (int)width, (int)width, name, r->cells,
                     r->done, r->running, r->failed, r->not_applicable);
}

/* Rate and time left, once there is something to go by. */
static void put_pace(bram_buffer *out, const bram_run_row *all, double seconds)
{
    char time[24], left[24];
    bram_cli_duration(time, sizeof time, seconds);
    bram_buffer_putf(out, "%s", time);
    if (all->done && seconds > 1) {
        double rate = (double)all->done / seconds;
        bram_cli_duration(left, sizeof left, (double)(all->cells - all->done) / rate);
        bram_buffer_putf(out, ", %.3g cells/s, %s left", rate, left);
    }
    bram_buffer_put(out, "\n");
}

void bram_live_table_text(bram_buffer *out, const bram_run_row *row, size_t rows, double seconds,
                          size_t width, size_t height)
{
    bram_run_row all = {"all", 0, 0, 0, 0, 0};
    size_t name = name_width(row, rows, width), left = height > FRAME ? height - FRAME : 0;
    for (size_t i = 0; i < rows; i++) {
        all.cells += row[i].cells, all.done += row[i].done, all.running += row[i].running;
        all.failed += row[i].failed, all.not_applicable += row[i].not_applicable;
    }
    bram_buffer_putf(out, "%-*s%8s%8s%8s%8s%8s\n", (int)name, "benchmark", "cells", "done",
                     "running", "failed", "n/a");
    for (int rank = 0; rank < 4; rank++) /* in the order of the suite within each */
        for (size_t i = 0; i < rows && left; i++) {
            if (!row[i].cells || rank_of(&row[i]) != rank) continue;
            put_row(out, &row[i], row[i].benchmark, name);
            left--;
        }
    put_row(out, &all, "all", name);
    put_pace(out, &all, seconds);
}

void bram_live_table_show(void *user, const bram_run_row *row, size_t rows)
{
    bram_live_table *t = user;
    double time = now();
    if (t->began == 0) t->began = time;
    if (time - t->shown < 0.1) return;
    t->shown = time;
    bram_buffer out = {0};
    bram_live_table_text(&out, row, rows, time - t->began, bram_cli_width(), bram_cli_height() - 1);
    bram_cli_draw(bram_buffer_text(&out));
    bram_buffer_release(&out);
}
