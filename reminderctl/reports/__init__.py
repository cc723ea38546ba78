"""What people look at, as decided by what `run` decides with; nothing here leaves a trace."""
