"""Methods of training: one file each, listed in ``registry``; what a method is stands in ``method``.

Beside them the mathematics they call: ``damped`` (damped least squares), ``phi`` (exponential integrators).
"""
