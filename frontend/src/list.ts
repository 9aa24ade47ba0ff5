/**
 * <al-list>: the whole list as one that can be scrolled, a window of it at a time, in place of its pages. A browser
 * cannot make a box of a million rows, so the box has a height that it can make: short ways of scrolling move by as
 * much as the hand did, long ones (the thumb, the ends) by their share of the list.
 */
import { LitElement, html, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { listen, type Told } from "./acts.js";
import { Away, Refused, isRecord, json } from "./asking.js";
import { count, visible } from "./visible.js";

const BLOCK = 100; // rows that are asked for at once
const KEPT = 40; // blocks
const TALLEST = 6_000_000; // pixels; browsers differ, all can do this
const ROW = 2.125; // rem; as in workbench.css
const QUIET = 250; // milliseconds without scrolling before the address follows
const PAGE = 50; // rows of a page without this element

interface Row {
  readonly address: string;
  readonly short: string;
  readonly cells: readonly string[];
}

const COLUMNS = ["model", "condition", "request", "sample", "status"] as const;

export class List extends LitElement {
  #where = "";
  #sort = "name";
  #count = 0;
  #top = 0; // pixels of the whole list above the window
  #seen = 0; // where the box was when last looked at
  #at = 0; // the row of the keys
  #moved = false; // the focus is to follow it
  #pace = 0;
  #told = "";
  #heads: readonly (readonly [string, string, string])[] = [];
  readonly #blocks = new Map<number, readonly Row[] | "asked">();
  #asking = new AbortController();
  #left: AbortController | undefined;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    const old = this.querySelector("table");
    if (!old) return;
    this.#where = this.dataset["where"] ?? "";
    this.#sort = this.dataset["sort"] ?? "name";
    this.#count = Number(this.dataset["count"] ?? 0);
    this.#heads = [...old.querySelectorAll("thead th")].map((th) => [
      th.textContent?.trim() ?? "", th.querySelector("a")?.getAttribute("href") ?? "", th.getAttribute("aria-sort") ?? "",
    ]);
    const asked = new URLSearchParams(location.search);
    const first = Number(asked.get("offset") ?? PAGE * (Number(asked.get("page") ?? 1) - 1));
    this.#at = Math.max(0, Math.min(Number.isInteger(first) ? first : 0, this.#count - 1));
    this.replaceChildren();
    super.connectedCallback();
    this.#left = new AbortController();
    listen((told) => this.#act(told), this.#left.signal);
    window.addEventListener("resize", () => this.requestUpdate(), { signal: this.#left.signal });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#left?.abort();
    this.#asking.abort();
  }

  override render(): TemplateResult {
    const first = this.#first;
    const rows = Array.from({ length: Math.max(0, Math.min(this.#shown + 1, this.#count - first)) }, (_, n) => first + n);
    const last = Math.min(this.#count, first + this.#shown);
    return html`
      <div class="window" tabindex="-1" @scroll=${this.#scrolled} @keydown=${this.#pressed}>
        <div class="tall"></div>
        <div class="pane">
          <table class="list rows" aria-rowcount=${this.#count + 1} aria-label="Transcripts">
            <thead>
              <tr aria-rowindex="1">${this.#heads.map((head) => this.#head(...head))}</tr>
            </thead>
            <tbody>${repeat(rows, (at) => at, (at) => this.#row(at))}</tbody>
          </table>
        </div>
      </div>
      <p class="pages quiet" role="status">
        ${this.#count ? `${count(first + 1)} to ${count(last)} of ${count(this.#count)}` : "none"}${this.#told ? `. ${this.#told}` : ""}
      </p>
    `;
  }

  #head(label: string, address: string, sorted: string): TemplateResult {
    const link = html`<a href=${address}>${label}</a>`;
    return sorted ? html`<th scope="col" aria-sort=${sorted}>${link}</th>` : html`<th scope="col">${link}</th>`;
  }

  #row(at: number): TemplateResult {
    const row = this.#get(at);
    return html`<tr aria-rowindex=${at + 2} class=${at === this.#at ? "here" : ""}>
      <th scope="row">
        ${row ? html`<a href=${row.address} tabindex=${at === this.#at ? 0 : -1} data-at=${at} @focus=${() => this.#focused(at)}>${row.short}</a>` : "…"}
      </th>
      ${COLUMNS.map((_, n) => html`<td title=${row?.cells[n] ?? ""}>${row?.cells[n] ?? ""}</td>`)}
    </tr>`;
  }

  protected override firstUpdated(): void {
    this.#resize();
    this.#to(this.#at * this.#height);
  }

  protected override updated(_: PropertyValues): void {
    this.#resize();
    this.#fetch();
    const pane = this.querySelector<HTMLElement>("tbody");
    if (pane) pane.style.transform = `translateY(${-(this.#top % this.#height)}px)`;
    if (!this.#moved) return;
    const link = this.querySelector<HTMLElement>(`a[data-at="${this.#at}"]`);
    if (link) this.#moved = false;
    link?.focus({ preventScroll: true });
  }

  // Measures, in pixels

  get #height(): number {
    return ROW * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  get #view(): number {
    return Math.max(this.#height, (this.querySelector(".window")?.clientHeight ?? 0) - this.#height);
  }

  get #shown(): number {
    return Math.ceil(this.#view / this.#height);
  }

  get #first(): number {
    return Math.max(0, Math.min(Math.floor(this.#top / this.#height), this.#count - 1));
  }

  /** The furthest that the list can be scrolled, and the furthest that the box can. */
  get #ends(): readonly [number, number] {
    const whole = Math.max(0, this.#count * this.#height - this.#view);
    return [whole, Math.min(whole, TALLEST)];
  }

  #resize(): void {
    const box = this.querySelector<HTMLElement>(".window");
    const tall = this.querySelector<HTMLElement>(".tall");
    if (!box || !tall) return;
    box.style.height = `min(70vh, ${(this.#count + 1) * this.#height + 18}px)`;
    tall.style.height = `${this.#ends[1]}px`;
  }

  // Scrolling

  readonly #scrolled = (): void => {
    const box = this.querySelector<HTMLElement>(".window");
    if (!box || box.scrollTop === this.#seen) return;
    const [whole, able] = this.#ends;
    const way = box.scrollTop - this.#seen;
    this.#seen = box.scrollTop;
    const jumped = Math.abs(way) > 2 * this.#view || box.scrollTop <= 0 || box.scrollTop >= able - 1;
    const top = jumped && able ? (box.scrollTop / able) * whole : this.#top + way;
    this.#top = Math.max(0, Math.min(top, whole));
    this.requestUpdate();
    this.#rest();
  };

  /** To a place in the list, by ourselves. */
  #to(top: number): void {
    const [whole] = this.#ends;
    this.#top = Math.max(0, Math.min(top, whole));
    this.#agree();
    this.requestUpdate();
    this.#rest();
  }

  /** Puts the box where the list is; after short ways the two have drifted apart. */
  #agree(): void {
    const box = this.querySelector<HTMLElement>(".window");
    const [whole, able] = this.#ends;
    if (!box) return;
    box.scrollTop = whole ? (this.#top / whole) * able : 0;
    this.#seen = box.scrollTop;
  }

  #rest(): void {
    clearTimeout(this.#pace);
    this.#pace = window.setTimeout(() => {
      this.#agree();
      this.#permalink();
    }, QUIET);
  }

  #permalink(): void {
    const asked = new URLSearchParams(location.search);
    const first = this.#first;
    asked.delete("page");
    asked.delete("offset");
    if (first) {
      asked.set("page", String(Math.floor(first / PAGE) + 1));
      asked.set("offset", String(first));
    }
    const query = asked.size ? `?${asked.toString()}` : "";
    if (query !== location.search) history.replaceState(history.state, "", location.pathname + query);
  }

  // Keys

  #act(told: Told): boolean {
    if (told.act === "down") this.#select(this.#at + 1);
    else if (told.act === "up") this.#select(this.#at - 1);
    else if (told.act === "top") this.#select(0);
    else if (told.act === "bottom") this.#select(this.#count - 1);
    else if (told.act === "open") this.querySelector<HTMLElement>(`a[data-at="${this.#at}"]`)?.click();
    else return false;
    return true;
  }

  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const ways: Readonly<Record<string, number>> = {
      ArrowDown: this.#at + 1, ArrowUp: this.#at - 1, PageDown: this.#at + this.#shown - 1,
      PageUp: this.#at - this.#shown + 1, Home: 0, End: this.#count - 1,
    };
    const to = ways[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#select(to);
  };

  #select(at: number): void {
    this.#at = Math.max(0, Math.min(at, this.#count - 1));
    this.#moved = true;
    const top = this.#at * this.#height;
    if (top < this.#top) this.#to(top);
    else if (top + this.#height > this.#top + this.#view) this.#to(top + this.#height - this.#view);
    else this.requestUpdate();
  }

  #focused(at: number): void {
    if (at === this.#at) return;
    this.#at = at;
    this.requestUpdate();
  }

  // Rows

  #get(at: number): Row | undefined {
    const block = this.#blocks.get(Math.floor(at / BLOCK));
    return Array.isArray(block) ? (block as readonly Row[])[at % BLOCK] : undefined;
  }

  #fetch(): void {
    const first = Math.floor(this.#first / BLOCK);
    const last = Math.floor(Math.min(this.#count - 1, this.#first + this.#shown + 1) / BLOCK);
    const wanted = Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
    const missing = wanted.filter((block) => !this.#blocks.has(block));
    if (!missing.length) return;
    // What was asked for and has been scrolled past is not waited for.
    this.#asking.abort();
    this.#asking = new AbortController();
    for (const [block, rows] of this.#blocks) {
      if (rows === "asked") this.#blocks.delete(block);
    }
    for (const block of wanted.filter((one) => !this.#blocks.has(one))) void this.#ask(block, this.#asking.signal);
  }

  async #ask(block: number, signal: AbortSignal): Promise<void> {
    this.#blocks.set(block, "asked");
    const asked = new URLSearchParams({
      where: this.#where, sort: this.#sort, offset: String(block * BLOCK), limit: String(BLOCK),
    });
    try {
      const said = await json(`/api/page?${asked.toString()}`, signal);
      if (signal.aborted) return;
      this.#told = "";
      this.#keep(block, rowsOf(said));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Away || error instanceof Refused)) throw error;
      this.#told = error.message;
      if (error instanceof Away) setTimeout(() => this.#blocks.delete(block) && this.requestUpdate(), 2_000);
    }
    this.requestUpdate();
  }

  #keep(block: number, rows: readonly Row[]): void {
    this.#blocks.delete(block);
    this.#blocks.set(block, rows);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(oldest);
    }
  }
}

function rowsOf(said: unknown): readonly Row[] {
  const rows = isRecord(said) && Array.isArray(said["rows"]) ? (said["rows"] as unknown[]) : [];
  return rows.filter(isRecord).map((row) => ({
    address: local(row["address"]),
    short: word(row["short"]),
    cells: COLUMNS.map((name) => word(row[name]) || (name === "model" ? "not known" : "")),
  }));
}

function word(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? visible(String(value)) : "";
}

/** An address on this server, or none: what comes from elsewhere never becomes a link. */
function local(value: unknown): string {
  return typeof value === "string" && /^\/t\//u.test(value) ? value : "#";
}

customElements.define("al-list", List);
