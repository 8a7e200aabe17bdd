// A notebook that ships runs by itself when it is opened, and is shown from its top. Copies are run by their owners.
// Lab loads this file as it is: `init` and `get` are what its module federation asks of an extension.
(() => {
  import(new URL("names.js", document.currentScript.src));
  const QUIET = 1500, AT_MOST = 10_000; // milliseconds
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

  async function opened(panel, sessions, { NotebookActions }) {
    await sessions.ready;
    const ranBefore = [...sessions.running()].some(session => session.path === panel.context.path);
    await panel.context.ready;
    if (!ships(panel.context.path)) return;
    const { model } = panel.context;  // read-only: there is nothing to save, and Lab need not ask when one leaves
    model.stateChanged.connect(() => model.dirty && (model.dirty = false));
    await panel.revealed;
    await panel.sessionContext.ready;
    if (ranBefore) await fetched(panel.sessionContext.session.kernel);
    await NotebookActions.runCells(
      panel.content, panel.content.widgets.filter(cell => !byCode(cell)), panel.sessionContext,
    );
    panel.content.activeCellIndex = 0;
    await panel.content.scrollToItem(0, "start");
  }

  async function extension() {
    const notebook = await lab("notebook");
    const plugin = {
      id: "workbook:run",
      autoStart: true,
      requires: [notebook.INotebookTracker],
      activate: (app, tracker) =>
        tracker.widgetAdded.connect((_, panel) => void opened(panel, app.serviceManager.sessions, notebook)),
    };
    return () => plugin;
  }

  (window._JUPYTERLAB ??= {}).workbook = { init: scope => void (shared = scope), get: extension };
})();
