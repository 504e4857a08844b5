"""The orchestrator: timers that read telemetry, ask for labels, collect them, and measure."""
