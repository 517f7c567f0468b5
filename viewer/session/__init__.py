"""Who is at the workstation: accounts, roles, keys, login, lock and idle; `audit` is the trail.

Start at `accounts.Practice` (who may log in and with which keys), `session.Desk` (log in, lock,
unlock, log off) and `audit.trail.Trail` (what happened). `THREATS.md` says what this protects
against, which test shows it, and where it ends.
"""
