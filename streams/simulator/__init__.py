"""A simulated router whose true rewards are known; it talks to Kafka with the client package alone."""
