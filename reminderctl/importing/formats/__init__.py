"""The formats of an export: one module or folder for each."""
