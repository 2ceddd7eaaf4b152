// Buttons inside the HTML that the page shows. A press on one with `data-sb-act` becomes an event for
// Python, which knows what may be done; one with `data-sb-copy` puts that text on the clipboard.
// Nothing is read from documents here but that attribute's text, and nothing is written as HTML.

const NOTED = 2000; // milliseconds

// One for the whole page: this script is run again with each change of what it is told, and what it
// listened for before would be heard twice.
const page = (window.sourceboundPage ??= {
  send: null, // tells Python
  shown: "", // the nonce of what was scrolled to last
  focused: "", // and of what was given the keyboard's focus
  listening: false,
});

// What is asked for may still be on its way to the page: the script that sends it runs from the top.
function soon(id, act, tries = 60) {
  const place = document.getElementById(id);
  if (place) act(place);
  else if (tries > 0) setTimeout(() => soon(id, act, tries - 1), 50);
}

// The quote on the page in the middle of the panel, once the picture has its height.
function point(at, tries = 60) {
  const panel = document.querySelector(".st-key-source");
  const page = panel?.querySelector(".sb-page img");
  if (page?.complete && page.height) {
    const top = page.getBoundingClientRect().top - panel.getBoundingClientRect().top;
    panel.scrollTop += top + at * page.height - panel.clientHeight / 2;
  } else if (tries > 0) setTimeout(() => point(at, tries - 1), 50);
}

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

function pressed(event) {
  const button = event.target.closest?.("[data-sb-act], [data-sb-copy]");
  if (!button) return;
  event.preventDefault();
  if (button.dataset.sbCopy === undefined) {
    page.send(button.dataset.sbAct);
    return;
  }
  const label = button.textContent;
  copy(button.dataset.sbCopy).then(
    () => (button.textContent = "Copied"),
    () => (button.textContent = "This browser does not allow it"),
  );
  setTimeout(() => (button.textContent = label), NOTED);
}

function left(event) {
  if (event.key !== "Escape") return;
  if (document.activeElement?.matches(".sb-cite")) document.activeElement.blur();
  if (document.querySelector(".st-key-source")) page.send("close");
}

export default function ({ setTriggerValue, data }) {
  page.send = (act) => setTriggerValue("act", act);
  if (!page.listening) {
    page.listening = true;
    document.addEventListener("click", pressed);
    document.addEventListener("keydown", left);
  }
  // A new question stands at the top of what is read, its answer below it.
  if (data.show && page.shown !== data.show_nonce) {
    page.shown = data.show_nonce;
    soon(data.show, (place) => place.scrollIntoView({ block: "start" }));
  }
  // What was opened is read next: whoever cannot see it appear hears it, and can go on from there.
  if (data.focus && page.focused !== data.focus_nonce) {
    soon(data.focus, (place) => place.focus({ preventScroll: place.id === "sb-source" }));
    if (data.point !== null) point(data.point);
  }
  page.focused = data.focus ? data.focus_nonce : "";
}
