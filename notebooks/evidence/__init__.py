"""What stands on a source, and what is left when it supports no longer."""
