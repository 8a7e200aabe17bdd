// A notebook that ships runs by itself when it is opened, and is shown from its top. Copies are run by their owners.
// Lab loads this file as it is: `init` and `get` are what its module federation asks of an extension.
(() => {
  let shared;
  const lab = async name => (await Object.values(shared[`@jupyterlab/${name}`])[0].get())();
  const ships = path => /^notebooks\/\d_\w+\.ipynb$/.test(path);

  async function opened(panel, { NotebookActions }) {
    await panel.context.ready;
    if (!ships(panel.context.path)) return;
    await panel.revealed;
    await panel.sessionContext.ready;
    const cells = panel.content.widgets.filter(cell => !cell.model.getMetadata("tags")?.includes("by-code"));
    await NotebookActions.runCells(panel.content, cells, panel.sessionContext);
    panel.content.activeCellIndex = 0;
    await panel.content.scrollToItem(0, "start");
  }

  async function extension() {
    const notebook = await lab("notebook");
    const plugin = {
      id: "workbook:run",
      autoStart: true,
      requires: [notebook.INotebookTracker],
      activate: (_, tracker) => tracker.widgetAdded.connect((_, panel) => void opened(panel, notebook)),
    };
    return () => plugin;
  }

  (window._JUPYTERLAB ??= {}).workbook = {
    init: scope => void (shared = scope),
    get: extension,
  };
})();
