"""What a router installs: event types, publisher, policy subscriber and policy runtime."""
