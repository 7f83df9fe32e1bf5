import { copyOf, emailOf, pushOf, setTime } from "./message.js";

const NEWEST = 1000; // messages that a page holds
const SHOWN = 200; // rows that are drawn; a search reaches the others
const READ = "herald-inbox-read";
const ICONS = {
  email: '<svg viewBox="0 0 24 24"><path d="M3.5 6.5h17v11h-17zM4 7l8 6 8-6"/></svg>',
  push: '<svg viewBox="0 0 24 24"><path d="M6 16.5h12c-1.2-1.3-1.6-2.6-1.6-5.5a4.4 4.4 0 0 0-8.8 0c0 2.9-.4 4.2-1.6 5.5zM10.3 19.5a1.9 1.9 0 0 0 3.4 0M12 4.5v2"/></svg>',
};

const element = (id) => document.getElementById(id);

let messages = []; // newest first
let early = null; // what arrives while the list is being fetched
let opened = null; // id
const read = new Set(JSON.parse(localStorage.getItem(READ) || "[]"));

/* What is there */

async function load() {
  const meanwhile = (early = []);
  try {
    const response = await fetch(`/api/messages?limit=${NEWEST}`);
    messages = (await response.json()).reverse();
  } finally {
    early = null;
  }
  meanwhile.forEach(receive);
  draw();
}

function receive(message) {
  if (early) return void early.push(message);
  if (messages.some((known) => known.id === message.id)) return;
  messages = [message, ...messages].slice(0, NEWEST);
  draw(message.id);
}

function forgetAll() {
  messages = [];
  if (early) early.length = 0;
  opened = null;
  draw();
  drawReader();
}

function markRead(id) {
  read.add(id);
  const kept = messages.map((message) => message.id).filter((known) => read.has(known));
  localStorage.setItem(READ, JSON.stringify(kept));
}

/* Filters */

const filters = document.querySelector(".filters");

function matching() {
  const { channel, words } = Object.fromEntries(new FormData(filters));
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return messages.filter((message) => {
    if (channel && message.channel !== channel) return false;
    const text = `${message.to} ${message.title} ${message.body}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/* The list */

function draw(arrived) {
  const found = matching();
  const unread = messages.filter((message) => !read.has(message.id)).length;
  const focused = document.activeElement?.dataset?.id;
  document.title = `${unread ? `(${unread}) ` : ""}Inbox · Herald`;
  element("count").textContent = countOf(found, unread);
  element("delete-all").disabled = messages.length === 0;
  element("messages").replaceChildren(...found.slice(0, SHOWN).map((message) => rowOf(message, arrived)));
  if (focused) document.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  if (!opened) drawReader();
}

function countOf(found, unread) {
  if (messages.length === 0) return "No messages";
  const of = found.length === messages.length ? "" : ` of ${messages.length}`;
  const many = messages.length === NEWEST ? " newest" : "";
  return `${found.length}${of}${many} message${messages.length === 1 ? "" : "s"}, ${unread} unread`;
}

function rowOf(message, arrived) {
  const item = copyOf("row");
  const row = item.firstElementChild;
  row.dataset.id = message.id;
  row.dataset.channel = message.channel;
  row.toggleAttribute("data-unread", !read.has(message.id));
  row.setAttribute("aria-current", String(message.id === opened));
  row.classList.toggle("arriving", message.id === arrived);
  row.querySelector(".avatar").innerHTML = ICONS[message.channel];
  row.querySelector(".who").textContent = message.to;
  setTime(row.querySelector(".when"), message.receivedAt);
  row.querySelector(".title").textContent = message.title || "(no title)";
  row.querySelector(".preview").textContent = message.body;
  const kind = message.channel === "email" ? "E-mail" : "Push";
  const state = read.has(message.id) ? "" : "unread, ";
  const time = row.querySelector(".when").textContent;
  row.setAttribute("aria-label", `${kind} to ${message.to}, ${state}${message.title || "(no title)"}, ${time}`);
  row.addEventListener("click", () => open(message.id));
  return item;
}

/* The reader */

function open(id) {
  opened = id;
  markRead(id);
  draw();
  drawReader();
  if (matchMedia("(max-width: 50rem)").matches) element("reader").focus();
}

function drawReader() {
  const message = messages.find((known) => known.id === opened);
  document.body.classList.toggle("reading", Boolean(message));
  const draws = { email: emailOf, push: pushOf };
  element("reader").replaceChildren(message ? draws[message.channel](message, close) : nothing());
  element("reader").scrollTop = 0;
}

function nothing() {
  const shown = copyOf("nothing");
  const any = messages.length > 0;
  shown.querySelector("h2").textContent = any ? "Choose a message" : "Nothing has arrived yet";
  shown.querySelector("p").textContent = any
    ? "Keys: \u2191 and \u2193 move through the list, Enter opens, Esc closes, / searches."
    : "E-mails and pushes appear here the moment the platform sends them.";
  return shown;
}

function close() {
  const last = opened;
  opened = null;
  drawReader();
  draw();
  document.querySelector(`[data-id="${CSS.escape(last)}"]`)?.focus();
}

/* Moving about */

filters.addEventListener("input", () => draw());
filters.addEventListener("submit", (event) => event.preventDefault());

element("messages").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const rows = [...document.querySelectorAll(".row")];
  rows[rows.indexOf(document.activeElement) + step]?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && opened && !element("confirm").open) close();
  if (event.key === "/" && !event.target.matches("input")) {
    event.preventDefault();
    filters.elements.words.focus();
  }
});

element("delete-all").addEventListener("click", () => {
  element("confirm").returnValue = "";
  element("confirm").showModal();
});
element("confirm").addEventListener("close", async () => {
  if (element("confirm").returnValue === "delete") await fetch("/api/messages", { method: "DELETE" });
});

/* Live */

function say(state, text) {
  element("connection").dataset.state = state;
  element("connection").textContent = text;
}

function listen() {
  const stream = new EventSource("/api/stream");
  stream.addEventListener("ready", () => load().then(() => say("live", "Live"), () => say("lost", "Reconnecting")));
  stream.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  stream.addEventListener("cleared", forgetAll);
  stream.addEventListener("error", () => {
    say("lost", "Reconnecting");
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  });
}

drawReader();
listen();
