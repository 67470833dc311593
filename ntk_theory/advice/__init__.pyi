from . import diagnosis as diagnosis
from . import law_table as law_table
from . import recommend as recommend
