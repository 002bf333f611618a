// Runs CUDA kernels on the CPU: one CUDA thread is one fiber.
//
// A fiber runs until __syncthreads, __syncwarp or a shuffle, where the others catch up: in order
// for seed 0, else in a random order that changes at every pass. So a result that depends on who
// comes first depends on the seed. A barrier that not all threads of a block or warp reach, and a
// grid that no GPU takes, are errors. Not modelled: partial masks (an error), atomics between
// blocks, asynchronous copies, tensor cores, the memory model, and the last bits of the device's
// own sincosf and rsqrtf.
#pragma once
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)

struct dim3 { unsigned x = 1, y = 1, z = 1; };

namespace shim {

enum class State { running, at_block_barrier, at_warp_barrier, done };
constexpr int WARP = 32;
constexpr size_t STACK_BYTES = 64 * 1024;

struct Fiber {
    ucontext_t context;
    dim3 thread;
    State state = State::running;
    uint64_t generation = 0;
    int lane = 0, warp = 0;
};

struct Warp {
    uint64_t generation = 0;
    int arrived = 0, alive = 0;
    alignas(16) unsigned char exchanged[2][WARP][16];
};

inline dim3 thread_index, block_index, block_size, grid_size;
inline std::vector<Fiber> fibers;
inline std::vector<Warp> warps;
inline std::vector<char> stacks;
inline ucontext_t scheduler;
inline Fiber* current = nullptr;
inline uint64_t block_generation = 0;
inline int block_arrived = 0, alive = 0;
inline const std::function<void()>* body = nullptr;
inline std::string error;

// Leaves the fiber for good: the launch is over, and says why.
[[noreturn]] inline void fail(const char* reason) {
    error = reason;
    setcontext(&scheduler);
    __builtin_unreachable();
}

inline void wait(State state, uint64_t generation) {
    current->state = state;
    current->generation = generation;
    swapcontext(&current->context, &scheduler);
}

inline void block_barrier() {
    const uint64_t generation = block_generation;
    if (++block_arrived == (int)fibers.size()) {
        block_arrived = 0;
        ++block_generation;
    } else {
        wait(State::at_block_barrier, generation);
    }
}

inline void warp_barrier(unsigned mask) {
    if (mask != 0xffffffffu) fail("a partial mask");
    Warp& warp = warps[current->warp];
    if (++warp.arrived == warp.alive) {
        warp.arrived = 0;
        ++warp.generation;
    } else {
        wait(State::at_warp_barrier, warp.generation);
    }
}

template <typename T> T shuffle(unsigned mask, T value, int from) {
    static_assert(sizeof(T) <= 16);
    Warp& warp = warps[current->warp];
    auto& exchanged = warp.exchanged[warp.generation & 1];
    std::memcpy(exchanged[current->lane], &value, sizeof(T));
    warp_barrier(mask);
    T got;
    std::memcpy(&got, exchanged[from], sizeof(T));
    return got;
}

inline void run_fiber() {
    (*body)();
    current->state = State::done;
    --alive;
    Warp& warp = warps[current->warp];
    --warp.alive;
    if (block_arrived) fail("a thread ends while others wait at __syncthreads");
    if (warp.arrived) fail("a thread ends while its warp waits at a shuffle");
    setcontext(&scheduler);
}

inline void start_block(unsigned threads) {
    fibers.assign(threads, Fiber());
    warps.assign((threads + WARP - 1) / WARP, Warp());
    alive = (int)threads;
    block_generation = 0;
    block_arrived = 0;
    for (unsigned i = 0; i < threads; ++i) {
        Fiber& fiber = fibers[i];
        fiber.thread = {i, 0, 0};
        fiber.lane = (int)(i % WARP);
        fiber.warp = (int)(i / WARP);
        ++warps[fiber.warp].alive;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = &stacks[i * STACK_BYTES];
        fiber.context.uc_stack.ss_size = STACK_BYTES;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, run_fiber, 0);
    }
}

