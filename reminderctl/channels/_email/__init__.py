"""What mails are made of, and how they leave."""
