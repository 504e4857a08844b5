"""The worker: Faust brings partitions and recovered state, the processors do the work."""
