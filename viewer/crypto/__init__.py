"""The recipe layer over `cryptography`, `argon2-cffi` and `pyrage`: few recipes, no options.

Every construction this product uses is here and nowhere else, so that it can be audited in an
hour. There are no modes to choose, no fallbacks and no way to skip authentication.
"""
