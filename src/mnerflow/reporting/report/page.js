import { jQuery } from "datatables";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", follow);
follow();

const filterBy = (content) => ({ extend: "dropdown", icon: "search", text: "Filter", content: [content] });

// Tables. Each is set up when it is first opened: a thousand rows that nobody looks at cost no time.
function setUp(details) {
  const table = details.querySelector("table");
  if (jQuery.fn.dataTable.isDataTable(table)) return;
  jQuery(table).DataTable({
    order: [],
    pageLength: 25,
    autoWidth: false,
    columnControl: ["order", filterBy("searchList")],
    columnDefs: [{ targets: ".number", columnControl: ["order", filterBy("search")] }],
    ordering: { indicators: false, handler: true },
    layout: { topStart: "search", topEnd: "pageLength", bottomStart: "info", bottomEnd: "paging" },
    language: { search: "Search", lengthMenu: "_MENU_ rows", info: "_START_ to _END_ of _TOTAL_ rows" },
  });
  details.querySelector(".dt-layout-table").tabIndex = 0; // so that the keyboard can scroll it
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

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const options = (select, pairs) =>
  select.replaceChildren(...pairs.map(([value, text]) => element("option", { value }, text)));

const group = () => groups[field("group").value];
const typesOf = (posts) =>
  [...new Set(posts.flatMap((post) => [post.gold, ...post.read.map((r) => r.entities)].flat().map(([type]) => type)))].sort();
const types = typesOf(groups.flatMap((each) => each.posts));

/** The words of a post with its entities marked; those that the gold has not are marked as wrong. */
function line(post, entities, gold) {
  const right = new Set(gold.map(String));
  const parts = [];
  let at = 0;
  const words = (start, end) => post.tokens.slice(start, end).join(" ");
  for (const entity of entities) {
    const [type, start, end] = entity;
    if (start > at) parts.push(words(at, start) + " ");
    const wrong = !right.has(String(entity));
    parts.push(
      element(
        "mark",
        { class: wrong ? "wrong" : "right", style: `--type: ${types.indexOf(type)}` },
        words(start, end),
        element("span", { class: "type" }, wrong ? `${type} ✗` : type),
      ),
      " ",
    );
    at = end;
  }
  if (at < post.tokens.length) parts.push(words(at));
  return element("p", { class: "tokens" }, ...parts);
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
    reading(models[model].name, line(post, post.read[model].entities, post.gold), note);
  const picture = post.image
    ? element("img", { src: post.image, alt: "Image of the post", loading: "lazy" })
    : element("div", { class: "blank" }, "no image");
  const list = element("dl", {}, ...reading("Gold", line(post, post.gold, post.gold)), ...read(first));
  if (second !== first) list.append(...read(second, changeOf(post)));
  const body = element("div", {}, element("h3", {}, post.id), list);
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
  return element("article", { class: "post" }, picture, body);
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

function show() {
  const { posts } = group();
  const found = posts.filter(matches);
  gallery.replaceChildren(...found.map(article));
  count.textContent = `${found.length} of ${posts.length} posts`;
}

/** Offer the models of the chosen data set; begin with the first fusion that has a twin, beside it. */
function offer() {
  const { models, posts } = group();
  const pairs = models.map((model, index) => [index, model.name]);
  const fusion = Math.max(0, models.findIndex((model) => model.twin !== null));
  for (const name of ["first", "second"]) options(field(name), pairs);
  field("second").value = fusion;
  field("first").value = models[fusion].twin ?? fusion;
  options(field("type"), [["", "all"], ...typesOf(posts).map((type) => [type, type])]);
}

if (groups.length) {
  options(field("group"), groups.map((each, index) => [index, each.name]));
  offer();
  show();
  field("group").addEventListener("change", offer);
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
}
