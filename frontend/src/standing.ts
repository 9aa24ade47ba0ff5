/**
 * <al-standing>: says when there are answers that the interval on the page does not hold yet. It looks again only when
 * it is asked to, since each look is in the log; counting answers is none.
 */
import { html, nothing, render, type TemplateResult } from "lit";
import { Away, Refused, isRecord, json, page } from "./asking.js";
import { plural } from "./visible.js";

const EVERY = 3_000; // milliseconds

export class Standing extends HTMLElement {
  #then: number | undefined;
  #more = 0;
  #told = "";
  #busy = false;
  #timer = 0;
  readonly #strip = document.createElement("div");

  connectedCallback(): void {
    this.#strip.className = "strip";
    this.#strip.setAttribute("role", "status");
    this.append(this.#strip);
    this.#show();
    this.#timer = window.setInterval(() => void this.#count(), EVERY);
    void this.#count();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
  }

  async #count(): Promise<void> {
    if (document.hidden || this.#busy) return;
    const { draw, question, rater, reader } = this.dataset;
    if (rater !== reader) return; // it tells how far the reader has come, nobody else
    try {
      const said = await json(`/api/standing/${encodeURIComponent(draw ?? "")}?${new URLSearchParams({ question: question ?? "" }).toString()}`);
      const answered = isRecord(said) ? Number(said["answered"]) : 0;
      this.#then ??= answered;
      this.#more = answered - this.#then;
      this.#told = "";
    } catch (error) {
      if (!(error instanceof Away || error instanceof Refused)) throw error;
      this.#told = error.message;
    }
    this.#show();
  }

  async #look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const found = (await page(location.pathname + location.search)).querySelector("al-standing");
      if (found) this.#take(found);
      this.#told = found ? "Looked again; the look is in the log." : "There is nothing to look at any more.";
    } catch (error) {
      if (!(error instanceof Away || error instanceof Refused)) throw error;
      this.#told = error.message;
    } finally {
      this.#busy = false;
    }
    this.#show();
  }

  /** What the page says now, with the band of the look before behind that of this one. */
  #take(found: Element): void {
    const before = this.querySelector(".reach")?.cloneNode() as Element | undefined;
    this.replaceChildren(...[...found.childNodes].map((node) => document.adoptNode(node)), this.#strip);
    before?.setAttribute("class", "was");
    if (before) this.querySelector(".reach")?.before(before);
    this.#then = undefined;
    this.#more = 0;
  }

  #show(): void {
    render(this.#status(), this.#strip);
  }

  #status(): TemplateResult {
    return html`<p>
      ${this.#more > 0 ? html`<strong>${plural(this.#more, "more answer")} since this look.</strong>` : nothing}
      <button type="button" class="second" @click=${() => void this.#look()}>Look again</button>
      <span class="quiet">${this.querySelector(".was") ? "The pale band is the look before." : ""} ${this.#told}</span>
    </p>`;
  }
}

customElements.define("al-standing", Standing);