inline bool may_run(const Fiber& fiber) {
    switch (fiber.state) {
        case State::done: return false;
        case State::at_block_barrier: return block_generation != fiber.generation;
        case State::at_warp_barrier: return warps[fiber.warp].generation != fiber.generation;
        default: return true;
    }
}

inline void launch(dim3 grid, unsigned threads, unsigned seed, const std::function<void()>& work) {
    error.clear();
    if (!threads || threads > 1024) { error = "a block of no thread or of more than 1024"; return; }
    if (!grid.x || grid.x > 2147483647u || !grid.y || grid.y > 65535) {
        error = "a grid that no GPU takes";
        return;
    }
    grid_size = grid;
    block_size = {threads, 1, 1};
    body = &work;
    stacks.resize(threads * STACK_BYTES);
    std::mt19937 random(seed);
    std::vector<unsigned> order(threads);
    for (unsigned i = 0; i < threads; ++i) order[i] = i;
    for (unsigned y = 0; y < grid.y; ++y)
        for (unsigned x = 0; x < grid.x; ++x) {
            block_index = {x, y, 0};
            start_block(threads);
            while (alive) {
                bool moved = false;
                if (seed) std::shuffle(order.begin(), order.end(), random);
                for (unsigned i : order) {
                    if (!may_run(fibers[i])) continue;
                    moved = true;
                    current = &fibers[i];
                    current->state = State::running;
                    thread_index = current->thread;
                    // setcontext(&scheduler) of a fiber comes back here too.
                    swapcontext(&scheduler, &current->context);
                    if (!error.empty()) return;
                }
                if (!moved) { error = "a barrier that not all threads reach"; return; }
            }
        }
}

// A kernel as cuLaunchKernel sees it: pointers to its arguments, one after the other.
struct Entry {
    const char* name;
    std::string types;  // p: pointer, f: float, i: int, l: long long
    std::function<void(void**)> call;
};

template <typename A> constexpr char type_of() {
    if constexpr (std::is_pointer_v<A>) return 'p';
    else if constexpr (std::is_same_v<A, float>) return 'f';
    else if constexpr (std::is_same_v<A, int>) return 'i';
    else { static_assert(std::is_same_v<A, long long>); return 'l'; }
}

template <typename... A> Entry entry(const char* name, void (*kernel)(A...)) {
    return {name, {type_of<A>()...}, [kernel](void** arguments) {
                [&]<size_t... I>(std::index_sequence<I...>) {
                    kernel(*static_cast<A*>(arguments[I])...);
                }(std::index_sequence_for<A...>());
            }};
}

inline const Entry* find(const std::vector<Entry>& entries, const char* name) {
    for (const Entry& one : entries)
        if (!std::strcmp(one.name, name)) return &one;
    return nullptr;
}

}  // namespace shim

#define threadIdx shim::thread_index
#define blockIdx shim::block_index
#define blockDim shim::block_size
#define gridDim shim::grid_size

inline void __syncthreads() { shim::block_barrier(); }
template <typename T> T __shfl_xor_sync(unsigned mask, T value, int lanes) {
    return shim::shuffle(mask, value, shim::current->lane ^ lanes);
}

inline float rsqrtf(float value) { return 1.f / std::sqrt(value); }
inline void shim_sincosf(float angle, float* sine, float* cosine) {
    *sine = ::sinf(angle);
    *cosine = ::cosf(angle);
}
#define sincosf shim_sincosf

inline float qv_float(unsigned bits) { float value; std::memcpy(&value, &bits, 4); return value; }
inline unsigned qv_bits(float value) { unsigned bits; std::memcpy(&bits, &value, 4); return bits; }
inline float qv_half_to_float(unsigned short bits) {
    _Float16 half;
    std::memcpy(&half, &bits, 2);
    return (float)half;
}
inline unsigned short qv_float_to_half(float value) {
    const _Float16 half = (_Float16)value;
    unsigned short bits;
    std::memcpy(&bits, &half, 2);
    return bits;
}
