// One clock for all videos of a row: it alone counts time, and every video is held to it.
// A video that strays by less than a frame or two is sped up or slowed down, one that strays further is set.
const CLOSE = 0.25, FAR = 0.2, EVERY = 200;  // in frames; in seconds; in milliseconds
const FRAMES_PER_SECOND = Number(document.body.dataset.rate);

class Row {
  constructor(card) {
    this.card = card;
    this.videos = [...card.querySelectorAll("video")];
    this.slider = card.querySelector("input[type=range]");
    this.speed = card.querySelector("select.speed");
    this.sound = card.querySelector("select.sound");
    this.button = card.querySelector("button.play");
    this.label = card.querySelector(".time");
    this.playing = false;
    this.at = 0;
    this.button.addEventListener("click", () => this.toggle());
    card.querySelector("button.back").addEventListener("click", () => this.step(-1));
    card.querySelector("button.forward").addEventListener("click", () => this.step(1));
    this.slider.addEventListener("input", () => { this.pause(); this.show(this.slider.value * this.length / 1000); });
    this.speed.addEventListener("change", () => { if (this.playing) this.start(); });
    this.sound.addEventListener("change", () => this.choose());
    this.videos.forEach(video => {
      video.addEventListener("click", () => this.toggle());
      video.addEventListener("loadedmetadata", () => { if (!this.touched) this.show(this.length / 2); });
      if (video.readyState > 0) this.show(this.length / 2);
    });
    card.addEventListener("focusin", () => activate(this));
  }
  get length() {
    const lengths = this.videos.map(video => video.duration).filter(Number.isFinite);
    return lengths.length ? Math.min(...lengths) : 0;
  }
  get rate() { return Number(this.speed.value); }
  get now() { return this.playing ? (this.base + (performance.now() - this.since) / 1000 * this.rate) % this.length : this.at; }
  choose() {
    const chosen = this.videos.filter(video => video.dataset.label === this.sound.value)[0];
    this.videos.forEach(video => { video.muted = !(this.playing && video === chosen); });
  }
  start() {
    this.touched = true;
    this.base = this.at = this.now;
    this.since = performance.now();
    this.playing = true;
    this.button.textContent = "Pause";
    this.choose();
    this.videos.forEach(video => { video.currentTime = this.base; video.playbackRate = this.rate; video.play().catch(() => {}); });
    requestAnimationFrame(() => this.tick());
  }
  pause() {
    this.at = this.now;
    this.playing = false;
    this.button.textContent = "Play";
    this.videos.forEach(video => video.pause());
    this.show(this.at);
  }
  toggle() {
    activate(this);
    if (this.playing) return this.pause();
    rows.filter(row => row !== this && row.playing).forEach(row => row.pause());
    this.start();
  }
  step(frames) {
    activate(this);
    if (this.playing) this.pause();
    const frame = Math.round(this.at * FRAMES_PER_SECOND - 0.5) + frames, count = Math.round(this.length * FRAMES_PER_SECOND);
    this.show(((frame + count) % count + 0.5) / FRAMES_PER_SECOND);
  }
  show(time) {
    this.touched = true;
    this.at = Math.min(Math.max(0, time), this.length);
    this.videos.forEach(video => { video.currentTime = this.at; });
    this.write(this.at);
  }
  write(time) {
    this.slider.value = this.length ? 1000 * time / this.length : 0;
    this.label.textContent = time.toFixed(2) + " of " + this.length.toFixed(2) + " s";
  }
  tick() {
    if (!this.playing) return;
    const now = this.now;
    this.write(now);
    if (performance.now() - (this.corrected || 0) > EVERY) {
      this.corrected = performance.now();
      this.videos.forEach(video => this.hold(video, this.now));
    }
    requestAnimationFrame(() => this.tick());
  }
  hold(video, now) {
    if (video.seeking) return;
    const away = now - video.currentTime;
    if (Math.abs(away) > FAR || video.ended) video.currentTime = now;
    const correction = Math.abs(away) * FRAMES_PER_SECOND < CLOSE ? 0 : Math.min(0.3, Math.max(-0.3, 2 * away));
    video.playbackRate = this.rate * (1 + correction);
    if (video.paused) video.play().catch(() => {});
  }
}

let active = null;
function activate(row) {
  if (active) active.card.classList.remove("active");
  active = row;
  row.card.classList.add("active");
}
const rows = [...document.querySelectorAll(".clip")].map(card => new Row(card));
if (rows.length) activate(rows[0]);

function go(by) {
  const next = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(active) + by))];
  next.button.focus();
  next.card.scrollIntoView({ block: "nearest" });
}
function faster(by) {
  const choices = active.speed.options;
  active.speed.selectedIndex = Math.min(choices.length - 1, Math.max(0, active.speed.selectedIndex + by));
  active.speed.dispatchEvent(new Event("change"));
}
function nextSound() {
  active.sound.selectedIndex = (active.sound.selectedIndex + 1) % active.sound.options.length;
  active.choose();
}
const KEYS = {
  " ": () => active.toggle(), "k": () => active.toggle(), ",": () => active.step(-1), ".": () => active.step(1),
  "j": () => go(1), "u": () => go(-1), "+": () => faster(1), "-": () => faster(-1), "s": nextSound,
};
document.addEventListener("keydown", event => {
  const inControl = ["SELECT", "SUMMARY", "INPUT"].includes(event.target.tagName) || event.target.tagName === "BUTTON" && event.key === " ";
  if (!active || event.ctrlKey || event.metaKey || event.altKey || inControl && [" ", "-", "+"].includes(event.key)) return;
  if (!KEYS[event.key] || event.target.tagName === "SELECT") return;
  event.preventDefault();
  KEYS[event.key]();
});
