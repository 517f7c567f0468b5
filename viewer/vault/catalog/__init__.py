"""The encrypted list of what is stored: one SQLCipher file behind one guarded connection."""
