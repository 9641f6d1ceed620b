// Asks one rater question after question; every answer goes to the server before the next question comes.
"use strict";
const byId = id => document.getElementById(id);
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
let rater = "", state = null, players = null, began = 0, sending = false;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

function fault(text) {
  byId("fault").textContent = text;
  byId("fault").hidden = !text;
}

async function ask(address, sent) {
  let reply;
  try {
    reply = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent) });
  } catch {
    throw new Error("The server does not answer. Your choices are still here: try again in a moment.");
  }
  const answer = await reply.json().catch(() => ({ fault: `the server answered ${reply.status}` }));
  if (!reply.ok) throw new Error(answer.fault);
  return answer;
}

async function go(address, sent) {
  if (sending) return;
  sending = true;
  try {
    state = await ask(address, sent);
    fault("");
    show();
  } catch (error) {
    fault(error.message);
  } finally {
    sending = false;
  }
}

function show() {
  byId("welcome").hidden = true;
  byId("progress").hidden = false;
  byId("place").textContent = Math.min(state.done + 1, state.total);
  byId("total").textContent = state.total;
  byId("bar").value = state.done / state.total;
  byId("asking").hidden = !state.question;
  byId("thanks").hidden = Boolean(state.question);
  if (state.question) showQuestion(state.question);
  else { byId("videos").replaceChildren(); byId("thanks-heading").focus(); }
}

function showQuestion(question) {
  const count = question.videos.length;
  byId("which").textContent = `Question ${state.done + 1} of ${state.total}. `;
  byId("watch").textContent = count === 2 ? "Watch both videos" : `Watch the ${count} videos`;
  byId("prompt").textContent = question.prompt;
  const pictures = [["person", question.person], ["product", question.product]].filter(([, file]) => file);
  byId("references").replaceChildren(...pictures.map(([name, file]) => element("figure", {},
    element("img", { src: `/${file}`, alt: `Picture of the ${name} that every video was made from` }), element("figcaption", {}, `The ${name}`))));
  showVideos(question.videos);
  const asked = Object.entries(question.criteria);
  byId("criteria").replaceChildren(...asked.map(([name, text], at) => element("fieldset", {}, element("legend", {}, name),
    element("p", {}, state.mode === "pairs" ? text : `${text} 1 is the best; equal ones get the same.`),
    state.mode === "pairs" ? pairChoices(name, at) : rankChoices(name, at, count))));
  byId("answers").reset();
  began = performance.now();
  update();
  byId("heading").focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function showVideos(files) {
  byId("videos").replaceChildren(...files.map((file, at) => element("figure", {},
    element("video", { src: `/${file}`, preload: "auto", playsinline: "", "aria-label": `Video ${letters[at]}` }),
    element("figcaption", {}, letters[at]))));
  const videos = [...document.querySelectorAll("#videos video")];
  players = new Players(videos, state.question.frames_per_second, update);
  videos.forEach((video, at) => {
    video.addEventListener("click", () => players.toggle());
    video.addEventListener("error", () => fault(`Video ${letters[at]} cannot be played here: try another browser.`));
  });
  byId("sound").replaceChildren(...videos.map((_, at) => element("option", { value: at }, `of ${letters[at]}`)), element("option", { value: -1 }, "off"));
  byId("speed").value = "1";
  players.hear(0);
}

function pairChoices(name, at) {
  const choices = [["1 2", "A"], ["1 1", "No difference"], ["2 1", "B"]];
  return element("div", { class: "choices", "data-criterion": name }, ...choices.map(([ranks, text]) =>
    element("label", {}, element("input", { type: "radio", name: `criterion-${at}`, value: ranks }), text)));
}

function rankChoices(name, at, count) {
  return element("div", { class: "ranks", "data-criterion": name }, ...[...Array(count).keys()].map(video => {
    const id = `criterion-${at}-${video}`;
    const options = [element("option", { value: "" }, "–"), ...[...Array(count).keys()].map(rank => element("option", { value: rank + 1 }, rank + 1))];
    return element("label", { for: id }, `Video ${letters[video]}`, element("select", { id }, ...options));
  }));
}

function ranksOf(choices) {
  const chosen = choices.querySelector("input:checked");
  const texts = state.mode === "pairs" ? (chosen ? chosen.value.split(" ") : []) : [...choices.querySelectorAll("select")].map(one => one.value);
  return texts.length && texts.every(text => text) ? texts.map(Number) : null;
}

function missing() {
  if (!players.watched) return "Watch the videos to their end first.";
  const open = [...document.querySelectorAll("[data-criterion]")].filter(choices => !ranksOf(choices));
  return open.length ? `Still open: ${open.map(choices => choices.dataset.criterion).join(", ")}.` : "";
}

function update() {
  if (!players || !state?.question) return;
  const why = missing();
  if (byId("missing").textContent !== why) byId("missing").textContent = why;
  byId("next").setAttribute("aria-disabled", String(Boolean(why)));
  const label = players.playing ? "Pause" : "Play";
  if (byId("play").textContent !== label) byId("play").textContent = label;
  if (document.activeElement !== byId("seek") || players.playing) byId("seek").value = players.length ? 1000 * players.seconds / players.length : 0;
}

byId("who").addEventListener("submit", event => {
  event.preventDefault();
  rater = byId("rater").value.trim();
  try { localStorage.setItem("rater", rater); } catch { /* without it, it is typed again */ }
  go("/next", { rater });
});
byId("answers").addEventListener("change", update);
byId("answers").addEventListener("submit", event => {
  event.preventDefault();
  if (missing()) return;
  players.pause();
  const ranks = Object.fromEntries([...document.querySelectorAll("[data-criterion]")].map(one => [one.dataset.criterion, ranksOf(one)]));
  go("/answer", { rater, question: state.question.number, ranks, seconds: (performance.now() - began) / 1000 });
});
byId("play").addEventListener("click", () => players.toggle());
byId("restart").addEventListener("click", () => { players.seek(0); players.play(); });
byId("large").addEventListener("click", event => {
  const pressed = byId("videos").classList.toggle("large");
  event.target.setAttribute("aria-pressed", String(pressed));
});
byId("back").addEventListener("click", () => players.step(-1));
byId("forth").addEventListener("click", () => players.step(1));
byId("seek").addEventListener("input", event => { players.pause(); players.seek(event.target.value / 1000 * players.length); });
byId("speed").addEventListener("change", event => { players.speed = Number(event.target.value); });
byId("sound").addEventListener("change", event => players.hear(Number(event.target.value)));
document.addEventListener("keydown", event => {
  const typing = event.target.closest("input, select, button, summary");
  if (!players || byId("asking").hidden || !byId("keys").checked || typing || event.ctrlKey || event.altKey || event.metaKey) return;
  const does = { " ": () => players.toggle(), r: () => { players.seek(0); players.play(); }, ",": () => players.step(-1), ".": () => players.step(1) };
  const action = does[event.key.toLowerCase()];
  if (action) { event.preventDefault(); action(); }
});
try { byId("rater").value = localStorage.getItem("rater") || ""; } catch { /* nothing remembered */ }
