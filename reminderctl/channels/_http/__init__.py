"""One HTTP request, from the message to what its answer means."""
