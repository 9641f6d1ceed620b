"""A network in an ONNX file, run by onnxruntime on the CPU; what is wrong with the file is said with its setting."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidProtobuf, NoSuchFile

LIBRARIES = ("onnxruntime", "numpy")


class OnnxNetwork:
    """One input, one output."""

    def __init__(self, file: Path, setting: str) -> None:
        """Raises:
        ValueError: the file is missing or no ONNX network; names the setting.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self.session: Any = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except (InvalidProtobuf, NoSuchFile, Fail) as error:
            raise ValueError(
                f"scoring.{setting}: {file} is no ONNX network ({error}): put the right one there"
            ) from error
        self.file, self.setting = file, setting
        self.shape: list[int | str | None] = self.session.get_inputs()[0].shape

    def __call__(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Raises:
        ValueError: the network does not take this shape.
        """
        try:
            answer = self.session.run(None, {self.session.get_inputs()[0].name: values.astype(np.float32)})[0]
        except InvalidArgument as error:
            raise ValueError(f"scoring.{self.setting}: {self.file} does not take {values.shape} ({error})") from error
        return np.asarray(answer, np.float64)
