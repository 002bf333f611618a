"""Position encodings and patches: for each CUDA kernel of kernels/ its torch reference, and one
function that runs either or both. Nothing here knows the model."""
