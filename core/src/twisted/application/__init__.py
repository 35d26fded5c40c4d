"""Services: how protocols become a program that is configured, started and stopped."""
