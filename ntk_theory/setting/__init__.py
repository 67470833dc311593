"""The setting of a question as values that carry their facts: the activation and the output bias."""
