// Asks the server for the names in a post, and shows what each run finds with and without its picture.
const byId = (id) => document.getElementById(id);
const pictures = { images: null, others: null }; // as data addresses
const TONES = ["#1f77b4", "#d1700e", "#2a9d4a", "#b23ac0", "#c2334d", "#8a6d00", "#0e8f96"];
const LIST = new Intl.ListFormat("en-GB");
let runs = {};

function element(name, text = "", classes = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = classes;
  return made;
}

function say(text, bad = false) {
  byId("state").textContent = text;
  byId("state").className = bad ? "bad" : "";
}

function toneOf(kind) {
  let sum = 0;
  for (const letter of kind) sum = (31 * sum + letter.codePointAt(0)) % 9973;
  return TONES[sum % TONES.length];
}

// Offsets count characters as Python does; a string of JavaScript counts an emoji as two.
function characters(text) {
  return Array.from(text);
}

function highlighted(text, entities) {
  const shown = element("p", "", "post");
  const letters = characters(text);
  let at = 0;
  for (const one of entities) {
    shown.append(letters.slice(at, one.start).join(""));
    const mark = element("mark", letters.slice(one.start, one.end).join(""));
    mark.style.setProperty("--tone", toneOf(one.entity_group));
    mark.append(" ", element("small", `${one.entity_group} ${one.score.toFixed(2)}`));
    shown.append(mark);
    at = one.end;
  }
  shown.append(letters.slice(at).join(""));
  return shown;
}

function imageWeights(words) {
  const said = element("p", "Weight of the picture for each word: ", "why");
  for (const word of words) {
    const shown = element("span", word.word, "in");
    shown.style.setProperty("--share", word.image_weight);
    shown.title = `${Math.round(100 * word.image_weight)} %`;
    said.append(shown, ` ${word.image_weight.toFixed(2)} `);
  }
  return said;
}

function changed(words, blank) {
  const moved = words
    .map((word, place) => [word, blank[place]])
    .filter(([one, other]) => one.tag !== other.tag || Math.abs(one.score - other.score) > 0.1)
    .map(([one, other]) => `${one.word} (${other.tag} ${other.score.toFixed(2)} → ${one.tag} ${one.score.toFixed(2)})`);
  return element("p", moved.length ? `The picture or context changes: ${moved.join(", ")}` : "The picture or context changes no tag, and no score by more than 0.1.", "why");
}

function view(title, text, found, blank) {
  const shown = element("div", "", "view");
  shown.append(element("h3", title), highlighted(text, found.entities));
  if (!found.entities.length) shown.append(element("p", "No names found.", "none"));
  if (!blank) return shown;
  if (found.words.some((word) => word.image_weight !== null)) shown.append(imageWeights(found.words));
  shown.append(changed(found.words, blank.words));
  return shown;
}

async function ask(post) {
  const answer = await fetch("predict", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(post),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said.runs;
  const detail = Array.isArray(said.detail) ? said.detail.map((one) => one.msg).join("; ") : said.detail;
  throw new Error(detail || `The server answered with status ${answer.status}.`);
}

async function find(event) {
  event.preventDefault();
  const button = document.querySelector("button[type=submit]");
  const text = byId("text").value;
  const contexts = {};
  for (const area of document.querySelectorAll("#contexts textarea")) {
    if (area.value) contexts[area.dataset.context] = area.value;
  }
  button.disabled = true;
  say("Finding names …");
  try {
    const post = { text, contexts, images: pictures.images ? [pictures.images] : [] };
    const answers = await ask({ ...post, conditions: ["true", "blank"] });
    const other = pictures.others ? await ask({ ...post, images: [pictures.others] }) : {};
    byId("found").replaceChildren(...Object.keys(answers).map((name) => section(name, text, answers[name], other[name])));
    say("");
  } catch (error) {
    say(error.message, true);
  }
  button.disabled = false;
}

function section(name, text, [found, blank], other) {
  const shown = element("section");
  const reads = runs[name] || [];
  shown.append(element("h2", name), element("p", `Reads ${reads.length ? `the ${LIST.format(["text", ...reads])}` : "only the text"}.`, "none"));
  if (!reads.length) {
    shown.append(view("The text", text, found));
    return shown;
  }
  shown.append(view("As given", text, found, blank), view("Without picture and contexts", text, blank));
  if (other && reads.includes("image")) shown.append(view("With the other picture", text, other[0], blank));
  return shown;
}

function show(name, file) {
  const place = document.querySelector(`[data-picture=${name}]`);
  place.querySelectorAll("img, button").forEach((old) => old.remove());
  pictures[name] = null;
  if (!file) return;
  const reader = new FileReader();
  reader.onload = () => {
    pictures[name] = reader.result;
    const image = element("img");
    image.src = reader.result;
    image.alt = file.name;
    const clear = element("button", "Remove", "plain");
    clear.type = "button";
    clear.onclick = () => {
      byId(name).value = "";
      show(name, null);
    };
    place.append(image, clear);
  };
  reader.readAsDataURL(file);
}

for (const place of document.querySelectorAll(".drop")) {
  const name = place.dataset.picture;
  byId(name).onchange = (event) => show(name, event.target.files[0]);
  place.ondragover = (event) => {
    event.preventDefault();
    place.classList.add("over");
  };
  place.ondragleave = () => place.classList.remove("over");
  place.ondrop = (event) => {
    event.preventDefault();
    place.classList.remove("over");
    show(name, event.dataTransfer.files[0]);
  };
}

byId("post").onsubmit = find;
fetch("about").then((answer) => answer.json()).then((about) => {
  runs = about.runs;
  const contexts = new Set(Object.values(runs).flat().filter((source) => source !== "image"));
  for (const name of contexts) {
    const label = element("label", name[0].toUpperCase() + name.slice(1));
    const area = element("textarea");
    area.id = `context-${name}`;
    label.htmlFor = area.id;
    area.rows = 2;
    area.maxLength = 10000;
    area.dataset.context = name;
    byId("contexts").append(label, area);
  }
  const sees = Object.values(runs).flat().includes("image");
  document.querySelector(".pictures").hidden = !sees;
});
