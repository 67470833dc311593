"""The question: cases and studies, frozen and hashed before the first network."""
