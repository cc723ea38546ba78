"""The parts of the email channel."""
