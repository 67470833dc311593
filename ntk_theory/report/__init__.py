"""Results shown, by medium: ``terminal``, ``page``, ``figures``; no science is done here.

What several media show lies beside them: ``words`` (names and numbers), ``rows`` (studies of kernels),
``drifts`` (studies of training), ``records`` (studies as JSON). ``kinds`` says which functions show which
kind of study, ``write`` puts a page into a file.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
