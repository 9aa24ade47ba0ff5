/** <al-beside>: two transcripts that scroll together, with the words marked in which they differ. */
import { LitElement, html, type TemplateResult } from "lit";
import { differing, type Stretch } from "./differing.js";
import { paint } from "./points.js";
import { plural } from "./visible.js";

const ALIKE = 0.25; // share of words in common below which marking all the others tells nothing

export class Beside extends LitElement {
  #together = true;
  #marking = true;
  #told = "";
  #panes: readonly HTMLElement[] = [];
  #driven: HTMLElement | undefined;
  #left: AbortController | undefined;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#panes = [...document.querySelectorAll<HTMLElement>(".two > article > .conversation")];
    this.#left = new AbortController();
    document.querySelector(".two")?.classList.add("panes");
    for (const [n, pane] of this.#panes.entries()) {
      pane.tabIndex = 0;
      pane.setAttribute("role", "region");
      pane.setAttribute("aria-label", n ? "Right transcript" : "Left transcript");
      pane.addEventListener("scroll", () => this.#scrolled(pane), { signal: this.#left.signal, passive: true });
    }
    this.#mark();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#left?.abort();
    paint("al-differs", []);
  }

  override render(): TemplateResult {
    return html`<p class="also">
      <label><input type="checkbox" .checked=${this.#together} @change=${this.#turnTogether} /> Scroll together</label>
      <label><input type="checkbox" .checked=${this.#marking} @change=${this.#turnMarking} /> Mark the words that differ</label>
      <span class="quiet" role="status">${this.#told}</span>
    </p>`;
  }

  readonly #turnTogether = (event: Event): void => {
    this.#together = (event.target as HTMLInputElement).checked;
  };

  readonly #turnMarking = (event: Event): void => {
    this.#marking = (event.target as HTMLInputElement).checked;
    this.#mark();
  };

  /** The other side shows the same message at the same share of it. */
  #scrolled(pane: HTMLElement): void {
    const other = this.#panes.find((one) => one !== pane);
    if (!this.#together || !other) return;
    if (this.#driven === pane) {
      this.#driven = undefined;
      return;
    }
    const [mine, its] = [turns(pane), turns(other)];
    const at = Math.max(0, mine.findLastIndex((turn) => turn.offsetTop <= pane.scrollTop));
    const [here, there] = [mine[at], its[Math.min(at, its.length - 1)]];
    if (!here || !there) return;
    const share = (pane.scrollTop - here.offsetTop) / Math.max(1, here.offsetHeight);
    const ended = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 1;
    const top = ended ? other.scrollHeight - other.clientHeight : there.offsetTop + share * there.offsetHeight;
    const before = other.scrollTop;
    this.#driven = other;
    other.scrollTop = top;
    if (other.scrollTop === before) this.#driven = undefined;
  }

  #mark(): void {
    const [left, right] = this.#panes;
    const ranges: Range[] = [];
    let [all, unmarked] = [0, 0];
    for (const [one, other] of this.#marking && left && right ? pairs(left, right) : []) {
      const found = differing(one.textContent ?? "", other.textContent ?? "");
      all += found.words;
      if (found.of && 1 - found.words / found.of < ALIKE) unmarked += 1;
      else ranges.push(...spread(one, found.left), ...spread(other, found.right));
    }
    const able = paint("al-differs", ranges);
    const apart = unmarked ? `; ${plural(unmarked, "part differs", "parts differ")} nearly throughout and ${unmarked === 1 ? "is" : "are"} not marked` : "";
    this.#told = !this.#marking ? "" : able ? `${plural(all, "word differs", "words differ")}${apart}.` : "This browser cannot mark them.";
    this.requestUpdate();
  }
}

function turns(pane: HTMLElement): HTMLElement[] {
  return [...pane.querySelectorAll<HTMLElement>(":scope > .turn")];
}

/** The words of parts that answer to each other: same message, same role, same kind of part, same place among those. */
function* pairs(left: HTMLElement, right: HTMLElement): Generator<readonly [HTMLElement, HTMLElement]> {
  const others = turns(right);
  for (const [at, turn] of turns(left).entries()) {
    const other = others[at];
    if (!other || other.className !== turn.className) continue;
    const taken = new Map<string, number>();
    for (const part of turn.querySelectorAll<HTMLElement>(".part")) {
      const nth = taken.get(part.className) ?? 0;
      taken.set(part.className, nth + 1);
      const like = [...other.querySelectorAll<HTMLElement>(".part")].filter((one) => one.className === part.className);
      const [one, its] = [part.querySelector<HTMLElement>(".words"), like[nth]?.querySelector<HTMLElement>(".words")];
      if (one && its) yield [one, its];
    }
  }
}

/** Stretches of the text of an element as ranges of the page. */
function spread(words: HTMLElement, stretches: readonly Stretch[]): Range[] {
  const walk = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
  const found: Range[] = [];
  let node = walk.nextNode() as Text | null;
  let at = 0;
  for (const { start, end } of stretches) {
    const range = document.createRange();
    while (node && at + node.data.length <= start) [at, node] = [at + node.data.length, walk.nextNode() as Text | null];
    if (!node) break;
    range.setStart(node, start - at);
    while (node && at + node.data.length < end) [at, node] = [at + node.data.length, walk.nextNode() as Text | null];
    if (!node) break;
    range.setEnd(node, end - at);
    found.push(range);
  }
  return found;
}

customElements.define("al-beside", Beside);
