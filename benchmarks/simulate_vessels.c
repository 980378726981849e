/*
 * simulate_vessels.c - a made vessel graph: branch points on a jittered lattice, vessels between
 * neighbours, radii that change smoothly in space.
 *
 * Branch points next to each other along an axis are joined with probability JOINED. The logarithm
 * of a radius is a sum of three waves at the middle of the vessel and noise, so that vessels that
 * meet are alike; wide vessels are less curved. With the cuts of Paetzold et al. 2021 (5 and 13.33)
 * about a third of the vessels falls into each class.
 */
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>

static const double JOINED = 0.6, JITTER = 0.3, SPACING = 20, NOISE = 0.25;

/* Where lattice point i lies. */
struct points {
    size_t side, count;
    double *at; /* count x 3 */
    char (*name)[12];
};

static int make_points(bram_ctx *cx, struct points *p, size_t side, bram_rng *g)
{
    *p = (struct points){.side = side, .count = side * side * side};
    p->at = bram_scratch(cx, p->count, 3 * sizeof *p->at);
    p->name = bram_scratch(cx, p->count, sizeof *p->name);
    if (!p->at || !p->name) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->count; i++) {
        const size_t where[] = {i % side, i / side % side, i / side / side};
        snprintf(p->name[i], sizeof p->name[i], "%u", (unsigned)i);
        for (size_t d = 0; d < 3; d++)
            p->at[3 * i + d] = SPACING * ((double)where[d] + JITTER * bram_rng_normal(g));
    }
    return BRAM_OK;
}

static int add_nodes(bram_ctx *cx, bram_dataset *ds, const struct points *p)
{
    static const char *const names[] = {"x", "y", "z"};
    const char **id = bram_scratch(cx, p->count, sizeof *id);
    double *column = bram_scratch(cx, p->count, sizeof *column);
    bram_axis *nodes = NULL;
    if (!id || !column) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->count; i++) id[i] = p->name[i];
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", p->count));
    int status = bram_axis_set_ids(cx, nodes, id);
    for (size_t d = 0; d < 3 && status == BRAM_OK; d++) {
        for (size_t i = 0; i < p->count; i++) column[i] = p->at[3 * i + d];
        status = bram_axis_add_number(cx, nodes, names[d], column, "voxel");
    }
    if (status == BRAM_OK)
        return bram_dataset_add_table(cx, ds, "connectome/simulated-vessels", nodes);
    bram_axis_free(nodes);
    return status;
}

/* The vessels while they are being made. */
struct vessels {
    const char **from, **to, **type;
    double *radius, *distance, *length, *curveness;
    size_t count;
};

static int vessels_new(bram_ctx *cx, struct vessels *v, size_t room)
{
    *v = (struct vessels){
        bram_scratch(cx, room, sizeof *v->from),      bram_scratch(cx, room, sizeof *v->to),
        bram_scratch(cx, room, sizeof *v->type),      bram_scratch(cx, room, sizeof *v->radius),
        bram_scratch(cx, room, sizeof *v->distance),  bram_scratch(cx, room, sizeof *v->length),
        bram_scratch(cx, room, sizeof *v->curveness), 0};
    return v->from && v->to && v->type && v->radius && v->distance && v->length && v->curveness
               ? BRAM_OK
               : BRAM_ENOMEM;
}

static void join(struct vessels *v, const struct points *p, size_t i, size_t j, bram_rng *g)
{
    double wave = 0, square = 0;
    for (size_t d = 0; d < 3; d++) {
        double a = p->at[3 * i + d], b = p->at[3 * j + d];
        wave += sin((a + b) / 2 / SPACING * (0.5 + 0.2 * (double)d) + (double)d);
        square += (a - b) * (a - b);
    }
    size_t at = v->count++;
    v->from[at] = p->name[i], v->to[at] = p->name[j], v->type[at] = "vessel";
    v->radius[at] = 8.2 * exp(0.75 * wave + NOISE * bram_rng_normal(g));
    v->distance[at] = sqrt(square);
    v->curveness[at] = 1 + 0.5 * bram_rng_uniform(g) / (1 + v->radius[at] / 10);
    v->length[at] = v->distance[at] * v->curveness[at];
}

static int add_vessels(bram_ctx *cx, bram_dataset *ds, const struct vessels *v)
{
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "vessels", v->count));
    int status = bram_axis_add_text(cx, table, "from", v->from);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "to", v->to);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "weight", v->radius, "voxel");
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "type", v->type);
    if (status == BRAM_OK)
        status = bram_axis_add_number(cx, table, "distance", v->distance, "voxel");
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "length", v->length, "voxel");
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "curveness", v->curveness, "1");
    if (status == BRAM_OK)
        return bram_dataset_add_table(cx, ds, "connectome/simulated-vessels", table);
    bram_axis_free(table);
    return status;
}

int bram_simulate_vessels(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    size_t side = full ? 40 : 12, mark = bram_scratch_mark(cx);
    const size_t step[] = {1, side, side * side};
    bram_rng g = bram_rng_new(seed, "simulate/vessels");
    struct points p;
    struct vessels v = {0};
    int status = make_points(cx, &p, side, &g);
    if (status == BRAM_OK) status = vessels_new(cx, &v, 3 * p.count);
    for (size_t i = 0; status == BRAM_OK && i < p.count; i++)
        for (size_t d = 0; d < 3; d++) {
            bool last = i / step[d] % side == side - 1;
            if (bram_rng_uniform(&g) < JOINED && !last) join(&v, &p, i, i + step[d], &g);
        }
    if (status == BRAM_OK) status = add_nodes(cx, out, &p);
    if (status == BRAM_OK) status = add_vessels(cx, out, &v);
    bram_scratch_release(cx, mark);
    return status;
}
