"""What customers, other programs and strangers may send us (`HOSTILE_EXAMPLES=5000 pytest tests/hostile` hunts)."""
