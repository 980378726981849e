/*
 * network_double.h - put before baselines/network*.c to compile whole networks in double, over the
 * double build of the training core, so that their gradients can be held against finite
 * differences.
 */
#ifndef BRAMBLE_NETWORK_DOUBLE_H
#define BRAMBLE_NETWORK_DOUBLE_H

#include <bramble/benchmark.h>
#include <bramble/rng.h>

#include "linalg.h" /* what is float outside of networks stays so */
#include "nn_attention.h"
#include "nn_circuit.h"
#include "nn_encoder.h"
#include "nn_layer.h"
#include "nn_math.h"
#include "nn_recurrent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define float double

#define bram_nn32_cell_trace         bram_nn64_cell_trace
#define bram_nn32_cell_weights       bram_nn64_cell_weights
#define bram_nn32_circuit            bram_nn64_circuit
#define bram_nn32_circuit_back       bram_nn64_circuit_back
#define bram_nn32_circuit_matrix     bram_nn64_circuit_matrix
#define bram_nn32_circuit_read       bram_nn64_circuit_read
#define bram_nn32_circuit_small      bram_nn64_circuit_small
#define bram_nn32_circuit_trace      bram_nn64_circuit_trace
#define bram_nn32_circuit_weights    bram_nn64_circuit_weights
#define bram_nn32_dropout            bram_nn64_dropout
#define bram_nn32_gaussian_loss      bram_nn64_gaussian_loss
#define bram_nn32_encoder            bram_nn64_encoder
#define bram_nn32_encoder_at         bram_nn64_encoder_at
#define bram_nn32_encoder_back       bram_nn64_encoder_back
#define bram_nn32_encoder_room       bram_nn64_encoder_room
#define bram_nn32_encoder_tensors    bram_nn64_encoder_tensors
#define bram_nn32_encoder_trace      bram_nn64_encoder_trace
#define bram_nn32_encoder_trace_at   bram_nn64_encoder_trace_at
#define bram_nn32_encoder_trace_size bram_nn64_encoder_trace_size
#define bram_nn32_encoder_weights    bram_nn64_encoder_weights
#define bram_nn32_gates              bram_nn64_gates
#define bram_nn32_layer_norm         bram_nn64_layer_norm
#define bram_nn32_layer_norm_back    bram_nn64_layer_norm_back
#define bram_nn32_leaks              bram_nn64_leaks
#define bram_nn32_linear             bram_nn64_linear
#define bram_nn32_linear_back        bram_nn64_linear_back
#define bram_nn32_loss               bram_nn64_loss
#define bram_nn32_lowrank            bram_nn64_lowrank
#define bram_nn32_lowrank_back       bram_nn64_lowrank_back
#define bram_nn32_recurrent          bram_nn64_recurrent
#define bram_nn32_recurrent_back     bram_nn64_recurrent_back
#define bram_nn32_recurrent_packed   bram_nn64_recurrent_packed
#define bram_nn32_sinusoids          bram_nn64_sinusoids
#define bram_nn32_softplus           bram_nn64_softplus
#define bram_nn32_strength           bram_nn64_strength
#define bram_nn32_strength_inverse   bram_nn64_strength_inverse

#endif
