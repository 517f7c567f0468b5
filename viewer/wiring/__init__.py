"""Joins the windows to the program: what `viewer.ui.ports` asks for, answered by `viewer.app`.

Ports live with their consumer, the windows; the application knows nothing of windows. This room is
the only one that knows both, so that neither `ui` reaches into `session` or `redact`, nor `app`
into Qt. `window.py` opens the viewer; `demo.py` opens it on a throwaway practice.
"""
