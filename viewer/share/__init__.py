"""What leaves, sealed: manifest, signature, bundle formats, and opening them without an account.

::

    write_bundle(path, plan, subjects, signing_key, seal)  -> BundleReceipt   (formats/age_bundle.py)
    open_bundle(path, passphrase, ...)                      -> OpenedBundle    (open.py)
"""
