from . import kernel_cost as kernel_cost
