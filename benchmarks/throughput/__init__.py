"""Events through the real worker, beside what others do with the same events on the same broker."""
