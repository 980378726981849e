/*
 * network_rollout.c - own forecasts as inputs: the last rows of windows become a free run; see
 * network.h.
 */
#include "network.h"
#include "nn_math.h"

#include <string.h>

/* What follows from features, as inputs of the next row; inputs of behaviour stay what they are.
 * target: of that row, which is an increment of what goes in. */
static void put_forecast(const bram_network *n, float *next, float *target, const float *last,
                         const float *out, double *value)
{
    size_t inputs = bram_network_inputs(n), given = n->input.cols;
    bram_network_value(n, value, out, last);
    for (size_t i = 0; n->increment && i < n->units; i++) target[i] += next[i];
    bram_network_input(n, next, value, NULL, NULL);
    for (size_t i = 0; n->increment && i < n->units; i++) target[i] -= next[i];
    memcpy(next + inputs - given, last + inputs - given, given * sizeof *next);
}

void bram_network_feed(const bram_network *n, const bram_pass *windows, float *x, float *target,
                       size_t horizon, float *room, float *out, double *value)
{
    size_t inputs = bram_network_inputs(n), outputs = bram_network_outputs(n);
    size_t count = windows->windows;
    bram_pass p = *windows;
    p.training = false, p.x = x, p.steps = windows->steps - horizon + 1;
    n->body->rewind(n, &p, room);
    for (size_t k = p.steps; k < windows->steps; k++) {
        const float *top = n->body->forward(n, &p, room) + (p.steps - 1) * count * n->width;
        for (size_t w = 0; w < count; w++) {
            const float *last = x + ((k - 1) * count + w) * inputs;
            bram_network_read(n, out, top + w * n->width, 1);
            if (n->counts) bram_nn32_softplus(out, outputs);
            put_forecast(n, x + (k * count + w) * inputs, target + (k * count + w) * n->units, last,
                         out, value);
        }
        n->body->carry(n, &p, room);
        p.steps = 1, p.x = x + k * count * inputs;
    }
}
