/** All keys, in a dialog that the browser keeps: escape closes it, focus stays inside. */

import type { ReactElement, RefObject } from "react";

const keys: readonly (readonly [string, string])[] = [
  ["/", "filter the events"],
  ["t", "theme: as the machine, dark, light"],
  ["d", "density: comfortable, compact"],
  ["u", "times: local, UTC"],
  ["?", "these keys"],
  ["Esc", "close this, leave the filter"],
];

export function KeysDialog(props: { readonly open: RefObject<HTMLDialogElement> }): ReactElement {
  return (
    <dialog ref={props.open} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl className="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => props.open.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
