"""What a person sees while the loop runs: a live view in a terminal, plain lines elsewhere, a summary."""
