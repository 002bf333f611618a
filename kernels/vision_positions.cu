// The vision tower's learned positions, added in place: a side x side table, stretched over the
// patches of a picture by bilinear interpolation whose corners are the table's corners.
//
//   y = row * (side - 1) / (rows - 1), x likewise;   x[time][patch] += sum of the 4 neighbours
//
// Patches come in merge x merge blocks, blocks row by row. The sum is f32, rounded to T, and then
// added in T: the rounding points of transformers. One block a patch of a picture (x) and share of
// the times (y); a thread takes 8 channels, interpolates once and adds at every time of its share.
#include "numbers.cuh"

template <typename T>
__device__ __forceinline__ void vision_positions(
    T* hidden, const T* table, int times, int rows, int columns, int side, int merge, int channels) {
    const int patch = blockIdx.x, block = patch / (merge * merge), across = columns / merge;
    const int row = block / across * merge + patch / merge % merge;
    const int column = block % across * merge + patch % merge;
    const float y = (float)row * (float)(side - 1) / (float)(rows > 1 ? rows - 1 : 1);
    const float x = (float)column * (float)(side - 1) / (float)(columns > 1 ? columns - 1 : 1);
    const int top = (int)floorf(y), left = (int)floorf(x);
    const int bottom = top + 1 < side ? top + 1 : side - 1;
    const int right = left + 1 < side ? left + 1 : side - 1;
    // 1 - |distance|, also where it could be said shorter: the f32 numbers of transformers.
    const float up = 1.f - (y - (float)top), down = 1.f - fabsf(y - (float)top - 1.f);
    const float back = 1.f - (x - (float)left), along = 1.f - fabsf(x - (float)left - 1.f);
    const float weights[4] = {up * back, up * along, down * back, down * along};
    const long long corners[4] = {(long long)top * side + left, (long long)top * side + right,
                                  (long long)bottom * side + left, (long long)bottom * side + right};
    const long long picture = (long long)rows * columns * channels;
    for (int channel = threadIdx.x * 8; channel < channels; channel += blockDim.x * 8) {
        float sum[8];
#pragma unroll
        for (int i = 0; i < 8; ++i) sum[i] = 0.f;
#pragma unroll
        for (int corner = 0; corner < 4; ++corner) {
            float learned[8];
            qv_row<T, 8>::load(table + corners[corner] * channels + channel, learned);
#pragma unroll
            for (int i = 0; i < 8; ++i) sum[i] += learned[i] * weights[corner];
        }
#pragma unroll
        for (int i = 0; i < 8; ++i) sum[i] = qv_wide(qv_narrow<T>(sum[i]));
        for (int time = blockIdx.y; time < times; time += gridDim.y) {
            T* place = hidden + time * picture + (long long)patch * channels + channel;
            float value[8];
            qv_row<T, 8>::load(place, value);
#pragma unroll
            for (int i = 0; i < 8; ++i) value[i] += sum[i];
            qv_row<T, 8>::store(place, value);
        }
    }
}

#define VISION_POSITIONS(NAME, T)                                                                 \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                       \
        T* __restrict__ hidden, const T* __restrict__ table, int times, int rows, int columns,    \
        int side, int merge, int channels) {                                                      \
        vision_positions<T>(hidden, table, times, rows, columns, side, merge, channels);          \
    }

VISION_POSITIONS(vision_positions_bf16, qv_bf16)
VISION_POSITIONS(vision_positions_f16, qv_f16)
VISION_POSITIONS(vision_positions_f32, float)
