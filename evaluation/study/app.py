"""The study's page as an application: what a rater sees next, and one place that takes answers.

It answers with drawn names only, and knows no others: nothing in `study.json` names a method. Every answer is checked
against the rater's own plan before it is stored. Behind foundation.page_guard, on loopback.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from evaluation.study.answers import Answers, AnswersError
from evaluation.study.contracts import ANSWERS, CRITERIA, DAMAGED, Answer, Question, Study, read_study
from evaluation.study.plan import Plans

PAGE = Path(__file__).parent / "page"
RATER = re.compile(r"[\w.-]{1,40}")  # a name without blanks
LONGEST_REQUEST = 8_192  # bytes
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Asked = dict[str, Any]


class RequestError(ValueError):
    """What a browser sent cannot be answered: the line says why."""


class Sent(BaseModel, frozen=True, extra="forbid"):
    """One answered question, as the page sends it."""

    rater: str
    question: int
    ranks: dict[str, list[int]]
    seconds: float = Field(ge=0, le=1e6)


class Interview:
    """Who is asked what: the study's plan and what is answered of it."""

    def __init__(self, folder: Path) -> None:
        """Raises ValueError: the folder holds no study, or its answers are another's."""
        self.study: Study = read_study(folder)
        self.plans = Plans(self.study)
        self.answers = Answers(folder / ANSWERS, self.study.digest)

    def state_of(self, sent: Asked) -> Asked:
        """What the rater is to be asked next, and how far they are."""
        rater = _rater(sent.get("rater"))
        plan = self.plans.of(self.answers.number_of(rater))
        done = self.answers.answered(rater)
        waiting = [question for question in plan if question.number not in done]
        shown = self._shown(waiting[0]) if waiting else None
        return {
            "study": self.study.name,
            "mode": self.study.mode,
            "done": len(plan) - len(waiting),
            "total": len(plan),
            "question": shown,
        }

    def take(self, sent: Asked) -> Asked:
        """Store one answered question; gives the next."""
        try:
            answer = Sent.model_validate(sent)
        except ValidationError as error:
            raise RequestError(f"not an answer: {error.errors()[0]['msg']}") from error
        rater = _rater(answer.rater)
        plan = self.plans.of(self.answers.number_of(rater))
        if not 0 <= answer.question < len(plan):
            raise RequestError(f"question {answer.question} is not among the {len(plan)} of {rater}")
        if set(answer.ranks) != set(CRITERIA):
            raise RequestError(f"every criterion needs an answer: {', '.join(CRITERIA)}")
        ranks = {name: _ranks(given, len(plan[answer.question].slots)) for name, given in answer.ranks.items()}
        self.answers.store(
            [
                Answer(rater=rater, question=answer.question, criterion=name, ranks=given, seconds=answer.seconds)
                for name, given in ranks.items()
            ]
        )
        return self.state_of({"rater": rater})

    def _shown(self, question: Question) -> Asked:
        clip = self.study.clips[question.clip]
        damaged = {one.clip: one.video for one in self.study.damaged}
        videos = [damaged[question.clip] if slot == DAMAGED else clip.videos[slot] for slot in question.slots]
        return {
            "number": question.number,
            "prompt": clip.prompt,
            "person": clip.person,
            "product": clip.product,
            "frames_per_second": clip.frames_per_second,
            "videos": videos,
            "criteria": {name: texts[self.study.mode] for name, texts in CRITERIA.items()},
        }


def study_app(folder: Path) -> Starlette:
    """The application of a study's folder.

    Raises:
        ValueError: the folder holds no study, or its answers are another's.
    """
    interview = Interview(folder)
    shown = ("videos", "pictures")
    files = [Mount(f"/{kind}", StaticFiles(directory=folder / kind, check_dir=False)) for kind in shown]
    return Starlette(
        routes=[
            Route("/", lambda _: FileResponse(PAGE / "study.html", headers=HEADERS)),
            Route("/next", _told(interview.state_of), methods=["POST"]),
            Route("/answer", _told(interview.take), methods=["POST"]),
            Mount("/page", StaticFiles(directory=PAGE)),
            *files,
        ]
    )


def _told(answer: Callable[[Asked], Asked]) -> Callable[[Request], Any]:
    """A route that takes and gives JSON."""

    async def route(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_REQUEST:
                return _fault(413, "too long")
        try:
            return JSONResponse(await run_in_threadpool(answer, _read(request, body)), headers=HEADERS)
        except RequestError as error:
            return _fault(400, str(error))
        except AnswersError:
            return _fault(503, "the answer could not be stored just now: try again")

    return route


def _read(request: Request, body: bytes) -> Asked:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise RequestError("send JSON")
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise RequestError("not JSON") from error
    if not isinstance(sent, dict):
        raise RequestError("send a JSON object")
    return sent


def _fault(status: int, reason: str) -> Response:
    return JSONResponse({"fault": reason}, status_code=status, headers=HEADERS)


def _rater(name: Any) -> str:
    if not isinstance(name, str) or not RATER.fullmatch(name):
        raise RequestError("a rater's name has 1 to 40 letters, digits, dots, dashes or underlines")
    return name


def _ranks(given: list[int], videos: int) -> tuple[int, ...]:
    """Ranks with 1 for the best and no gap: equal ones are ties."""
    if len(given) != videos or not all(1 <= rank <= videos for rank in given):
        raise RequestError(f"every video needs a rank from 1 to {videos}")
    order = sorted(set(given))
    return tuple(order.index(rank) + 1 for rank in given)
