// What the pages do beyond what they do without this script: runs shown while they happen, and no reload for a click.
"use strict";

let shown = location.pathname + location.search;
const main = () => document.getElementById("main");

/** Have a screen reader say something. @param {string} text */
function say(text) {
  document.getElementById("said").textContent = text;
}

/** @param {string} name @param {string} text @param {string} [kind] */
function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** Show a page of ours in the place of this one. @param {Response} answer @param {boolean} moves */
async function show(answer, moves) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("main");
  if (!fresh) return location.assign(answer.url);
  const focused = focusedPlace();
  main().replaceWith(document.adoptNode(fresh));
  document.title = page.title;
  if (moves && answer.url !== location.href) history.pushState(null, "", answer.url);
  shown = location.pathname + location.search;
  const said = main().querySelector("[role=alert], .notice[role=status]");
  say(said ? said.textContent : document.title);
  const again = focused && main().querySelector(focused);
  if (again) again.focus({ preventScroll: true });
  else if (moves) {
    main().focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  ready();
}

/** The button that has the focus, as a selector that finds it in the next page. */
function focusedPlace() {
  const active = document.activeElement;
  if (!active || !active.hasAttribute("aria-pressed")) return null;
  const card = active.closest("[data-item]");
  return `${card ? `#${CSS.escape(card.id)}` : ".shopping"} [name="${CSS.escape(active.name)}"][value="${CSS.escape(active.value)}"]`;
}

/** Tell what went wrong, above the form that was sent. @param {HTMLFormElement} form @param {string} text */
function fail(form, text) {
  form.before(element("p", text, "notice failed"));
  say(text);
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} button */
function body(form, button) {
  const data = new URLSearchParams(new FormData(form));
  if (button && button.name) data.set(button.name, button.value);
  return data;
}

/** Send a form, and show the page that it leads to. */
async function swap(form, button) {
  const answer = await fetch(form.action, { method: "POST", body: body(form, button) });
  await show(answer, !form.classList.contains("feedback"));
}

/** The events of a stream, one after another. @param {Response} answer */
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]));
      if (fields.event) yield { kind: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

/** Ask for a list, and show the agent's runs while they happen. */
async function stream(form, button) {
  const answer = await fetch(form.action, { method: "POST", body: body(form, button), headers: { Accept: "text/event-stream" } });
  if (!(answer.headers.get("content-type") || "").startsWith("text/event-stream")) return show(answer, true);
  const box = document.getElementById("runs");
  const state = element("p", "The agent shops…");
  const list = element("ul", "", "runs");
  box.replaceChildren(element("h2", "The agent's runs"), state, list);
  box.hidden = false;
  say("The agent shops.");
  const runs = new Map();
  for await (const { kind, data } of events(answer)) {
    if (kind === "list") {
      const page = await fetch(data.address);
      return show(page, true);
    }
    if (kind === "problem") {
      state.textContent = data.detail;
      state.className = "notice";
      say(data.detail);
      return;
    }
    if (data.run === null) {
      state.textContent = data.text;
      continue;
    }
    if (!runs.has(data.run)) {
      const item = element("li", "");
      item.append(element("b", `Run ${data.run + 1}`), element("span", ""));
      runs.set(data.run, item);
      list.append(item);
    }
    const item = runs.get(data.run);
    item.lastChild.textContent = data.text;
    item.classList.toggle("over", data.over);
  }
  state.textContent = "The connection ended before the list came. Ask again.";
  say(state.textContent);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const wanted = ["stream", "swap", "wait"].find((name) => name in form.dataset);
  if (!wanted) return;
  const button = event.submitter;
  const buttons = [...form.querySelectorAll("button")];
  if (buttons.some((each) => each.ariaDisabled)) return event.preventDefault(); // it is being sent
  if (wanted === "wait") {
    say(form.dataset.wait);
    setTimeout(() => buttons.forEach((each) => (each.disabled = true)));
    return;
  }
  event.preventDefault();
  form.parentElement.querySelectorAll(":scope > .failed").forEach((each) => each.remove());
  const sent = wanted === "stream" ? stream(form, button) : swap(form, button);
  buttons.forEach((each) => each.setAttribute("aria-disabled", "true"));
  try {
    await sent;
  } catch (error) {
    if (wanted === "stream") document.getElementById("runs").hidden = true;
    fail(form, "The server could not be reached. Try again.");
  }
  buttons.forEach((each) => each.removeAttribute("aria-disabled"));
});

// Who writes a request wants that one, and not one that is given.
document.addEventListener("input", ({ target }) => {
  const own = document.getElementById("own");
  if (own && target.id === "request") document.getElementById(target.value.trim() ? "own" : "given").checked = true;
});
// Going back to a page that was shown in the place of another one; a link within a page is no other page.
addEventListener("popstate", () => location.pathname + location.search !== shown && location.reload());
// A picture that cannot be loaded leaves the drawn one.
addEventListener("error", (event) => event.target instanceof HTMLImageElement && event.target.classList.add("broken"), true);

/** Tell which products were looked at: half of a card, for a second. */
function impressions() {
  const list = document.querySelector("ol[data-list]");
  if (!list || !("IntersectionObserver" in window)) return;
  const seen = new Set();
  let waiting = [];
  const send = () => {
    if (!waiting.length) return;
    const data = new URLSearchParams({ type: "impression" });
    waiting.forEach((item) => data.append("item", item));
    waiting = [];
    fetch(`/lists/${list.dataset.list}/feedback`, { method: "POST", body: data, keepalive: true, redirect: "manual" });
  };
  const timers = new Map();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (!isIntersecting || seen.has(target.dataset.item)) continue;
      timers.set(target, setTimeout(() => {
        if (!target.isConnected) return;
        seen.add(target.dataset.item);
        waiting.push(target.dataset.item);
        setTimeout(send, 500);
      }, 1000));
    }
  }, { threshold: 0.5 });
  list.querySelectorAll("[data-item]").forEach((card) => observer.observe(card));
}

let watched = null;

/** Keep a page that shows how things stand up to date, while somebody looks at it and reads nothing that is open. */
function refresh() {
  clearTimeout(watched);
  const part = document.querySelector("[data-refresh]");
  if (!part) return;
  const pause = element("button", "Pause updates", "quiet");
  pause.setAttribute("aria-pressed", "false");
  pause.addEventListener("click", () => pause.setAttribute("aria-pressed", String(pause.ariaPressed !== "true")));
  part.before(pause);
  const held = () =>
    pause.ariaPressed === "true" || document.hidden || part.contains(document.activeElement) ||
    part.querySelector("details[open]") || [...part.querySelectorAll(".scroll")].some((each) => each.scrollLeft);
  const update = async () => {
    const answer = held() ? null : await fetch(part.dataset.refresh).catch(() => null);
    if (answer && answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-refresh]");
      if (fresh && !held()) part.replaceChildren(...fresh.children);
    }
    if (part.isConnected) watched = setTimeout(update, 5000);
  };
  watched = setTimeout(update, 5000);
}

function ready() {
  impressions();
  refresh();
}
ready();
