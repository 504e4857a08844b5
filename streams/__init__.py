"""The service: Faust app, agents, tables, timers, web pages, command line, settings, wiring."""
