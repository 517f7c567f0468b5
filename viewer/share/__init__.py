"""What leaves, sealed: manifest, signature, bundle formats, and opening them without an account.

::

    write_bundle(path, plan, subjects, signing_key, seal)  -> BundleReceipt
    open_bundle(path, passphrase, ...)                     -> OpenedBundle
"""
