from . import figures as figures
from . import page as page
from . import rows as rows
from . import terminal as terminal
from . import words as words
