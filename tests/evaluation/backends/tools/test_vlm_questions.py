"""VLM-QA against a real HTTP server on loopback: answers, an endpoint that is down, slow, or answers nonsense."""

import json
import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evaluation.backends.config import VLM_KEY, VlmConfig
from evaluation.backends.contracts import Answer, PassingError
from evaluation.backends.tools.vlm_questions import QUESTIONS, VlmQuestions, read_questions, spread, yes_or_no
from evaluation.backends.video import VideoClip


class Endpoint:
    """Counts the questions and answers them with `says`."""

    def __init__(self) -> None:
        self.says: Callable[[str], str] = lambda _: "yes"
        self.raw: bytes | None = None
        self.wait_seconds = 0.0
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(body)
                outer.keys.append(self.headers.get("Authorization"))
                time.sleep(outer.wait_seconds)
                content = outer.says(body["messages"][0]["content"][0]["text"])
                answer = outer.raw or json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                self.send_response(200 if self.path == "/v1/chat/completions" else 404)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/v1"


@pytest.fixture
def endpoint() -> Generator[Endpoint]:
    there = Endpoint()
    thread = threading.Thread(target=there.server.serve_forever, daemon=True)
    thread.start()
    yield there
    there.server.shutdown()
    there.server.server_close()
    thread.join()


def tool(address: str, folder: Path, timeout_seconds: float = 20.0, model: str = "toy") -> VlmQuestions:
    config = VlmConfig(address=address, model=model, frames=3, timeout_seconds=timeout_seconds)
    return VlmQuestions(config, folder / "answers")


def test_the_share_of_plausible_answers_asked_once_and_kept(
    endpoint: Endpoint, answer: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VLM_KEY, "secret")
    yes = sum(question.plausible == "yes" for question in read_questions(QUESTIONS)) / 50
    assert answer(tool(endpoint.address, tmp_path)).values["yes"] == pytest.approx(yes)
    assert len(endpoint.asked) == 50
    kinds = [part["type"] for part in endpoint.asked[0]["messages"][0]["content"]]
    assert kinds == ["text", "image_url", "image_url", "image_url"]
    assert "moves the square" in endpoint.asked[0]["messages"][0]["content"][0]["text"]
    assert set(endpoint.keys) == {"Bearer secret"}
    endpoint.says = lambda _: "no"
    assert answer(tool(endpoint.address, tmp_path)).values["yes"] == pytest.approx(yes)
    assert len(endpoint.asked) == 50
    assert answer(tool(endpoint.address, tmp_path, model="other")).values["yes"] == pytest.approx(1 - yes)
    assert not any("secret" in file.read_text() for file in (tmp_path / "answers").iterdir())


def test_a_few_questions_without_an_answer_are_left_out_and_counted(
    endpoint: Endpoint, answer: Callable[..., Answer], tmp_path: Path
) -> None:
    odd = {question.text for question in read_questions(QUESTIONS)[:5]}
    endpoint.says = lambda text: "perhaps" if any(question in text for question in odd) else "Yes."
    found = answer(tool(endpoint.address, tmp_path))
    assert found.notes == {"yes": "45 of 50 questions were answered"}
    assert found.values["yes"] == pytest.approx(25 / 45)


def test_nonsense_is_no_number(endpoint: Endpoint, answer: Callable[..., Answer], tmp_path: Path) -> None:
    endpoint.says = lambda _: "As a model I cannot\nsee pictures"
    with pytest.raises(PassingError, match="50 of 50 questions neither yes nor no, as in 'As a model I cannot see"):
        answer(tool(endpoint.address, tmp_path))
    endpoint.raw = b"<html>not here</html>"
    with pytest.raises(PassingError, match="answers no chat completion"):
        answer(tool(endpoint.address, tmp_path))


def test_an_endpoint_that_is_down_slow_or_refuses_is_named(
    endpoint: Endpoint, answer: Callable[..., Answer], tmp_path: Path
) -> None:
    with pytest.raises(PassingError, match=r"127.0.0.1:9/v1/chat/completions does not answer"):
        answer(tool("http://127.0.0.1:9/v1", tmp_path))
    with pytest.raises(PassingError, match="refuses \\(404"):
        answer(tool(endpoint.address.replace("/v1", "/v2"), tmp_path))
    endpoint.wait_seconds = 2.0
    with pytest.raises(PassingError, match=r"took longer than 0.2 s: raise scoring.vlm.timeout_seconds"):
        answer(tool(endpoint.address, tmp_path, timeout_seconds=0.2))


def test_the_questions() -> None:
    questions = read_questions(QUESTIONS)
    assert len({question.text for question in questions}) == 50
    assert {question.plausible for question in questions} == {"yes", "no"}
    assert all(question.text.endswith("?") for question in questions)
    assert "hand" in questions[0].text


@pytest.mark.parametrize(
    ("said", "word"),
    [("Yes, it does.", "yes"), ("**No**", "no"), ("\nno", "no"), ("Nobody", ""), ("", ""), ("I say yes", "")],
)
def test_one_word_is_read(said: str, word: str) -> None:
    assert yes_or_no(said) == word


def test_frames_are_spread_over_the_video() -> None:
    assert spread(10, 4) == [0, 3, 6, 9]
    assert spread(2, 8) == [0, 1]
    assert spread(1, 8) == [0]


def test_a_clip_needs_no_prompt(endpoint: Endpoint, make_clip: Callable[..., VideoClip], tmp_path: Path) -> None:
    from evaluation.backends.video import Video

    clip = make_clip().model_copy(update={"prompt": ""})
    assert tool(endpoint.address, tmp_path).measure(Video(clip)).values["yes"] is not None
