"use strict";

// The operators' console. The token lives in this page's memory alone: leaving the page logs out.
// Whatever services say is put in as text, never as markup.
const SERVICES = ["accounts", "jobs", "contracts", "escrow", "notify"];
const REFRESH_MS = 10000;
let tokens = null;

const $ = (selector) => document.querySelector(selector);

function el(name, about = {}, ...inside) {
  const it = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (key.startsWith("on")) it.addEventListener(key.slice(2), value);
    else if (key in it && key !== "list") it[key] = value;
    else it.setAttribute(key, value);
  }
  it.append(...inside.filter((one) => one !== null && one !== undefined));
  return it;
}

async function send(method, path, words) {
  const headers = {};
  if (tokens) headers.Authorization = `Bearer ${tokens.access_token}`;
  if (words !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST" && tokens) headers["Idempotency-Key"] = key();
  return fetch(path, { method, headers, body: words === undefined ? undefined : JSON.stringify(words) });
}

function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(method, path, words) {
  let answer = await send(method, path, words);
  if (answer.status === 401 && tokens) {
    const renewed = await fetch("/v1/sessions/refresh", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh_token: tokens.refresh_token }),
    });
    if (!renewed.ok) leave();
    else {
      tokens = await renewed.json();
      answer = await send(method, path, words);
    }
  }
  const said = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(`${said.code}: ${said.detail}`);
  return said;
}

const money = (it) => `${it.currency} ${it.amount.toLocaleString("en")}`;
const when = (text) => text.slice(0, 19).replace("T", " ");
const short = (id) => `${id.slice(0, 4)}…${id.slice(-6)}`;

// Services

async function showServices() {
  const cards = await Promise.all(SERVICES.map(async (name) => {
    try {
      return card(await ask("GET", `/v1/ops/${name}/status`));
    } catch (wrong) {
      return el("div", { className: "card bad" }, el("h3", {}, name), el("p", { className: "wrong" }, "does not answer"));
    }
  }));
  $("#services .cards").replaceChildren(...cards);
}

function card(it) {
  const bad = it.outbox_oldest_s > 60 || it.timers_oldest_s > 300;
  const rows = [
    ["parked", it.parked],
    ["to be tried again", it.later],
    ["oldest unsent fact", `${it.outbox_oldest_s.toFixed(1)} s`],
    ["timers due", it.timers_due],
  ];
  const list = el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
  return el("div", { className: `card ${bad ? "bad" : it.parked ? "warn" : ""}`, id: `card-${it.service}` }, el("h3", {}, it.service), list);
}

// Parked messages

async function showParked() {
  const all = await Promise.all(SERVICES.map(async (name) => {
    const said = await ask("GET", `/v1/ops/${name}/parked`).catch(() => ({ items: [] }));
    return said.items.map((it) => ({ service: name, ...it }));
  }));
  fill("#parked", all.flat().map(parkedRow), "Nothing is parked.");
}

function parkedRow(it) {
  const path = `/v1/ops/${it.service}/parked/${encodeURIComponent(it.id)}`;
  const replay = async () => {
    await act(() => ask("POST", `${path}/replay`), `${it.type} is tried again in ${it.service}`);
  };
  const drop = async () => {
    const words = await dialog(`Drop ${it.type || "this message"} for good?`, [["reason", "Why it is never to be done"]]);
    if (words) await act(() => ask("POST", `${path}/drop`, words), `${it.type} is dropped`);
  };
  const acts = el("td", { className: "acts" }, el("button", { className: "replay", onclick: replay }, "Replay"), " ", el("button", { className: "drop", onclick: drop }, "Drop"));
  return el("tr", { id: it.id }, el("td", {}, it.service), el("td", {}, el("code", {}, it.type || "unreadable")), el("td", {}, teller(it.subject)), el("td", {}, it.reason), el("td", {}, when(it.at)), acts);
}

// Disputes

async function showDisputes() {
  const said = await ask("GET", "/v1/contracts/disputes");
  fill("#disputes", said.items.map(disputeRow), "No dispute waits.");
}

function disputeRow(it) {
  const dispute = it.dispute || {};
  const share = dispute.claim;
  const decide = async () => {
    const words = await dialog(`Decide about ${it.title}`, [["worker_gets", `What the worker gets, of ${dispute.held ? money(dispute.held) : "what is held"}`], ["reason", "The reason, which both sides read"]]);
    if (!words) return;
    const amount = { amount: Number(words.worker_gets), currency: it.amount.currency };
    await act(() => ask("POST", `/v1/contracts/${it.id}/dispute/decide`, { worker_gets: amount, reason: words.reason }), "The dispute is decided");
  };
  return el("tr", { id: it.id }, el("td", {}, teller(it.id)), el("td", {}, it.title), el("td", {}, [dispute.reason, dispute.note].filter(Boolean).join(": ")), el("td", {}, share ? money(share) : ""), el("td", {}, it.next && it.next.by ? when(it.next.by) : ""), el("td", { className: "acts" }, el("button", { className: "decide", onclick: decide }, "Decide")));
}

