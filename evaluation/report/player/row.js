// One clip: its videos side by side, which show the same frame at every moment, its controls and its sound.
const FRAMES_PER_SECOND = Number(document.body.dataset.rate);

class Row {
  constructor(card) {
    this.card = card;
    this.figures = [...card.querySelectorAll("figure.moving")].map(figure => (
      { video: figure.querySelector("video"), canvas: figure.querySelector("canvas") }));
    this.frames = Number(card.dataset.frames);
    this.length = this.frames / FRAMES_PER_SECOND;
    this.slider = card.querySelector("input[type=range]");
    this.speed = card.querySelector("select.speed");
    this.sound = card.querySelector("select.sound");
    this.button = card.querySelector("button.play");
    this.label = card.querySelector(".time");
    this.sounds = new Map();
    this.at = this.middle(Math.floor(this.frames / 2));
    this.playing = this.wanted = false;
    this.listen();
    this.write();
  }
  listen() {
    this.button.addEventListener("click", () => this.toggle());
    this.card.querySelector("button.back").addEventListener("click", () => this.step(-1));
    this.card.querySelector("button.forward").addEventListener("click", () => this.step(1));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.speed.addEventListener("change", () => this.restart());
    this.sound.addEventListener("change", () => this.restart());
    this.figures.forEach(({ video, canvas }) => {
      [video, canvas].forEach(screen => screen.addEventListener("click", () => this.toggle()));
      const still = () => { if (!this.screen) video.currentTime = this.at; };
      video.addEventListener("loadedmetadata", still);
      if (video.readyState > 0) still();
    });
    this.card.addEventListener("focusin", () => activate(this));
  }
  middle(frame) { return (frame + 0.5) / FRAMES_PER_SECOND; }
  get rate() { return Number(this.speed.value); }
  get seconds() {
    if (!this.playing) return this.at;
    return (this.base + Math.max(0, this.timer() - this.since) * this.rate) % this.length;
  }
  get frame() { return this.due(this.seconds); }
  due(seconds) { return Math.min(this.frames - 1, Math.floor(seconds * FRAMES_PER_SECOND + 1e-6)); }

  toggle() { if (this.wanted) this.pause(); else this.play(); }
  async play() {
    this.take();
    this.wanted = true;
    this.write();
    await clock.wake();
    if (this.wanted) await this.load();
    if (this.wanted && this.screen) await this.begin();
  }
  pause() {
    this.at = this.middle(this.frame);
    this.wanted = this.playing = false;
    clock.hush();
    if (this.screen) {
      this.screen.stop();
      this.screen.show(this.frame);
    }
    this.write();
  }
  // From now on this row alone plays, and has pictures in memory.
  take() {
    activate(this);
    rows.filter(row => row !== this).forEach(row => row.leave());
  }
  leave() {
    if (this.wanted) this.pause();
    if (this.screen) this.screen.drop();
    this.screen = this.loading = null;
    this.write();
  }
  async step(frames) { await this.go((this.frame + frames + this.frames) % this.frames); }
  async go(frame) {
    this.take();
    if (this.wanted) this.pause();
    this.at = this.middle(frame);
    this.write();
    await this.load();
    if (this.screen && !this.playing) this.screen.show(this.frame);
  }
  async restart() {
    if (!this.playing) return;
    this.at = this.seconds;
    await this.begin();
  }
  // Decode the videos, once until another row plays.
  async load() {
    if (this.screen) return;
    const loading = this.loading ||= this.decoded();
    this.write();
    const screen = await loading;
    if (loading !== this.loading) return screen.drop();
    if (!this.screen) screen.enter(this.frame);
    this.screen = screen;
    this.write();
  }
  async decoded() {
    this.share = 0;
    if ("long" in this.card.dataset) return new Held(this.figures);
    try {
      return await Drawn.of(this.figures, this.frames, share => { this.share = share; this.write(); });
    } catch (fault) {
      console.warn(`${this.card.getAttribute("aria-label")}: its videos play one by one, held to the clock: ${fault}`);
      return new Held(this.figures);
    }
  }
  async begin() {
    const turn = this.turn = {}, sound = this.screen instanceof Held ? null : await this.heard();
    if (!this.wanted || turn !== this.turn) return;
    if (this.playing) this.at = this.seconds;
    this.timer = clock.timer();
    this.base = this.at;
    this.since = clock.begin(this.timer, sound, this.base, this.rate, this.length);
    this.playing = true;
    this.screen.begin(this.sound.selectedOptions[0].textContent);
    cancelAnimationFrame(this.next);
    this.tick();
  }
  async heard() {
    const wav = this.card.querySelector(`script[data-sound="${this.sound.value}"]`);
    if (!wav) return null;
    if (!this.sounds.has(this.sound.value)) this.sounds.set(this.sound.value, await clock.sound(wav.textContent.trim(), this.length));
    return this.sounds.get(this.sound.value);
  }
  tick() {
    if (!this.playing) return;
    if (!clock.alive()) this.restart();
    const seconds = this.seconds, frame = this.due(seconds);
    this.screen.follow(frame, seconds, this.rate);
    this.write(frame);
    this.next = requestAnimationFrame(() => this.tick());
  }
  write(frame = this.frame) {
    const busy = Boolean(this.loading && !this.screen);
    const does = busy ? `Loading ${Math.round(100 * this.share)} %` : this.wanted ? "Pause" : "Play";
    const where = `frame ${frame + 1} of ${this.frames}, ${(frame / FRAMES_PER_SECOND).toFixed(2)} s`;
    if (this.said === does + where) return;
    this.said = does + where;
    this.button.textContent = does;
    this.button.setAttribute("aria-busy", String(busy));
    this.slider.value = frame;
    this.label.textContent = where;
    this.slider.setAttribute("aria-valuetext", where);
  }
}
