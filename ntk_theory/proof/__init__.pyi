from .certificate import Certificate as Certificate
from .certificate import check as check
from .certify import certify as certify
