// The state of this page in words: getting ready, ready, or what to do when it is not. No query is read or shown.
addEventListener("DOMContentLoaded", () => {
  const state = document.getElementById("state"), panels = [...document.querySelectorAll(".output.panel")];
  const again = '<button type="button">Load the page again</button>';
  const kernel = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}").kernelId;
  let lost = false;
  const incomplete = document.querySelector(".incomplete");
  if (incomplete) document.getElementById("content").prepend(incomplete);  // first of all, also when it is read out

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
    state.querySelector("button").onclick = () => {
      window.name = TYPED + JSON.stringify(workbookTyped.gather(document));  // in memory, and of this window only
      location.reload();
    };
  }

  const drawn = () => panels.every(panel => panel.querySelector(".nbw-live"));
  const watching = setInterval(() => {
    if (!drawn()) return;
    clearInterval(watching);
    document.body.dataset.ready = "yes";
    if (!lost) state.textContent = "";
    void typedAgain();
  }, 50);
  setTimeout(() => drawn() || lost || say("This page takes longer than it should. Nothing is lost."), 60_000);

  async function alive() {
    if (lost || !kernel) return;
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
