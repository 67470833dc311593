from . import read as read
