"""The encrypted store: sealed objects, the catalog that lists them, and the check of both.

Begin at `store.Vault`; the bytes on disk are described in `FORMAT.md` beside this file. `v1/` is
the first version of the object container, `catalog/` the encrypted list of what is stored.
Imports `crypto` and `model` only; reached through `app` and `main` only.
"""
