"""The command line over the same use cases that the window has.

Every command logs in, passes the gate and leaves its entries in the trail. Facts go to standard
output (``--json`` for programs), errors are one plain line on standard error, and the exit status
is 0 only on success: 1 for what a person can mend, 2 for wrong usage, 3 for damage.
"""
