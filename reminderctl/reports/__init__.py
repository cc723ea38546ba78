"""Reports for people, decided by what `run` decides with; nothing here leaves a trace."""
