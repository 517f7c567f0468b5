"""Pure numerics on arrays: windowing, resampling, planes, the 3D picture. No Qt, no VTK, no I/O.

Everything a screen shows passes two stages: *sampling* puts modality-linear stored values into a
float32 buffer of the viewport's size (NaN where there is no image), *windowing* turns that buffer
into 8 bits. A window drag repeats only the second stage. The loops live in `kernels/`, each with a
plain numpy twin that is its test oracle and serves until the compiled one is ready.
"""
