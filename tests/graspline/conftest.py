"""The toy artifact of tests/model, here too."""

from tests.model.conftest import artifact as artifact
from tests.model.conftest import configs as configs
from tests.model.conftest import dual as dual
from tests.model.conftest import encoders as encoders
from tests.model.conftest import make_stage as make_stage
from tests.model.conftest import stage_two as stage_two
