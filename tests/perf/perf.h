/*
 * perf.h - what the benchmarks share: processor time, peak memory, medians, and one line for each
 * figure. `meson test --benchmark -C build -v` runs them; they are no part of `meson test`.
 *
 * Targets are held against processor time where there is a choice: it means the same on a machine
 * that is busy with something else, as wall time does not.
 */
#ifndef BRAMBLE_TEST_PERF_H
#define BRAMBLE_TEST_PERF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds of a clock: CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID. */
static inline double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A field of /proc/self/status in MB ("VmRSS:", "VmHWM:"); 0 where there is none. */
static inline double memory_of(const char *field)
{
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0) kb = strtod(line + strlen(field), NULL);
    if (file) fclose(file);
    return kb / 1024;
}

/* The peak begins anew at the present size, where the kernel allows that. */
static inline void restart_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5", file);
    fclose(file);
}

static inline int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts x. */
static inline double median_of(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_size);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* One figure and its target (0: none). @return whether the target is met */
static inline int figure(const char *what, double value, const char *unit, double target)
{
    printf("%-44s %10.4g %-5s", what, value, unit);
    if (target > 0) printf(" target %g%s", target, value <= target ? "" : " MISSED");
    putchar('\n');
    return target <= 0 || value <= target;
}

#endif
