"""Who is at the workstation: accounts, roles, keys, login, lock and idle; `audit` is the trail.

Start at `accounts.Practice` (who may log in and with which keys), `desk.Desk` (log in, lock,
unlock, log off), `session.Session` and `audit.trail.Trail` (what happened). `THREATS.md` says what
this protects against, which test shows it, and where it ends.
"""
