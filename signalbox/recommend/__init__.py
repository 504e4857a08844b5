"""What a router recommends for a query: by policy, by prompt program, or by its own rules."""
