// Three-dimensional positions of a whole prompt from a description of its stretches.
//
// A stretch is (first token, first position p, rows, columns); rows = 0 marks words.
//   words:   (t, h, w) = (p + i, p + i, p + i)                    i-th token of the stretch
//   a patch: (t, h, w) = (p, p + i / columns, p + i % columns)    i-th merged token of it
// Stretches are sorted by first token and the first one begins at 0. A thread finds the stretch of
// its token by halving. No real time enters: times are in the words.
struct qv_stretch { int token, position, rows, columns; };

extern "C" __global__ void __launch_bounds__(256) position_ids_i64(
    long long* __restrict__ positions, long long axis_stride,
    const qv_stretch* __restrict__ stretches, int count, int tokens) {
    const int token = blockIdx.x * blockDim.x + threadIdx.x;
    if (token >= tokens) return;
    int low = 0, high = count - 1;
    while (low < high) {
        const int middle = (low + high + 1) >> 1;
        if (stretches[middle].token <= token) low = middle;
        else high = middle - 1;
    }
    const qv_stretch stretch = stretches[low];
    const int i = token - stretch.token;
    const bool words = stretch.rows == 0;
    positions[token] = stretch.position + (words ? i : 0);
    positions[axis_stride + token] = stretch.position + (words ? i : i / stretch.columns);
    positions[2 * axis_stride + token] = stretch.position + (words ? i : i % stretch.columns);
}
