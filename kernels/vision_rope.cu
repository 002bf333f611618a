// The vision tower's two-dimensional rotation, in place on packed qkv [tokens, 3, heads, D].
//
//   out[i] = x[i] * cos_i - x[i + D/2] * sin_i;  out[i + D/2] = x[i + D/2] * cos_i + x[i] * sin_i
//   table[patch][i] = (cos, sin)(row * f_i) for i < D/4, (cos, sin)(column * f_(i - D/4)) after
//
// The table is of one picture, `patches` of them; all pictures share it. Queries and keys of a token
// are 2 * heads neighbouring rows, values are left alone. A thread keeps the cosines of four pairs
// of one token (two 8-byte accesses each way in bf16) and walks over rows g, g+G, g+2G, ...
#include "numbers.cuh"

template <typename T, int D>
__device__ __forceinline__ void vision_rope(
    T* qkv, const float* table, int tokens, int patches, int heads, int groups_per_token) {
    constexpr int CHUNKS = D / 8;  // of four pairs in a row
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned group = i / CHUNKS, token = group / (unsigned)groups_per_token;
    if (token >= (unsigned)tokens) return;
    const int first = (int)(i - group * CHUNKS) * 4;
    float turn[8];  // cos, sin, cos, sin, ...
    const long long patch = token % (unsigned)patches;
    qv_row<float, 8>::load(table + (patch * (D / 2) + first) * 2, turn);
    T* rows = qkv + (long long)token * 3 * heads * D + first;
#pragma unroll 4
    for (int row = group - token * groups_per_token; row < 2 * heads; row += groups_per_token) {
        float a[4], b[4];
        qv_row<T, 4>::load(rows + row * D, a);
        qv_row<T, 4>::load(rows + row * D + D / 2, b);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            const float x = a[k], y = b[k], cosine = turn[2 * k], sine = turn[2 * k + 1];
            a[k] = x * cosine - y * sine;
            b[k] = y * cosine + x * sine;
        }
        qv_row<T, 4>::store(rows + row * D, a);
        qv_row<T, 4>::store(rows + row * D + D / 2, b);
    }
}

#define VISION_ROPE(NAME, T, D)                                                                   \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                       \
        T* __restrict__ qkv, const float* __restrict__ table, int tokens, int patches, int heads, \
        int groups_per_token) {                                                                   \
        vision_rope<T, D>(qkv, table, tokens, patches, heads, groups_per_token);                  \
    }

VISION_ROPE(vision_rope_bf16_64, qv_bf16, 64)
VISION_ROPE(vision_rope_bf16_72, qv_bf16, 72)
VISION_ROPE(vision_rope_f16_64, qv_f16, 64)
VISION_ROPE(vision_rope_f16_72, qv_f16, 72)
VISION_ROPE(vision_rope_f32_64, float, 64)
VISION_ROPE(vision_rope_f32_72, float, 72)
