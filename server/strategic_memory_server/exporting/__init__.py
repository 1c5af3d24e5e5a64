"""Writes what Redis holds of the memory into a folder, from which `import` brings it back."""
