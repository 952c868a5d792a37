"""The network between the processes of a test shop and what they talk to, which can be made to fail."""
