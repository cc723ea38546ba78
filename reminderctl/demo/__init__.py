"""The demonstration: two days of a clinic."""
