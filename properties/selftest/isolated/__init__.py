"""The judged process, tested: what crosses to it, and what it may not do."""
