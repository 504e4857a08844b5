"""What lies outside: the Kafka broker, the artifact store."""
