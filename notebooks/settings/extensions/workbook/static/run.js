// A notebook that ships runs by itself when it is opened, and is shown from its top. Copies are run by their owners. Where
// the kernel is gone, the last answer gets a button that runs the notebook again, with what was typed.
// Lab loads this file as it is: `init` and `get` are what its module federation asks of an extension.
(() => {
  for (const name of ["names.js", "typed.js"]) import(new URL(name, document.currentScript.src));
  const QUIET = 1500, AT_MOST = 10_000; // milliseconds
  const GONE = ["dead", "unknown"];
  const AWAY = "The workbook was stopped or cannot be reached, so what you do here has no effect. What you saved is kept. " +
    "Start it again as you did before; this page then has a button that goes on.";
  const panels = new Set();
  let shared;
  const lab = async name => (await Object.values(shared[`@jupyterlab/${name}`])[0].get())();
  const ships = path => /^notebooks\/[1-6]_\w+\.ipynb$/.test(path);
  const byCode = cell => cell.model.getMetadata("tags")?.includes("by-code");

  // Widgets of a kernel that ran before are fetched by Lab first; new ones that come in between are lost.
  const fetched = kernel => new Promise(done => {
    let timer = setTimeout(done, QUIET);
    kernel.iopubMessage.connect(() => {
      clearTimeout(timer);
      timer = setTimeout(done, QUIET);
    });
    setTimeout(done, AT_MOST);
  });

  function run(panel, { NotebookActions }) {
    const cells = panel.content.widgets.filter(cell => !ships(panel.context.path) || !byCode(cell));
    return NotebookActions.runCells(panel.content, cells, panel.sessionContext);
  }

  async function again(panel, sessions, notebook) {
    const { sessionContext } = panel, typed = workbookTyped.gather(panel.node);
    await sessions.refreshRunning();  // Lab may not know yet that a session ended with its server
    const kernel = sessionContext.session?.kernel;
    if (!kernel || GONE.includes(kernel.status) || kernel.connectionStatus !== "connected")
      await sessionContext.changeKernel({ name: sessionContext.kernelPreference.name ?? "python3" });
    await run(panel, notebook);
    const lost = await workbookTyped.put(panel.node, typed);
    if (lost.length) (await lab("apputils")).Notification.info(`You had typed: ${lost.join("; ")}`, { autoClose: false });
  }

  // In the place of the words "Run > Run All Cells"; the answer is drawn anew now and then.
  function offered(panel, sessions, notebook) {
    for (const note of panel.node.querySelectorAll(".nbw-still .note:not(:has(button))")) {
      const words = [...note.querySelectorAll("b")].at(-1), button = document.createElement("button");
      button.className = "nbw-again";
      button.textContent = "Run it again";
      button.onclick = () => {
        button.disabled = true;
        button.textContent = "Running …";
        void again(panel, sessions, notebook);
      };
      words?.replaceWith(button);
    }
  }

  // Lab's own dialog would ask for a click first, and say less.
  async function died(panel) {
    const { Dialog } = await lab("apputils");
    for (let looked = 0; looked < 20 && panel.node.querySelector(".nbw-still"); looked++) {
      Dialog.tracker.forEach(dialog => dialog.node.textContent.includes("Kernel Restarting") && dialog.reject());
      await new Promise(done => setTimeout(done, 100));
    }
  }

  // In the place of Lab's dialog, which speaks of networks, covers the page and has to be closed.
  async function connectionLost() {
    if (document.querySelector(".nbw-away")) return;
    const told = Object.assign(document.createElement("p"), { className: "nbw-away", role: "alert", textContent: AWAY });
    const old = [...document.querySelectorAll(".nbw-live:not(.nbw-old)")];
    document.body.append(told);
    for (const live of old) live.classList.add("nbw-old");
    while (!(await fetch("/api").catch(() => null))?.ok) await new Promise(done => setTimeout(done, QUIET));
    for (const live of old) live.classList.remove("nbw-old");
    for (const panel of panels)
      if (!(await fetch(`/api/kernels/${panel.sessionContext.session?.kernel?.id}`)).ok) lost(panel);
    told.remove();
  }

  // The kept answer then stands.
  function lost(panel) {
    for (const live of panel.node.querySelectorAll(".nbw-live")) live.classList.add("jupyter-widgets-disconnected");
  }

  async function opened(panel, sessions, notebook) {
    panels.add(panel);
    panel.disposed.connect(() => panels.delete(panel));
    new MutationObserver(() => offered(panel, sessions, notebook)).observe(panel.node, { childList: true, subtree: true });
    panel.sessionContext.statusChanged.connect((_, status) => {
      if (status === "autorestarting") void died(panel);
      if (status === "starting") lost(panel);  // anew, perhaps by another page, of which the widgets are not told
    });
    await sessions.ready;
    const ranBefore = [...sessions.running()].some(session => session.path === panel.context.path);
    await panel.context.ready;
    if (!ships(panel.context.path)) return;
    const { model } = panel.context;  // read-only: there is nothing to save, and Lab need not ask when one leaves
    model.stateChanged.connect(() => model.dirty && (model.dirty = false));
    await panel.revealed;
    await panel.sessionContext.ready;
    if (ranBefore) await fetched(panel.sessionContext.session.kernel);
    await run(panel, notebook);
    panel.content.activeCellIndex = 0;
    await panel.content.scrollToItem(0, "start");
  }

  async function extension() {
    const [notebook, { IConnectionLost }] = [await lab("notebook"), await lab("application")];
    const told = { id: "workbook:lost", autoStart: true, provides: IConnectionLost, activate: () => connectionLost };
    const plugin = {
      id: "workbook:run",
      autoStart: true,
      requires: [notebook.INotebookTracker],
      activate: (app, tracker) =>
        tracker.widgetAdded.connect((_, panel) => void opened(panel, app.serviceManager.sessions, notebook)),
    };
    return () => [told, plugin];
  }

  (window._JUPYTERLAB ??= {}).workbook = { init: scope => void (shared = scope), get: extension };
})();
