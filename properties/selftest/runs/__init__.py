"""What whole runs print, write and exit with: here, in several processes, on a cluster."""
