// Numbers in memory (bf16, f16, f32) and in registers (f32), and the widest loads between the two.
//
// Takes no header of CUDA or of C++, so that nvcc, NVRTC and, through tests/kernels/shim.h, g++
// compile the same text. The shim supplies qv_float, qv_bits and the conversions of halves.
#pragma once

struct qv_bf16 { unsigned short bits; };
struct qv_f16 { unsigned short bits; };
struct __align__(8) qv_8_bytes { unsigned x, y; };
struct __align__(16) qv_16_bytes { unsigned x, y, z, w; };

#if defined(__CUDA_ARCH__)
__device__ __forceinline__ float qv_float(unsigned bits) { return __uint_as_float(bits); }
__device__ __forceinline__ unsigned qv_bits(float value) { return __float_as_uint(value); }
__device__ __forceinline__ float qv_half_to_float(unsigned short bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}
__device__ __forceinline__ unsigned short qv_float_to_half(float value) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#endif

// Widening is exact; narrowing rounds to nearest even.
__device__ __forceinline__ float qv_wide(float value) { return value; }
__device__ __forceinline__ float qv_wide(qv_bf16 value) { return qv_float((unsigned)value.bits << 16); }
__device__ __forceinline__ float qv_wide(qv_f16 value) { return qv_half_to_float(value.bits); }

template <typename T> __device__ __forceinline__ T qv_narrow(float value);
template <> __device__ __forceinline__ float qv_narrow<float>(float value) { return value; }
template <> __device__ __forceinline__ qv_f16 qv_narrow<qv_f16>(float value) {
    return {qv_float_to_half(value)};
}
template <> __device__ __forceinline__ qv_bf16 qv_narrow<qv_bf16>(float value) {
    qv_bf16 narrow;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(narrow.bits) : "f"(value));
#else
    const unsigned bits = qv_bits(value);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    narrow.bits = nan ? 0x7fff : (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
#endif
    return narrow;
}

// COUNT neighbours at once, 16 bytes an access (8 where there are no more). The address must be a
// multiple of that; the launchers check it.
template <typename T, int COUNT> struct qv_row {
    static constexpr int BYTES = COUNT * (int)sizeof(T);
    static_assert(BYTES == 8 || BYTES % 16 == 0, "8 bytes or a multiple of 16");
    union words {
        T values[COUNT];
        qv_8_bytes eight;
        qv_16_bytes sixteens[(BYTES + 15) / 16];
        __device__ words() {}
    };

    __device__ static __forceinline__ void load(const T* from, float (&row)[COUNT]) {
        words raw;
        if constexpr (BYTES == 8) {
            raw.eight = *reinterpret_cast<const qv_8_bytes*>(from);
        } else {
#pragma unroll
            for (int i = 0; i < BYTES / 16; ++i)
                raw.sixteens[i] = reinterpret_cast<const qv_16_bytes*>(from)[i];
        }
#pragma unroll
        for (int i = 0; i < COUNT; ++i) row[i] = qv_wide(raw.values[i]);
    }

    __device__ static __forceinline__ void store(T* to, const float (&row)[COUNT]) {
        words raw;
#pragma unroll
        for (int i = 0; i < COUNT; ++i) raw.values[i] = qv_narrow<T>(row[i]);
        if constexpr (BYTES == 8) {
            *reinterpret_cast<qv_8_bytes*>(to) = raw.eight;
        } else {
#pragma unroll
            for (int i = 0; i < BYTES / 16; ++i)
                reinterpret_cast<qv_16_bytes*>(to)[i] = raw.sixteens[i];
        }
    }
};
