/* A link to a section of a notebook leads there on the first click, too.
 *
 * JupyterLab opens the notebook and asks once for the section, before a long notebook has its cells: it stays at its
 * top. Here the same is asked again until the place has come to rest, or the reader has moved the page themselves.
 * JupyterLab loads this file as it is (a module of its "federated extensions", written by hand); it holds nothing else.
 */
(() => {
  const LINK = 'rendermime:handle-local-link';
  const OPEN_FOR = 30000, EVERY = 400; // milliseconds
  const BY_HAND = ['wheel', 'keydown', 'pointerdown', 'touchstart'];

  const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

  async function lead(widget, section) {
    const name = CSS.escape(decodeURIComponent(section.replace(/^#(heading=)?/, '')));
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
      const heading = widget.node.querySelector(`[data-jupyter-id="${name}"]`);
      const place = heading ? Math.round(heading.getBoundingClientRect().top) : null;
      const seen = place !== null && place >= 0 && place < window.innerHeight;
      still = seen && place === before ? still + 1 : 0;
      before = place;
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
