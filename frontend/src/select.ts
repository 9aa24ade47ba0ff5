/** <al-select>: words that are selected in a transcript are offered for citing, as they are stored; a span has a link. */
import { LitElement, html, nothing, type TemplateResult } from "lit";
import { listen } from "./acts.js";
import { paint, placeOf, rangeOf, times, type Place } from "./points.js";

export class Select extends LitElement {
  #place: Place | undefined;
  #told = "";
  #left: AbortController | undefined;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#left = new AbortController();
    const { signal } = this.#left;
    document.addEventListener("selectionchange", () => this.#selected(), { signal });
    window.addEventListener("hashchange", () => this.#linked(), { signal });
    listen((told) => told.act === "cite" && this.#cite(), signal);
    this.#linked();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#left?.abort();
    paint("al-linked", []);
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.#place && !this.#told) return nothing;
    return html`<div class="offer" role="region" aria-label="What is selected">
      ${this.#place
        ? html`<button type="button" @click=${() => this.#cite()}>Cite <kbd>c</kbd></button>
            <a href=${this.#link(this.#place)}>Link to these words</a>`
        : nothing}
      <span role="status">${this.#told}</span>
    </div>`;
  }

  get #conversation(): Element | null {
    return document.querySelector("article.transcript .conversation");
  }

  #selected(): void {
    const selection = getSelection();
    const within = this.#conversation;
    // A selection that is gone because a button or field was clicked is still the one that was meant.
    if (!within || !selection?.rangeCount) return;
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(within)) return;
    this.#place = selection.isCollapsed ? undefined : placeOf(range, within);
    this.#told = this.#place?.cut ? "A citation is within one part of one message; the rest is left out." : "";
    this.requestUpdate();
  }

  #cite(): boolean {
    const field = document.querySelector<HTMLTextAreaElement>("form.cite [name=words]");
    const within = this.#conversation;
    if (!field || !within || !this.#place) return false;
    const found = times(this.#place.text, within);
    field.value = this.#place.text;
    field.form?.scrollIntoView({ block: "center" });
    field.form?.querySelector<HTMLElement>("button")?.focus();
    this.#told =
      found > 1
        ? `These words stand in ${found} places; the citation names the first. Select more of them to name another.`
        : "";
    this.#place = undefined;
    getSelection()?.empty();
    this.requestUpdate();
    return true;
  }

  #link(place: Place): string {
    return `${location.pathname}?span=${place.start}-${place.end}#m${place.message}p${place.part}`;
  }

  /** Shows the span that the address names: `?span=START-END#mMESSAGEpPART`, in code points. */
  #linked(): void {
    const span = /^(\d{1,9})-(\d{1,9})$/u.exec(new URLSearchParams(location.search).get("span") ?? "");
    const part = /^#m(\d{1,6})p(\d{1,6})$/u.exec(location.hash);
    const within = this.#conversation;
    if (!span || !part || !within) return;
    const [message, place, start, end] = [part[1], part[2], span[1], span[2]].map(Number) as [number, number, number, number];
    const range = rangeOf({ message, part: place, start, end }, within);
    if (!range) return;
    range.startContainer.parentElement?.closest("details")?.setAttribute("open", "");
    paint("al-linked", [range]);
    // The browser goes to the part by itself once the page is whole; the words may stand far down in it.
    const go = (): number => requestAnimationFrame(() => requestAnimationFrame(() => reveal(range)));
    if (document.readyState === "complete") go();
    else window.addEventListener("load", go, { once: true });
  }
}

/** Scrolls so that a range stands in the upper third of the window. */
function reveal(range: Range): void {
  window.scrollBy({ top: range.getBoundingClientRect().top - window.innerHeight / 3 });
}

customElements.define("al-select", Select);
