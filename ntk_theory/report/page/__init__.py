"""Pages: one self-contained HTML file per study."""
