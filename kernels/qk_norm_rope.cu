// What happens to queries, keys and values between their projections and attention, in one pass:
// RMS norm of q and k, rotation of q and k, and k and v written where the cache wants them.
//
//   n = x / sqrt(mean(x^2) + eps) * weight            over each head, f32
//   out[i]     = n[i] * cos_i - n[i + D/2] * sin_i    i < D/2, table of mrope_table.cu
//   out[i+D/2] = n[i + D/2] * cos_i + n[i] * sin_i
//
// A row is one head of one token; a token has q_heads + 2 * kv_heads of them. Eight lanes share a
// row: lane l holds the elements [l*E, l*E+E) of both halves (E = D/16), so each rotated pair is in
// one thread, the sum of squares is three shuffles, and eight lanes touch whole 128-byte lines. A
// group of eight lanes keeps its token's cosines and walks over rows g, g+G, g+2G, ... of it.
// Everything is f32 from the loads to the one rounding at the store.
#include "numbers.cuh"

template <typename T, int D>
__device__ __forceinline__ void qk_norm_rope(
    const T* q, const T* k, const T* v, long long q_stride, long long k_stride, long long v_stride,
    const T* q_weight, const T* k_weight, float eps, const float* table, const long long* slots,
    T* q_out, long long q_out_stride, long long q_out_head_stride, T* k_out, long long k_out_stride,
    long long k_out_head_stride, T* v_out, long long v_out_stride, long long v_out_head_stride,
    int tokens, int q_heads, int kv_heads, int groups_per_token) {
    constexpr int LANES = 8, E = D / 2 / LANES;
    const int lane = threadIdx.x % LANES, low = lane * E, high = D / 2 + lane * E;
    const unsigned group = blockIdx.x * (blockDim.x / LANES) + threadIdx.x / LANES;
    const unsigned place = group / (unsigned)groups_per_token;
    // Groups after the last token still take part in the shuffles: a warp must not split.
    const bool live = place < (unsigned)tokens;
    const long long token = live ? place : 0;
    const int first_row = (int)(group - place * (unsigned)groups_per_token);
    const int rows = q_heads + 2 * kv_heads;

    float turn[2 * E];  // cos, sin, cos, sin, ...
    qv_row<float, 2 * E>::load(table + (token * (D / 2) + low) * 2, turn);
    const long long slot = slots ? slots[token] : token;

    const int rounds = (rows + groups_per_token - 1) / groups_per_token;  // alike in every group
    for (int round = 0; round < rounds; ++round) {
        const int row = first_row + round * groups_per_token;
        const bool on = live && row < rows;
        const bool is_q = row < q_heads, is_k = !is_q && row < q_heads + kv_heads;
        const long long head = is_q ? row : is_k ? row - q_heads : row - q_heads - kv_heads;
        const T* from = (is_q   ? q + token * q_stride
                         : is_k ? k + token * k_stride
                                : v + token * v_stride) + head * D;
        float a[E], b[E], squares = 0.f;
#pragma unroll
        for (int i = 0; i < E; ++i) a[i] = b[i] = 0.f;
        if (on) {
            qv_row<T, E>::load(from + low, a);
            qv_row<T, E>::load(from + high, b);
        }
#pragma unroll
        for (int i = 0; i < E; ++i) squares += a[i] * a[i] + b[i] * b[i];
#pragma unroll
        for (int step = LANES / 2; step; step >>= 1)
            squares += __shfl_xor_sync(0xffffffffu, squares, step);
        if (!on) continue;
        if (is_q || is_k) {
            const float shrink = rsqrtf(squares * (1.f / D) + eps);
            float low_weight[E], high_weight[E];
            qv_row<T, E>::load((is_q ? q_weight : k_weight) + low, low_weight);
            qv_row<T, E>::load((is_q ? q_weight : k_weight) + high, high_weight);
#pragma unroll
            for (int i = 0; i < E; ++i) {
                const float cosine = turn[2 * i], sine = turn[2 * i + 1];
                const float x = a[i] * shrink * low_weight[i], y = b[i] * shrink * high_weight[i];
                a[i] = x * cosine - y * sine;
                b[i] = y * cosine + x * sine;
            }
        }
        if (!is_q && slot < 0) continue;  // a token that is not kept
        T* to = is_q   ? q_out + token * q_out_stride + head * q_out_head_stride
                : is_k ? k_out + slot * k_out_stride + head * k_out_head_stride
                       : v_out + slot * v_out_stride + head * v_out_head_stride;
        qv_row<T, E>::store(to + low, a);
        qv_row<T, E>::store(to + high, b);
    }
}

#define QK_NORM_ROPE(NAME, T, D)                                                                  \
    extern "C" __global__ void __launch_bounds__(128) NAME(                                       \
        const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,                \
        long long q_stride, long long k_stride, long long v_stride,                               \
        const T* __restrict__ q_weight, const T* __restrict__ k_weight, float eps,                \
        const float* __restrict__ table, const long long* __restrict__ slots,                     \
        T* __restrict__ q_out, long long q_out_stride, long long q_out_head_stride,               \
        T* __restrict__ k_out, long long k_out_stride, long long k_out_head_stride,               \
        T* __restrict__ v_out, long long v_out_stride, long long v_out_head_stride,               \
        int tokens, int q_heads, int kv_heads, int groups_per_token) {                            \
        qk_norm_rope<T, D>(q, k, v, q_stride, k_stride, v_stride, q_weight, k_weight, eps, table, \
                           slots, q_out, q_out_stride, q_out_head_stride, k_out, k_out_stride,    \
                           k_out_head_stride, v_out, v_out_stride, v_out_head_stride, tokens,     \
                           q_heads, kv_heads, groups_per_token);                                  \
    }

QK_NORM_ROPE(qk_norm_rope_bf16_64, qv_bf16, 64)
QK_NORM_ROPE(qk_norm_rope_bf16_128, qv_bf16, 128)
QK_NORM_ROPE(qk_norm_rope_f16_64, qv_f16, 64)
QK_NORM_ROPE(qk_norm_rope_f16_128, qv_f16, 128)
QK_NORM_ROPE(qk_norm_rope_f32_64, float, 64)
QK_NORM_ROPE(qk_norm_rope_f32_128, float, 128)
