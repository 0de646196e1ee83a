"""Two who store the same at the same moment.

Each looks first whether it is there, and PostgreSQL lets both look before either stores.
"""

from sqlalchemy.exc import IntegrityError
from tenacity import retry, retry_if_exception_type, stop_after_attempt

again_after_a_race = retry(
    retry=retry_if_exception_type(IntegrityError), stop=stop_after_attempt(5), reraise=True
)
"""Does a whole transaction again that a constraint has refused: then it sees what the other stored,
and finds it, changes it, or says that the name is taken."""
