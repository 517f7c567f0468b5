"""Windows, panels and widgets in PySide6. They read the model, emit actions and decide nothing."""
