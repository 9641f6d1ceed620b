// The way of short clips: each frame of each video is decoded once and kept as a picture, and what is drawn at a moment is one
// and the same frame of all of them. A <video> that loops cannot do that: it seeks at each turn, for longer than a frame.
const MOST_BYTES = 256e6;  // of one row's pictures; larger ones are made smaller
const PATIENCE = 15;  // seconds for one frame of a video

class Drawn {
  // Decode a row's videos; throws where one cannot be.
  static async of(figures, frames) {
    const videos = await Promise.all(figures.map(figure => opened(figure.video.getAttribute("src"))));
    const pixels = videos.reduce((sum, video) => sum + video.videoWidth * video.videoHeight, 0);
    const scale = Math.min(1, Math.sqrt(MOST_BYTES / (4 * pixels * frames)));
    const films = await Promise.all(videos.map(video => pictures(video, frames, scale)));
    return new Drawn(figures, films);
  }
  constructor(figures, films) {
    this.figures = figures;
    this.films = films;
  }
  enter(frame) {
    this.figures.forEach(({ video, canvas }, at) => {
      [canvas.width, canvas.height] = [this.films[at][0].width, this.films[at][0].height];
      [canvas.hidden, video.hidden] = [false, true];
    });
    this.show(frame);
  }
  show(frame) {
    if (frame === this.shown) return;
    this.figures.forEach(({ canvas }, at) => canvas.getContext("2d").drawImage(this.films[at][frame], 0, 0));
    this.shown = frame;
  }
  begin() {}
  follow(frame) { this.show(frame); }
  stop() {}
  drop() { this.films.flat().forEach(picture => picture.close()); }
}

async function opened(address) {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  video.src = address;
  await happens(video, "loadeddata");
  return video;
}

async function pictures(video, frames, scale) {
  const film = [], size = { resizeWidth: Math.round(video.videoWidth * scale), resizeHeight: Math.round(video.videoHeight * scale) };
  for (let frame = 0; frame < frames; frame++) {
    video.currentTime = (frame + 0.5) / FRAMES_PER_SECOND;
    await happens(video, "seeked");
    film.push(await createImageBitmap(video, scale < 1 ? { ...size, resizeQuality: "high" } : {}));
  }
  video.removeAttribute("src");
  video.load();
  return film;
}

function happens(video, event) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${event}`)), 1000 * PATIENCE);
    video.addEventListener(event, () => { clearTimeout(late); resolve(); }, { once: true });
    video.addEventListener("error", () => { clearTimeout(late); reject(video.error); }, { once: true });
  });
}
