"""What identity uses outside its database: secrets kept elsewhere, threads for passwords, Redis."""
