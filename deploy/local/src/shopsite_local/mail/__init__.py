"""A mail catcher: takes every mail by SMTP, delivers none, and shows them by Mailpit's API and on a page."""
