from . import diagnosis as diagnosis
from . import infinite_solution as infinite_solution
from . import law_table as law_table
from . import recommend as recommend
