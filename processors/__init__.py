"""What follows from an event, as pure functions: join, reward, replay buffer, trigger, training."""
