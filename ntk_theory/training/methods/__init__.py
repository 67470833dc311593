"""Methods of training, one file each."""
