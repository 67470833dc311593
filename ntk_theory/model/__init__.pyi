from . import network_file as network_file
