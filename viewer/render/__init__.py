"""Pictures with everything drawn on them: VTK, off screen, no Qt. Main thread only.

A *scene* shows one picture in one pane. Its `frame()` is for the screen: where there is no real
GPU, the kernels' 8-bit picture with VTK's overlay layer laid over it; its `snapshot()` is VTK's own
composition of the same, for reports and comparison; the two agree within one grey level (tested).
`release()` finalises the window, empties the scene and overwrites every buffer with zeros.

Importing this package imports VTK: the windows do so when the first picture is opened, not before.
"""
