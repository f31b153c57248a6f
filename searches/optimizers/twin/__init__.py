"""The same tasks and the same training in torch, batched over candidates: for CUDA, and to check the compiled ones."""
