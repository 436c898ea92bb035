"""``shrinkage judge --class FOLDER``: everybody who has handed in, each judged alone, and one table of them all.

Whoever is in the folder, a folder or a ``.py`` file, is judged in isolation, by a process of his own: what he does ends
there. What was found is kept, so an interrupted run goes on where it was, and one that was there is told at once.
"""
