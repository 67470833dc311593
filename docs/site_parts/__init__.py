"""What the documentation has beyond Sphinx: pages made from the package itself."""
