// The way of long clips, whose pictures would fill the memory: the videos play, and each is held to the clock. One that strays
// by less than a frame or two is sped up or slowed down, one that strays further is set.
const CLOSE = 0.25, FAR = 0.2, EVERY = 200;  // in frames; in seconds; in milliseconds

class Held {
  constructor(figures) {
    this.figures = figures;
    this.videos = figures.map(figure => figure.video);
  }
  enter(frame) {
    this.figures.forEach(({ video, canvas }) => { [canvas.hidden, video.hidden] = [true, false]; });
    this.show(frame);
  }
  show(frame) { this.videos.forEach(video => { video.currentTime = (frame + 0.5) / FRAMES_PER_SECOND; }); }
  begin(label) {
    this.corrected = 0;
    this.videos.forEach(video => { video.muted = video.dataset.label !== label; });
  }
  follow(frame, seconds, rate) {
    if (performance.now() - this.corrected < EVERY) return;
    this.corrected = performance.now();
    this.videos.forEach(video => this.hold(video, seconds, rate));
  }
  hold(video, seconds, rate) {
    if (video.seeking) return;
    const away = seconds - video.currentTime;
    if (Math.abs(away) > FAR || video.ended) video.currentTime = seconds;
    const correction = Math.abs(away) * FRAMES_PER_SECOND < CLOSE ? 0 : Math.min(0.3, Math.max(-0.3, 2 * away));
    video.playbackRate = rate * (1 + correction);
    if (video.paused) video.play().catch(() => {});
  }
  stop() { this.videos.forEach(video => { video.muted = true; video.pause(); }); }
  drop() {}
}
