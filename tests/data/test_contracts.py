from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from data.config import DataConfig
from data.contracts import ClipRecord
from foundation.clip_format import ClipFormat

CONF = Path(__file__).parents[2] / "conf/data"


def config(**changes: Any) -> dict[str, Any]:
    return {**yaml.safe_load((CONF / "studio.yaml").read_text()), **changes}


@pytest.mark.parametrize("file", sorted(CONF.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_data_configuration_is_valid(file: Path) -> None:
    assert DataConfig.model_validate(yaml.safe_load(file.read_text())).batches


def test_the_split_names_batches_that_are_ordered_and_apart() -> None:
    with pytest.raises(ValidationError, match="batch spring is in the split but not ordered"):
        DataConfig.model_validate(config(train_batches=["spring"]))
    both = config(held_out_batches=["studio_train"])
    with pytest.raises(ValidationError, match="batch studio_train is trained on and held out"):
        DataConfig.model_validate(both)
    assert DataConfig.model_validate({**both, "held_out_is_trained_on": True})


def test_a_batch_name_becomes_a_folder_and_may_not_leave_it() -> None:
    with pytest.raises(ValidationError, match=r"cannot be a name .it holds .\..*call it x"):
        DataConfig.model_validate(config(batches={"../x": {"source": "studio", "seed": 0, "clips": 1}}))


@pytest.mark.parametrize("field", ["frames", "motion_frames"])
def test_frames_come_in_fours_after_the_first(field: str) -> None:
    values = {"frames": 33, "frames_per_second": 25, "height": 96, "width": 64, "motion_frames": 0}
    assert ClipFormat.model_validate({**values, field: 73})
    with pytest.raises(ValidationError, match=r"80 is not 4k \+ 1"):
        ClipFormat.model_validate({**values, field: 80})


@pytest.mark.parametrize("clip_id", ["../x", "a/b", ".hidden", "", "a.b", "a b", "a\n", "\u212aelvin"])
def test_a_clip_id_becomes_a_folder_and_may_not_leave_it(clip_id: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ClipRecord.model_validate({"clip_id": clip_id})
    faults = {fault["loc"]: fault["msg"] for fault in raised.value.errors()}
    assert "cannot be a name" in faults["clip_id",]
