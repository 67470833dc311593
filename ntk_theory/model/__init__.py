"""Networks and parameters, operators lowered to array programs, assembly of kernel blocks."""
