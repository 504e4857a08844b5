"""The version of this code; it travels in triggers and artifacts."""

VERSION = "0.1.0"
