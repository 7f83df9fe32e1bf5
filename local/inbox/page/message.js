// One message as its reader sees it.

export const copyOf = (template) => document.getElementById(template).content.firstElementChild.cloneNode(true);

export function setTime(target, moment) {
  const time = new Date(moment);
  const today = time.toDateString() === new Date().toDateString();
  const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  target.textContent = today ? clock : `${time.toLocaleDateString([], { day: "numeric", month: "short" })} ${clock}`;
  target.dateTime = moment;
  target.title = moment;
}

function opening(template, message, close) {
  const shown = copyOf(template);
  shown.querySelector("h2").textContent = message.title || "(no title)";
  shown.querySelector(".back").addEventListener("click", close);
  return shown;
}

export function pushOf(message, close) {
  const shown = opening("push", message, close);
  const time = new Date(message.receivedAt);
  const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  shown.querySelector(".clock").textContent = clock;
  shown.querySelector(".day").textContent = time.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
  setTime(shown.querySelector(".notice time"), message.receivedAt);
  shown.querySelector(".notice .title").textContent = message.title;
  shown.querySelector(".notice .body").textContent = message.body;
  fill(shown.querySelector(".facts"), { Token: message.to, Received: message.receivedAt, ...message.data });
  return shown;
}

export function emailOf(message, close) {
  const shown = opening("email", message, close);
  const { from, messageId, headers = {}, tags = {} } = message.data;
  fill(shown.querySelector(".envelope"), { From: from, To: message.to, Received: message.receivedAt });
  const parts = {};
  if (message.html !== null) parts.Rendered = () => frameOf(message.html);
  parts.Text = () => preformatted(message.body);
  if (message.html !== null) parts.Source = () => preformatted(message.html);
  parts.Headers = () => fill(document.createElement("dl"), { "Message-ID": messageId, ...headers, ...named("Tag: ", tags) });
  addTabs(shown.querySelector(".tabs"), shown.querySelector(".part"), parts);
  return shown;
}

function named(prefix, values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function addTabs(bar, panel, parts) {
  const tabs = Object.keys(parts).map((name) => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", role: "tab", textContent: name });
    tab.addEventListener("click", () => choose(tab));
    return tab;
  });
  const choose = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    panel.setAttribute("aria-label", chosen.textContent);
    panel.replaceChildren(parts[chosen.textContent]());
  };
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
  bar.append(...tabs);
  choose(tabs[0]);
}

// The frame has no scripts and an origin of its own; links open beside the inbox.
function frameOf(html) {
  const frame = document.createElement("iframe");
  frame.title = "Rendered e-mail";
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  frame.referrerPolicy = "no-referrer";
  frame.srcdoc = `<!doctype html><base target="_blank">${html}`;
  return frame;
}

function preformatted(text) {
  const shown = document.createElement("pre");
  shown.textContent = text || "(empty)";
  return shown;
}

function fill(list, facts) {
  for (const [name, value] of Object.entries(facts)) {
    const term = document.createElement("dt");
    const given = document.createElement("dd");
    term.textContent = name;
    given.textContent = typeof value === "string" ? value : JSON.stringify(value);
    list.append(term, given);
  }
  return list;
}
