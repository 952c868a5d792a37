"""Measures a whole shop beside what the same work costs at the least, in the same minutes on the same machine."""
