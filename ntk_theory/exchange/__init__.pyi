from . import read as read
from . import weight_files as weight_files
