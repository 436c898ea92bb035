"""One figure at a time: a call's time, its memory, what starting costs, and the machine it was measured on."""
