// The clock of the row that plays. Where sound can be heard it is the sound's own time, at the loudspeaker, so that pictures
// keep to what is heard for as long as one likes; where it cannot, it is the computer's.
const SOON = 0.05, DEAD = 2;  // seconds until a sound begins; seconds without progress after which a sound device is given up

class Clock {
  constructor() {
    this.context = null;
    this.source = null;
    this.given_up = false;
    this.onchange = () => {};
  }
  // To be called in a click or a key press: browsers allow sound only there.
  async wake() {
    if (this.given_up) return;
    if (!this.context) {
      this.context = new AudioContext();
      this.context.addEventListener("statechange", () => this.onchange());
    }
    const waited = new Promise(resolve => setTimeout(resolve, 1000));
    if (this.context.state !== "running") await Promise.race([this.context.resume(), waited]);
  }
  get audible() { return this.context !== null && this.context.state === "running"; }
  // A function that tells the seconds, of one and the same clock for as long as it is asked.
  timer() {
    const context = this.context;
    if (!this.audible) return () => performance.now() / 1000;
    return () => {
      const heard = context.getOutputTimestamp();
      if (!heard.performanceTime) return context.currentTime;
      return heard.contextTime + (performance.now() - heard.performanceTime) / 1000;
    };
  }
  // Begin at a place in a sound that loops, or in silence; when that is, in seconds of the timer.
  begin(timer, sound, place, rate, length) {
    this.hush();
    if (!this.audible || !sound) return timer();
    const since = this.context.currentTime + SOON;
    this.source = new AudioBufferSourceNode(this.context, { buffer: sound, loop: true, loopEnd: length, playbackRate: rate });
    this.source.connect(this.context.destination);
    this.source.start(since, place);
    return since;
  }
  hush() {
    if (this.source) this.source.disconnect();
    this.source = null;
    this.seen = { heard: -1, at: performance.now() };
  }
  // Whether the sound device still takes sound; one that stands still would stop the pictures too.
  alive() {
    if (!this.audible) return true;
    const heard = this.context.currentTime, now = performance.now();
    if (heard !== this.seen.heard) this.seen = { heard, at: now };
    if (now - this.seen.at < 1000 * DEAD) return true;
    this.given_up = true;
    this.context = null;
    return false;
  }
  // A WAV file in base64 as a sound of exactly this length, or null where nothing is heard.
  async sound(base64, length) {
    if (!this.audible) return null;
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    const whole = await this.context.decodeAudioData(bytes.buffer);
    const samples = Math.ceil(length * whole.sampleRate);
    const cut = this.context.createBuffer(1, samples, whole.sampleRate);
    cut.copyToChannel(whole.getChannelData(0).subarray(0, samples), 0);
    return cut;
  }
}
const clock = new Clock();
