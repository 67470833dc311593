"""An oracle for ``classify`` that shares nothing with its rules: it evaluates the identity of THEORY §3.

Expression trees of its own (tree), the NTK of infinite width by quadrature over one neuron (neuron),
exponents and limit classes by direct evaluation at extreme ε in extended precision (truth), random problems
(random_problems, kinds), and the comparison (compare). Nothing of ``ntk_theory.theory`` or of the package's
series, degrees and zero tests is read here; only the public answer of ``classify`` is.
"""
