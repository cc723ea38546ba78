"""The parts of every channel that speaks HTTP."""
