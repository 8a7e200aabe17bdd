// The state of this page in words: getting ready, ready, or what to do when it is not. No query is read or shown.
addEventListener("DOMContentLoaded", () => {
  const state = document.getElementById("state"), panels = [...document.querySelectorAll(".output.panel")];
  const again = '<button type="button">Load the page again</button>';
  const kernel = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}").kernelId;
  let lost = false;
  const incomplete = document.querySelector(".incomplete");
  if (incomplete) document.getElementById("content").prepend(incomplete);  // first of all, also when it is read out

  // A page of many parts is read by its headings, which stand beside it: its parts, and the pathways below theirs.
  function contents() {
    const parts = [...document.querySelectorAll("main > .text h2")];
    if (parts.length < 5) return;
    const fold = document.createElement("details"), wide = matchMedia("(min-width: 70rem)"), links = new Map();
    fold.className = "contents";
    fold.innerHTML = "<summary>On this page</summary><nav aria-label='On this page'></nav>";
    const lists = [fold.querySelector("nav").appendChild(document.createElement("ol"))];
    for (const head of document.querySelectorAll("main > .text h2, main .nbw h2, main .nbw h3[id^=pathway-]")) {
      const depth = parts.includes(head) ? 0 : head.matches("h2") ? 1 : 2;
      lists.length = Math.min(lists.length, depth + 1);
      while (lists.length <= depth) lists.push(lists.at(-1).lastElementChild.appendChild(document.createElement("ol")));
      head.id ||= `part-${links.size}`;
      const link = lists[depth].appendChild(document.createElement("li")).appendChild(document.createElement("a"));
      link.href = `#${encodeURIComponent(head.id)}`;
      link.textContent = head.firstChild.textContent.replace(/ · $/, "");
      links.set(head, link);
    }
    const fit = () => (fold.open = wide.matches);
    wide.onchange = fit;
    fit();
    fold.onclick = event => event.target.closest("a") && setTimeout(fit);  // a link that hides at once is not followed
    const mark = () => {
      const above = [...links].filter(([head]) => head.getBoundingClientRect().top < innerHeight / 4).at(-1);
      if (above?.[1].ariaCurrent) return;
      for (const link of links.values()) link.removeAttribute("aria-current");
      above?.[1].setAttribute("aria-current", "true");
      if (above && wide.matches) fold.scrollTop = above[1].offsetTop - fold.clientHeight / 2;
    };
    addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
    document.getElementById("content").prepend(fold);
  }
  contents();

  const TYPED = "workbook typed ";
  async function typedAgain() {
    const kept = window.name.startsWith(TYPED) ? window.name.slice(TYPED.length) : "";
    window.name = "";
    const left = kept ? await workbookTyped.put(document, JSON.parse(kept)) : [];
    if (left.length) state.textContent = `You had typed: ${left.join("; ")}`;
  }

  function say(words) {
    lost = true;
    state.className = "lost";
    state.setAttribute("role", "alert");
    state.innerHTML = `${words} ${again}`;
    state.querySelector("button").onclick = loadAgain;
  }

  function loadAgain() {
    window.name = TYPED + JSON.stringify(workbookTyped.gather(document));  // in memory, and of this window only
    location.reload();
  }

  // A busy machine can answer the front end too late, which then draws nothing, an error, or hides what it drew.
  function drawAgain() {  // by itself, and once
    if (lost) return;
    if (performance.getEntriesByType("navigation")[0].type === "reload") say("This page could not be drawn. Nothing is lost.");
    else loadAgain();
  }

  const drawn = () => panels.every(panel => panel.querySelector(".nbw-live"));
  const failed = () => panels.some(panel => panel.textContent.startsWith("Error displaying widget"));
  const hidden = () => panels.some(panel => ![...panel.querySelectorAll(".jupyter-widgets")].some(one => one.getClientRects().length));
  const watching = setInterval(() => {
    if (!drawn() && !failed()) return;
    clearInterval(watching);
    if (failed()) return drawAgain();
    document.body.dataset.ready = "yes";
    if (!lost) state.textContent = "";
    void typedAgain();
  }, 50);
  setTimeout(() => drawn() || drawAgain(), 30_000);

  async function alive() {
    if (lost || !kernel) return;
    if (document.body.dataset.ready && hidden()) return drawAgain();
    const answer = await fetch(`/api/kernels/${kernel}`).catch(() => null);
    if (answer === null) say("The workbook was stopped. Start it again, then load the page again: what you saved is there.");
    else if (answer.status === 404)
      say("Nothing is running behind this page any more, so what you do here has no effect. What you saved is kept.");
    else if (!answer.ok) say("You are not signed in any more: open the address that the workbook printed when it started.");
  }
  setInterval(() => document.hidden || alive(), 3_000);
  addEventListener("visibilitychange", () => document.hidden || alive());
  // From notebook to notebook in this page, so that a draft is not open twice; the front end would open a new one.
  addEventListener("click", event => event.target.closest?.('a[href$=".ipynb"]')?.removeAttribute("target"), true);
  addEventListener("pageshow", event => event.persisted && location.reload());
});
addEventListener("load", () => {  // the answer broke off: the mark at its end never came
  if (!document.body.dataset.complete)
    document.getElementById("state").textContent = "This page is not complete: the answer broke off. Load the page again.";
});
