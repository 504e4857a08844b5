"""The peers: each reads the same events from the same broker in a process of its own."""
