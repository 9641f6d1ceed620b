// All rows, the one that the keyboard speaks to, and what the keys do.
let active = null;
function activate(row) {
  if (active) active.card.classList.remove("active");
  active = row;
  row.card.classList.add("active");
}
const rows = [...document.querySelectorAll(".clip[data-frames]")].map(card => new Row(card));
if (rows.length) activate(rows[0]);
clock.onchange = () => rows.forEach(row => row.restart());

function go(by) {
  const next = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(active) + by))];
  next.button.focus();
  next.card.scrollIntoView({ block: "nearest" });
}
function faster(by) {
  const choices = active.speed.options;
  active.speed.selectedIndex = Math.min(choices.length - 1, Math.max(0, active.speed.selectedIndex + by));
  active.restart();
}
function nextSound() {
  active.sound.selectedIndex = (active.sound.selectedIndex + 1) % active.sound.options.length;
  active.restart();
}
const KEYS = {
  " ": () => active.toggle(), "k": () => active.toggle(), ",": () => active.step(-1), ".": () => active.step(1),
  "j": () => go(1), "u": () => go(-1), "+": () => faster(1), "-": () => faster(-1), "s": nextSound,
};
document.addEventListener("keydown", event => {
  const { tagName } = event.target, pressed = event.key === " " && ["BUTTON", "SUMMARY"].includes(tagName);
  if (!active || !KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey || tagName === "SELECT" || pressed) return;
  event.preventDefault();
  KEYS[event.key]();
});
