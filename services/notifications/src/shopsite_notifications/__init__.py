"""E-mails sent and to send."""
