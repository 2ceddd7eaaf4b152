// Buttons inside the HTML that the page shows. A press on one with `data-sb-act` becomes an event for
// Python, which knows what may be done; one with `data-sb-copy` puts that text on the clipboard.
// Nothing is read from documents here but that attribute's text, and nothing is written as HTML.

const NOTED = 2000; // milliseconds

let focused = ""; // the nonce of what had the focus last

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Another address than this machine's, without TLS: browsers offer the older way only.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export default function (component) {
  const { setTriggerValue, data } = component;

  const pressed = (event) => {
    const button = event.target.closest?.("[data-sb-act], [data-sb-copy]");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.sbCopy === undefined) {
      setTriggerValue("act", button.dataset.sbAct);
      return;
    }
    const label = button.textContent;
    copy(button.dataset.sbCopy).then(
      () => (button.textContent = "Copied"),
      () => (button.textContent = "This browser does not allow it"),
    );
    setTimeout(() => (button.textContent = label), NOTED);
  };

  const left = (event) => {
    if (event.key !== "Escape") return;
    if (document.activeElement?.matches(".sb-cite")) document.activeElement.blur();
    if (document.querySelector(".st-key-source")) setTriggerValue("act", "close");
  };

  document.addEventListener("click", pressed);
  document.addEventListener("keydown", left);
  // What was opened is read next: whoever cannot see it appear hears it, and can go on from there.
  if (data?.focus) {
    const place = document.getElementById(data.focus);
    if (place && focused !== data.nonce) {
      focused = data.nonce;
      place.focus();
    }
  }
  return () => {
    document.removeEventListener("click", pressed);
    document.removeEventListener("keydown", left);
  };
}
