// @ts-check
// worker.js: a worker that runs one of the page's own modules. It comes from a Blob, since a page opened over file:// may load
// no script for it.

/**
 * A worker in which the module named serves: it exports `serve(port)`, and a port is what posts and receives messages. Null
 * where a page may have no such worker; what is refused later than that is told to `failed`.
 * @param {string} module @param {(message: any) => void} receive @param {() => void} failed
 * @returns {{ send: (message: any) => void, end: () => void } | null}
 */
export function makeWorker(module, receive, failed) {
  // @ts-ignore: modules.js stands before every linked text
  const modules = ganModules;
  if (typeof Worker !== "function" || typeof Blob !== "function") return null;
  try {
    const text = `${modules.source(module)}ganModules.need("${module}").serve(self);\n`;
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = new Worker(address);
    const end = () => {
      worker.terminate();
      URL.revokeObjectURL(address);
    };
    worker.onmessage = ({ data }) => receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      end();
      failed();
    };
    return { send: (message) => worker.postMessage(message), end };
  } catch {
    return null;
  }
}
