/* A link to a section of a notebook leads there on the first click, too.
 *
 * JupyterLab opens the notebook and asks once for the section (a heading or a cell), before a long notebook has its cells:
 * it stays at its top. Here the same is asked again until the place has come to rest, or the reader has moved the page.
 * JupyterLab loads this file as it is (a module of its "federated extensions", written by hand); it holds nothing else.
 */
(() => {
  const LINK = 'rendermime:handle-local-link';
  const OPEN_FOR = 30000, EVERY = 400; // milliseconds
  const BY_HAND = ['wheel', 'keydown', 'pointerdown', 'touchstart'];

  const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

  /* What looks for the place of a link: a cell by its id, or a heading by its words. */
  function target(widget, section) {
    const name = decodeURIComponent(section.replace(/^#(heading=)?/, ''));
    if (!name.startsWith('cell-id=')) return () => widget.node.querySelector(`[data-jupyter-id="${CSS.escape(name)}"]`);
    const one = () => widget.content.widgets.find(cell => cell.model.id === name.slice('cell-id='.length));
    return () => (one() || {}).node;
  }

  async function lead(widget, section) {
    const place = target(widget, section);
    let moved = false;
    const stop = () => { moved = true; };
    BY_HAND.forEach(event => widget.node.addEventListener(event, stop, { once: true, capture: true }));
    await widget.context.ready;
    await widget.revealed;
    const until = Date.now() + OPEN_FOR;
    let before = null, still = 0;
    while (!moved && !widget.isDisposed && still < 4 && Date.now() < until) {
      widget.setFragment(section);
      await pause(EVERY);
      const node = place();
      const top = node && node.isConnected ? Math.round(node.getBoundingClientRect().top) : null;
      const seen = top !== null && top >= 0 && top < window.innerHeight;
      still = seen && top === before ? still + 1 : 0;
      before = top;
    }
    BY_HAND.forEach(event => widget.node.removeEventListener(event, stop, { capture: true }));
  }

  const plugin = {
    id: 'course-vi:sections',
    autoStart: true,
    activate: app => {
      app.commands.commandExecuted.connect((_, { id, args, result }) => {
        if (id !== LINK || !args.id) return;
        Promise.resolve(result).then(() => {
          const path = args.path.replace(/^\//, '');
          const widget = [...app.shell.widgets('main')].find(one => one.context && one.context.path === path);
          if (widget && widget.setFragment) return lead(widget, args.id);
        }).catch(error => console.warn('course-vi: the section was not reached', error));
      });
    }
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['course-vi'] = {
    init: () => undefined,
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin }))
  };
})();
