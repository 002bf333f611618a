// Pictures as the vision tower reads them, so that they travel to the GPU as bytes.
//
//   patches[time][block row][block column][2][2][colour][frame][row][column] = byte / 127.5 - 1
//
// from pictures [frames, height, width, 3], uint8; an odd last picture stands for both of its pair.
// Patches are 16 px squares of two pictures, in 2 x 2 blocks. A thread turns one row of a patch in
// one picture, 48 neighbouring bytes, into 16 neighbouring numbers of each of the three colours.
#include "numbers.cuh"

template <typename T>
__device__ __forceinline__ void patches_of(
    T* patches, const unsigned char* pictures, int frames, int height, int width, int count) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned patch = i / 32;
    if (patch >= (unsigned)count) return;
    const int row = i % 16, odd = i / 16 % 2;
    const unsigned across = width / 32, blocks = (height / 32) * across;
    const unsigned time = patch / 4 / blocks, block = patch / 4 % blocks;
    const int top = (int)(block / across * 32 + patch / 2 % 2 * 16) + row;
    const int left = (int)(block % across * 32 + patch % 2 * 16);
    const int wanted = 2 * (int)time + odd, frame = wanted < frames ? wanted : frames - 1;
    const unsigned char* bytes = pictures + (((long long)frame * height + top) * width + left) * 3;
    union {
        qv_16_bytes words[3];
        unsigned char values[48];
    } raw;
#pragma unroll
    for (int part = 0; part < 3; ++part)
        raw.words[part] = reinterpret_cast<const qv_16_bytes*>(bytes)[part];
    T* to = patches + ((long long)patch * 6 + odd) * 256 + row * 16;
#pragma unroll
    for (int colour = 0; colour < 3; ++colour) {
        float value[16];
#pragma unroll
        for (int column = 0; column < 16; ++column)
            value[column] = (float)raw.values[3 * column + colour] / 127.5f - 1.f;
        qv_row<T, 16>::store(to + colour * 512, value);
    }
}

#define PATCHES(NAME, T)                                                                          \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                       \
        T* __restrict__ patches, const unsigned char* __restrict__ pictures, int frames,          \
        int height, int width, int count) {                                                       \
        patches_of<T>(patches, pictures, frames, height, width, count);                           \
    }

PATCHES(patches_bf16, qv_bf16)
PATCHES(patches_f16, qv_f16)
PATCHES(patches_f32, float)
