"""How a decoding child is started, reached and confined on each operating system.

`port` says what the rest of the room needs; `posix` and `windows` do it, each with its child's
half beside it. Nothing outside this folder asks which system it runs on.
"""
