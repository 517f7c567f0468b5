"""Small widgets that the windows are made of. They know tokens and words, nothing of patients."""
