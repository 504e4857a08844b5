"""What is learned: policies, off-policy evaluation, the gate."""
