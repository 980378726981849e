/*
 * token_map.h - features that are maps: for each stimulus a token of `channels` numbers at each
 * position of a grid (a layer of a convolutional network, the patches of a transformer).
 *
 * As an array a map is stimulus x row x column x channel, or stimulus x token x channel (channels
 * last), or with the channel before row and column (channels first, as PyTorch has them): tokens
 * then lie row after row in a square where their number is one, else in one line, unless the axis
 * of the tokens has the integer columns `row` and `column`. Strung out to stimulus x feature, as
 * models see it, the axis of the features has the integer columns `row`, `column` and `channel`,
 * from 0: whoever makes such an axis has made a map, whatever the order.
 */
#ifndef BRAMBLE_CORE_TOKEN_MAP_H
#define BRAMBLE_CORE_TOKEN_MAP_H

#include <bramble/response.h>

typedef struct bram_token_map {
    size_t height, width, channels;
} bram_token_map;

/**
 * The axis of an array of three or four axes, strung out.
 *
 * @param dims   3 or 4 with that of the stimuli; lengths, those of all
 * @param first  whether channels come first
 * @param token  the axis of the tokens, of three; NULL: nothing more is known of it
 */
int bram_token_axis_of(bram_ctx *cx, bram_axis **out, size_t dims, const size_t *length, bool first,
                       const bram_axis *token) BRAM_MUST_CHECK;

/**
 * What an axis of features says of the map.
 *
 * @param place  receives for each feature where it stands in a map with channels last
 * @param given  height and width for features that say nothing (channels last), 0: not known
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no map, or one with holes, said in the message
 */
int bram_token_map_find(bram_ctx *cx, bram_token_map *out, size_t *place, const bram_axis *feature,
                        const bram_token_map *given) BRAM_MUST_CHECK;

#endif