// Story

function teller(id) {
  return el("button", { className: "id", title: id, onclick: () => tell(id) }, short(id));
}

async function tell(id) {
  $("#story input").value = id;
  const first = await Promise.all(SERVICES.map((name) => ask("GET", `/v1/ops/${name}/story/${id}`)));
  const also = [...new Set(first.flatMap((one) => one.about))].filter((one) => one !== id).slice(0, 100).join(",");
  const whole = await Promise.all(SERVICES.map((name) => ask("GET", `/v1/ops/${name}/story/${id}?also=${also}`)));
  const lines = whole.flatMap((one) => one.items).sort((a, b) => (a.at + a.id < b.at + b.id ? -1 : 1));
  const items = lines.map((it) => el("li", {}, el("time", {}, `${when(it.at)}${it.at.slice(19, 23)}`), el("span", {}, it.service), el("code", {}, it.what), el("span", {}, el("span", { className: "id", title: it.about }, short(it.about)), it.by === "system" ? "" : el("span", { className: "who", title: it.by }, ` by ${short(it.by)}`), it.waits ? el("strong", { className: "waits" }, ` waits: ${it.waits}`) : "")));
  $("#story ol").replaceChildren(...(items.length ? items : [el("p", { className: "none" }, "No service has said anything of it.")]));
  $("#story").scrollIntoView();
}

// Ledger

async function showLedger() {
  const proof = await ask("GET", "/v1/ledger/proof");
  const charts = Object.entries(proof.currencies).map(([currency, parts]) => chart(currency, parts));
  const foot = el("p", { className: "none" }, `${proof.entries.toLocaleString("en")} entries; last seal ${proof.head.slice(0, 16)}…`);
  $("#ledger .charts").replaceChildren(...charts, foot);
}

function chart(currency, parts) {
  const { total, ...rest } = parts;
  const bars = Object.entries(rest).filter(([name, amount]) => amount || ["held", "wallets", "fees", "provider"].includes(name));
  const most = Math.max(1, ...bars.map(([, amount]) => Math.abs(amount)));
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  const draw = (name, about, text) => {
    const it = document.createElementNS(NS, name);
    Object.entries(about).forEach(([key, value]) => it.setAttribute(key, value));
    if (text) it.textContent = text;
    svg.append(it);
  };
  const height = bars.length * 26 + 30;
  svg.setAttribute("viewBox", `0 0 700 ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${currency}: the parts of the ledger come to ${total}`);
  bars.forEach(([name, amount], n) => {
    const y = n * 26 + 6;
    const width = (Math.abs(amount) / most) * 200;
    draw("text", { x: 0, y: y + 13 }, name);
    draw("rect", { x: amount < 0 ? 320 - width : 320, y, width, height: 17, class: amount < 0 ? "minus" : "plus" });
    draw("text", { x: 690, y: y + 13, "text-anchor": "end" }, `${currency} ${amount.toLocaleString("en")}`);
  });
  draw("line", { x1: 320, x2: 320, y1: 0, y2: height - 26, class: "zero" });
  draw("text", { x: 0, y: height - 6, class: "total" }, `${currency} in all`);
  draw("text", { x: 690, y: height - 6, "text-anchor": "end" }, total === 0 ? "0, as it must be" : `${total}: THE LEDGER IS OUT OF BALANCE`);
  return svg;
}

// What all share

function fill(where, rows, nothing) {
  const none = el("tr", {}, el("td", { colSpan: 6 }, el("p", { className: "none" }, nothing)));
  $(`${where} tbody`).replaceChildren(...(rows.length ? rows : [none]));
}

async function act(doing, done) {
  try {
    await doing();
    $("#told").textContent = done;
  } catch (wrong) {
    $("#told").textContent = wrong.message;
  }
  await show();
}

function dialog(title, fields) {
  const it = $("dialog");
  it.querySelector("h2").textContent = title;
  it.querySelector(".fields").replaceChildren(...fields.map(([name, label]) => el("label", {}, label, el("input", { name, required: true }))));
  it.returnValue = "no";
  it.showModal();
  return new Promise((resolve) => {
    it.addEventListener("close", () => resolve(it.returnValue === "yes" ? Object.fromEntries(new FormData(it.querySelector("form"))) : null), { once: true });
  });
}

async function show() {
  await Promise.allSettled([showServices(), showParked(), showDisputes(), showLedger()]);
}

function leave() {
  if (tokens) send("DELETE", "/v1/sessions");
  tokens = null;
  location.reload();
}

$("#login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value));
  try {
    tokens = await ask("POST", "/v1/sessions", words);
    await ask("GET", "/v1/ops/accounts/status");
  } catch (wrong) {
    tokens = null;
    $("#login .wrong").textContent = wrong.message;
    return;
  }
  $("#login").hidden = true;
  $("#login").style.display = "none";
  $("main").hidden = $("#leave").hidden = false;
  await show();
  setInterval(show, REFRESH_MS);
});
$("#leave").addEventListener("click", leave);
$("#story form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell(new FormData(event.target).get("id"));
});
