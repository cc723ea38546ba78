"""WhatsApp: one file a provider."""
