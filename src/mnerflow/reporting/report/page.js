import { jQuery } from "datatables";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", follow);
follow();

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Tables. Each is set up only when it is first opened, because a thousand rows take time. Until then, a table
// is in a noscript element, which a browser that runs this script keeps as plain text.
const wide = matchMedia("(min-width: 56rem)");

const ROWS = 25;
const BUTTON = '<button type="button" class="more" aria-expanded="false" aria-label="Details"></button>';

function setUp(details) {
  const source = details.querySelector("noscript");
  if (!source) return;
  source.outerHTML = source.textContent;
  const node = details.querySelector("table");
  const long = node.tBodies[0].rows.length > ROWS;
  const table = jQuery(node).DataTable({
    order: [],
    pageLength: ROWS,
    autoWidth: false,
    columnControl: ["searchDropdown"],
    columnDefs: [
      { targets: ".more", orderable: false, searchable: false, columnControl: [], render: () => BUTTON },
      { targets: ".number", className: "number" },
    ],
    layout: long
      ? { topStart: "search", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" }
      : { topStart: "search", topEnd: null, bottomStart: "info", bottomEnd: null },
    language: {
      search: "Search",
      lengthMenu: "_MENU_ rows",
      info: long ? "_START_ to _END_ of _TOTAL_ rows" : "_TOTAL_ rows",
      infoEmpty: "",
      infoFiltered: "(of _MAX_)",
    },
  });
  details.querySelector("nav")?.setAttribute("aria-label", `Pages: ${node.getAttribute("aria-label")}`);
  details.querySelector(".dt-layout-table").tabIndex = 0; // so that the keyboard can scroll it
  fit(table);
  wide.addEventListener("change", () => fit(table));
  node.addEventListener("click", ({ target }) => {
    if (target.matches("button.more")) unfold(table, table.row(target.closest("tr")));
  });
}

const hidden = (table) => table.columns(".wide, .detail").indexes().toArray().filter((i) => !table.column(i).visible());

/** Show the columns that the page is wide enough for. Rows are folded, since the columns they hide change. */
function fit(table) {
  table.rows().every(function () {
    if (this.child.isShown()) unfold(table, this);
  });
  table.columns(".wide").visible(wide.matches, false);
  table.columns(".detail").visible(false, false);
  table.column(".more").visible(hidden(table).length > 0, false);
}

/** Show the hidden columns of a row below it, or hide them again. */
function unfold(table, row) {
  const shown = row.child.isShown();
  row.node().querySelector("button.more").setAttribute("aria-expanded", String(!shown));
  if (shown) return row.child.remove();
  const list = element("dl", { class: "rest" });
  for (const index of hidden(table)) {
    const value = [...table.cell(row.index(), index).node().childNodes].map((child) => child.cloneNode(true));
    list.append(element("div", {}, element("dt", {}, table.column(index).title()), element("dd", {}, ...value)));
  }
  row.child(list).show();
}

for (const details of document.querySelectorAll("details.table")) {
  if (details.open) setUp(details);
  details.addEventListener("toggle", () => details.open && setUp(details));
}

// Posts.
const groups = JSON.parse(document.getElementById("gallery-data").textContent);
const form = document.getElementById("filters");
const gallery = document.getElementById("gallery");
const count = document.getElementById("count");
const field = (name) => form.elements[name];

const options = (select, pairs) =>
  select.replaceChildren(...pairs.map(([value, text]) => element("option", { value }, text)));

const group = () => groups[field("group").value];
const typesOf = (posts) =>
  [...new Set(posts.flatMap((post) => [post.gold, ...post.read.map((r) => r.entities)].flat().map(([type]) => type)))].sort();
const types = typesOf(groups.flatMap((each) => each.posts));

const SIGNS = { right: "", wrong: " ✗", missed: " missed" };
const leftward = /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;

/** The words of a post with its entities marked as right, wrong (not in the gold) or missed. */
function line(post, entities, gold) {
  const right = new Set(gold.map(String));
  const read = new Set(entities.map(String));
  const missed = gold.filter(([, start, end]) => !entities.some((entity) => entity[1] < end && start < entity[2]));
  const parts = [];
  let at = 0;
  // Isolated, so that a character that reverses the writing direction affects only its own words.
  const words = (start, end) => element("bdi", {}, post.tokens.slice(start, end).join(" "));
  for (const entity of [...entities, ...missed].sort((one, other) => one[1] - other[1])) {
    const [type, start, end] = entity;
    if (start > at) parts.push(words(at, start), " ");
    const kind = !read.has(String(entity)) ? "missed" : right.has(String(entity)) ? "right" : "wrong";
    parts.push(
      element(
        "mark",
        { class: kind, style: `--type: ${types.indexOf(type)}` },
        words(start, end),
        element("span", { class: "type" }, type + SIGNS[kind]),
      ),
      " ",
    );
    at = end;
  }
  if (at < post.tokens.length) parts.push(words(at));
  const dir = leftward.test(post.tokens.join(" ")) ? "rtl" : "ltr";
  return element("p", { class: "tokens", dir }, ...parts);
}

function reading(name, tokens, note = "") {
  const title = element("dt", {}, name);
  if (note) title.append(" ", element("span", { class: `change ${note}` }, note));
  return [title, element("dd", {}, tokens)];
}

const changeOf = (post) => {
  const [first, second] = ["first", "second"].map((name) => post.read[field(name).value].score);
  return second > first ? "helped" : second < first ? "hurt" : "same";
};

function article(post) {
  const { models } = group();
  const [first, second] = [Number(field("first").value), Number(field("second").value)];
  const read = (model, note) =>
    reading(
      element("a", { href: encodeURI(`runs/${models[model].run}/`) }, models[model].name),
      line(post, post.read[model].entities, post.gold),
      note,
    );
  const picture = post.image
    ? element("img", { src: post.image, alt: "Image of the post" })
    : element("div", { class: "blank" }, "no image");
  const list = element("dl", {}, ...reading("Gold", line(post, post.gold, post.gold)), ...read(first));
  if (second !== first) list.append(...read(second, changeOf(post)));
  const body = element("div", {}, element("h3", {}, element("bdi", {}, post.id)), list);
  const others = models.map((_, model) => model).filter((model) => model !== first && model !== second);
  if (others.length) {
    const more = element("details", {}, element("summary", {}, `${others.length} more models`));
    more.addEventListener(
      "toggle",
      () => more.append(element("dl", {}, ...others.flatMap((model) => read(model)))),
      { once: true },
    );
    body.append(more);
  }
  return element("article", { class: "post", tabindex: "-1" }, picture, body);
}

function matches(post) {
  const read = post.read[field("second").value];
  const words = field("words").value.trim().toLowerCase();
  const type = field("type").value;
  return (
    (!field("change").value || changeOf(post) === field("change").value) &&
    (!field("error").value || read.errors.includes(field("error").value)) &&
    (!type || [...post.gold, ...read.entities].some((entity) => entity[0] === type)) &&
    (!words || `${post.id} ${post.tokens.join(" ")}`.toLowerCase().includes(words))
  );
}

const STEP = 12; // posts shown at a time
const further = document.getElementById("further");
let waiting = [];

function showFurther() {
  gallery.append(...waiting.splice(0, STEP).map(article));
  further.hidden = waiting.length === 0;
  further.textContent = `Show ${Math.min(STEP, waiting.length)} more of ${waiting.length}`;
}

function show() {
  const { posts } = group();
  const found = posts.filter(matches);
  waiting = [...found];
  gallery.replaceChildren();
  showFurther();
  count.textContent = found.length || !posts.length
    ? `${found.length} of ${posts.length} posts`
    : `None of ${posts.length} posts matches. Remove a filter, or change the search.`;
}

/** Offer the models of the chosen data set; begin with the first model that has a baseline, and that baseline. */
function offer() {
  const { models, posts } = group();
  const pairs = models.map((model, index) => [index, model.name]);
  const fusion = Math.max(0, models.findIndex((model) => model.baseline !== null));
  for (const name of ["first", "second"]) options(field(name), pairs);
  field("second").value = fusion;
  field("first").value = models[fusion].baseline ?? fusion;
  options(field("type"), [["", "all"], ...typesOf(posts).map((type) => [type, type])]);
}

if (groups.length) {
  options(field("group"), groups.map((each, index) => [index, each.name]));
  offer();
  show();
  field("group").addEventListener("change", offer);
  form.addEventListener("input", (event) => {
    if (event.target !== field("group")) show(); // which offers other models first, when it has changed
  });
  form.addEventListener("change", show);
  further.addEventListener("click", () => {
    const next = gallery.childElementCount;
    showFurther();
    gallery.children[next].focus(); // the button moves away, and the keyboard's reader goes on below
  });
  form.addEventListener("submit", (event) => event.preventDefault());
} else {
  form.remove();
  further.remove();
  count.textContent = "No posts are shown, because their texts may not be redistributed (quote_posts: false).";
}
