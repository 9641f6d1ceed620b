"""VLM-QA: a vision-language model answers the 50 yes/no questions of questions.yaml about frames of the video.

Any endpoint that speaks OpenAI's chat protocol answers (a local vLLM or Ollama with Qwen-VL, or a hosted one); its key,
where it wants one, stands in the environment variable GRASPLINE_VLM_KEY. A question is asked once: answers are kept by
the frames' content, the question, the prompt and the model. The value is the share of questions answered as a plausible
video should be answered.
"""

import base64
import hashlib
import http.client
import json
import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from evaluation.backends.config import VLM_KEY, ScoringConfig, VlmConfig
from evaluation.backends.contracts import Answer, PassingError
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy
from foundation.fingerprint import fingerprint
from foundation.home import ROOT
from foundation.plain_faults import one_line
from foundation.whole_file import write_whole

ENVIRONMENT = ".venv"
SETTINGS = ("vlm.address",)
INPUTS = ("video", "prompt")
ANSWERS = ROOT / "runs/scores/answers"
QUESTIONS = Path(__file__).parents[1] / "questions.yaml"
LONG_SIDE = 512  # of the frames that the model is shown
LEAST_ANSWERED = 0.8  # of the questions, below which the clip has no value
ASK = (
    "These are frames of one video, in order. It should show this: {prompt}\n"
    "Question: {question}\nAnswer with one word, yes or no."
)


@dataclass(frozen=True)
class Question:
    """`plausible`: how a plausible video is answered, "yes" or "no"."""

    text: str
    plausible: str


class VlmQuestions:
    """See Backend."""

    def __init__(self, config: VlmConfig, answers: Path = ANSWERS) -> None:
        self.config, self.answers, self.questions = config, answers, read_questions(QUESTIONS)

    @property
    def measured_by(self) -> MeasuredBy:
        digest = hashlib.sha256((ASK + QUESTIONS.read_text(encoding="utf-8")).encode()).hexdigest()[:12]
        record = measured_by(f"{self.config.model}, questions {digest}", ("pyyaml",), "as of the model")
        return record.model_copy(update={"device": self.config.address or ""})

    def measure(self, video: Video) -> Answer:
        pictures = [jpeg(video.frames[at]) for at in spread(len(video.frames), self.config.frames)]
        self.answers.mkdir(parents=True, exist_ok=True)
        said = [self._answer(question, video.clip.prompt, pictures) for question in self.questions]
        pairs = zip(map(yes_or_no, said), self.questions, strict=True)
        right = [answer == question.plausible for answer, question in pairs if answer]
        if len(right) < LEAST_ANSWERED * len(said):
            odd = next(text for text in said if not yes_or_no(text))
            raise PassingError(
                f"{self.config.model} answered {len(said) - len(right)} of {len(said)} questions neither yes nor no,"
                f" as in '{one_line(odd)[:60]}': set scoring.vlm.model to one that follows instructions"
            )
        note = {} if len(right) == len(said) else {"yes": f"{len(right)} of {len(said)} questions were answered"}
        return Answer(values={"yes": float(np.mean(right))}, notes=note)

    def _answer(self, question: Question, prompt: str, pictures: list[bytes]) -> str:
        """What the model said, now or before."""
        text = ASK.format(prompt=prompt or "(nothing was said)", question=question.text)
        content = [hashlib.sha256(picture).hexdigest() for picture in pictures]
        file = self.answers / f"{fingerprint([self.config.model, text, content])}.json"
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))["answer"]
        answer = ask(self.config, text, pictures)
        if yes_or_no(answer):
            record = {"model": self.config.model, "prompt": text, "frames": content, "answer": answer}
            write_whole(file, json.dumps(record))
        return answer


def build(config: ScoringConfig) -> VlmQuestions:
    return VlmQuestions(config.vlm)


def read_questions(file: Path) -> list[Question]:
    """In the file's order; a question is a text under `plausible: yes` or `plausible: no`."""
    groups: dict[str, dict[str, list[str]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        Question(text, answer.removeprefix("plausible_"))
        for group in groups.values()
        for answer, texts in group.items()
        for text in texts
    ]


def ask(config: VlmConfig, text: str, pictures: list[bytes]) -> str:
    """One question to the endpoint.

    Raises:
        PassingError: it is down, too slow, refuses, or answers something that is no chat completion.
    """
    images = [{"type": "image_url", "image_url": {"url": _data_url(picture)}} for picture in pictures]
    body: dict[str, Any] = {
        "model": config.model,
        "temperature": 0,
        "max_tokens": 16,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}, *images]}],
    }
    address = f"{(config.address or '').rstrip('/')}/chat/completions"
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(VLM_KEY):
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=config.timeout_seconds) as response:
            return str(json.loads(response.read())["choices"][0]["message"]["content"])
    except urllib.error.HTTPError as error:
        raise PassingError(f"the endpoint {address} refuses ({error.code} {error.reason}): see scoring.vlm") from error
    except TimeoutError as error:
        raise PassingError(
            f"the endpoint {address} took longer than {config.timeout_seconds:g} s: raise scoring.vlm.timeout_seconds"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise PassingError(
            f"the endpoint {address} does not answer ({error}): start it, or mend scoring.vlm"
        ) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise PassingError(f"the endpoint {address} answers no chat completion: see scoring.vlm.address") from error


def yes_or_no(answer: str) -> str:
    """The first word, if it is one of the two, else ""."""
    found = re.match(r"\W*(yes|no)\b", answer.strip().lower())
    return found[1] if found else ""


def spread(frames: int, wanted: int) -> list[int]:
    """So many places evenly over the video, both ends included."""
    return sorted({round(at) for at in np.linspace(0, frames - 1, min(wanted, frames))})


def jpeg(frame_HW3: Frames) -> bytes:
    """A frame as the model is shown it."""
    scale = min(1.0, LONG_SIDE / max(frame_HW3.shape[:2]))
    small = cv2.resize(frame_HW3, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1].tobytes()


def _data_url(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
