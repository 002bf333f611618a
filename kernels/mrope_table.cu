// Interleaved MRoPE: the cosines and sines of a prompt, once a forward pass.
//
//   table[token][pair] = (cos, sin)(position[axis(pair)][token] * inv_freq[pair]) * scaling
//   axis(pair) = 1 (height) if pair % 3 == 1 and pair < 3 * height_section
//                2 (width)  if pair % 3 == 2 and pair < 3 * width_section
//                0 (time)   otherwise
//
// There is one ladder of frequencies for all axes. Angles are one f32 product, as the checkpoints
// were trained; sincosf and never __sincosf, whose error grows with the angle.
// One thread a (token, pair).
#include "numbers.cuh"

template <typename P>
__device__ __forceinline__ void mrope_table(
    float* table, const P* positions, long long axis_stride, const float* inv_freq, float scaling,
    int tokens, int pairs, int height_section, int width_section) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;  // tokens * pairs < 2^31
    const unsigned token = i / (unsigned)pairs;
    if (token >= (unsigned)tokens) return;
    const int pair = (int)(i - token * (unsigned)pairs);
    const int third = pair % 3;
    const int axis = third == 1 && pair < 3 * height_section ? 1
                   : third == 2 && pair < 3 * width_section ? 2
                                                            : 0;
    const float angle = (float)positions[axis * axis_stride + token] * inv_freq[pair];
    float sine, cosine;
    sincosf(angle, &sine, &cosine);
    table[2 * (unsigned long long)i] = cosine * scaling;
    table[2 * (unsigned long long)i + 1] = sine * scaling;
}

#define MROPE_TABLE(NAME, P)                                                                      \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                       \
        float* __restrict__ table, const P* __restrict__ positions, long long axis_stride,        \
        const float* __restrict__ inv_freq, float scaling, int tokens, int pairs,                 \
        int height_section, int width_section) {                                                  \
        mrope_table<P>(table, positions, axis_stride, inv_freq, scaling, tokens, pairs,           \
                       height_section, width_section);                                            \
    }

MROPE_TABLE(mrope_table_i32, int)
MROPE_TABLE(mrope_table_i64, long long)
