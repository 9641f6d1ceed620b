// Several videos as one: one clock, the first video's; the others follow it within a frame.
"use strict";
class Players {
  constructor(videos, framesPerSecond, onChange) {
    this.videos = videos;
    this.frame = 1 / framesPerSecond;
    this.onChange = onChange;
    this.watched = false;
    this.ended = false;
    videos[0].addEventListener("ended", () => { this.watched = true; this.ended = true; this.pause(); });
    const follow = () => { if (this.videos[0].isConnected) { this.follow(); requestAnimationFrame(follow); } };
    requestAnimationFrame(follow);
  }
  get playing() { return !this.videos[0].paused && !this.videos[0].ended; }
  get seconds() { return this.videos[0].currentTime; }
  get length() { return this.videos[0].duration || 0; }
  play() {
    if (this.ended || this.seconds >= this.length - this.frame / 2) this.seek(0);
    this.ended = false;
    Promise.all(this.videos.map(video => video.play())).catch(() => this.pause()).finally(this.onChange);
  }
  pause() { this.videos.forEach(video => video.pause()); this.align(); this.onChange(); }
  toggle() { if (this.playing) this.pause(); else this.play(); }
  seek(seconds) {
    const at = Math.min(Math.max(0, seconds), this.length);
    this.ended = false;
    this.videos.forEach(video => { video.currentTime = at; });
    this.onChange();
  }
  step(frames) { this.pause(); this.seek(this.seconds + frames * this.frame); }
  set speed(rate) { this.rate = rate; this.videos.forEach(video => { video.playbackRate = rate; }); }
  hear(index) { this.videos.forEach((video, at) => { video.muted = at !== index; }); }
  align() { this.videos.slice(1).forEach(video => { if (video.currentTime !== this.seconds) video.currentTime = this.seconds; }); }
  follow() {
    if (this.playing) {
      for (const video of this.videos.slice(1)) {
        const late = this.seconds - video.currentTime, rate = this.rate || 1;
        if (Math.abs(late) > 0.25) video.currentTime = this.seconds;
        else video.playbackRate = Math.abs(late) < 0.01 ? rate : rate * (1 + Math.max(-0.15, Math.min(0.15, 3 * late)));
        if (video.paused && !video.ended) video.play().catch(() => {});
      }
    }
    this.onChange();
  }
}
