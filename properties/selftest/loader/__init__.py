"""What is said on the command line of who is judged, and what becomes of it."""
