// The way of short clips: each frame of each video is decoded once and kept as a picture, and what is drawn at a moment is one
// and the same frame of all of them. A <video> that loops cannot do that: it seeks at each turn, for longer than a frame.
const MOST_BYTES = 256e6;  // of one row's pictures; larger ones are made smaller
const PATIENCE = 15;  // seconds for one frame of a video

class Drawn {
  // Decode a row's videos, and tell the share that is done; throws where one cannot be.
  static async of(figures, frames, tell) {
    const videos = await Promise.all(figures.map(figure => opened(figure.video.getAttribute("src"))));
    const pixels = videos.reduce((sum, video) => sum + video.videoWidth * video.videoHeight, 0);
    const scale = Math.min(1, Math.sqrt(MOST_BYTES / (4 * pixels * frames)));
    const films = await Promise.all(videos.map(video => pictures(video, frames, scale, tell)));
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
  await inTime("video", (resolve, reject) => {
    video.addEventListener("loadeddata", resolve);
    video.addEventListener("error", () => reject(video.error));
  });
  return video;
}

async function pictures(video, frames, scale, tell) {
  const film = [], size = { resizeWidth: Math.round(video.videoWidth * scale), resizeHeight: Math.round(video.videoHeight * scale) };
  for (let frame = 0; frame < frames; frame++) {
    await shows(video, frame);
    film.push(await createImageBitmap(video, scale < 1 ? { ...size, resizeQuality: "high" } : {}));
    tell(film.length / frames);
  }
  video.removeAttribute("src");
  video.load();
  return film;
}

// The event "seeked" comes too early: on a busy machine the picture before is still the one that is drawn.
function shows(video, frame) {
  return inTime(`picture ${frame}`, resolve => {
    const look = (_, { mediaTime }) => {
      if (Math.abs(mediaTime * FRAMES_PER_SECOND - frame) < 0.5) resolve(); else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    video.currentTime = (frame + 0.5) / FRAMES_PER_SECOND;
  });
}

function inTime(what, begin) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no ${what} within ${PATIENCE} s`)), 1000 * PATIENCE);
    begin(resolve, reject);
  });
}
