"""What a child process is to tag its tracked runs with: the launcher says it in one variable of the environment."""

import json
import os

DOES_NOT_DECIDE = "only names what happened"
VARIABLE = "GRASPLINE_RUN_TAGS"


def run_tags() -> dict[str, str]:
    """{tag: value} from the launcher; none where nobody said any."""
    return {str(name): str(value) for name, value in json.loads(os.environ.get(VARIABLE, "{}")).items()}
