"""Use cases, jobs, undo and the action table: the whole program without Qt, VTK or GL.

Everything that touches a patient's data or a safeguard is a use case in `use_cases/`, registered
with the permission it needs and the event it writes. `commands/` is the command line over them.
"""
