"""The rules that the house keeps, and the list of what does not keep them yet."""
