/**
 * <al-bench>: one answer a key, the next item without a new page. An answer is kept in this browser until the server
 * has confirmed it; without this element the form of the page does the same, a page an answer.
 */
import { html, nothing, render, type TemplateResult } from "lit";
import { listen, type Told } from "./acts.js";
import { Away, Refused, isRecord, page, post } from "./asking.js";
import { paint, placeOf, rangeOf, type Place } from "./points.js";
import { Queue, type Unsent } from "./unsent.js";
import { plural } from "./visible.js";

const SEPARATOR = "\u001e";
const FIRST = 1_000; // milliseconds until the server is asked again, doubled each time
const LAST = 15_000;

/** Time for which a page was visible. */
class Stopwatch {
  #passed = 0;
  #since = document.hidden ? undefined : performance.now();

  turn(): void {
    const now = performance.now();
    if (this.#since !== undefined) this.#passed += now - this.#since;
    this.#since = document.hidden ? undefined : now;
  }

  get seconds(): number {
    this.turn();
    return this.#passed / 1000;
  }
}

export class Bench extends HTMLElement {
  #queue: Queue | undefined;
  #clock = new Stopwatch();
  #quotes: Place[] = [];
  #busy = false;
  #told = "";
  #wanted = "";
  #wait = FIRST;
  #timer = 0;
  #left: AbortController | undefined;
  readonly #strip = document.createElement("div");

  connectedCallback(): void {
    const bench = this.#bench;
    if (!bench) return;
    this.#left = new AbortController();
    const { signal } = this.#left;
    this.#queue = new Queue(this.dataset["draw"] ?? "", this.#field("question"), this.dataset["reader"] ?? "");
    this.#strip.setAttribute("role", "status");
    this.#strip.className = "strip";
    this.prepend(this.#strip);
    listen((told) => this.#act(told), signal);
    this.addEventListener("submit", (event) => this.#submitted(event), { signal });
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.addEventListener("keydown", (event) => this.#leave(event), { signal });
    document.addEventListener("visibilitychange", () => this.#clock.turn(), { signal });
    document.addEventListener("selectionchange", () => this.#offer(), { signal });
    window.addEventListener("online", () => void this.#again(), { signal });
    this.#ready();
    if (this.#queue.waiting().length) void this.#again();
  }

  disconnectedCallback(): void {
    this.#left?.abort();
    clearTimeout(this.#timer);
    paint("al-quote", []);
  }

  get #bench(): HTMLElement | null {
    return this.querySelector<HTMLElement>("article.bench");
  }

  get #form(): HTMLFormElement | null {
    return this.querySelector<HTMLFormElement>("form.answers");
  }

  get #rank(): number {
    return Number(this.#bench?.dataset["rank"] ?? 0);
  }

  get #skip(): string {
    return this.querySelector<HTMLAnchorElement>("a[data-skip]")?.getAttribute("href") ?? "";
  }

  #field(name: string): string {
    return this.#form?.querySelector<HTMLInputElement>(`[name="${name}"]`)?.value ?? "";
  }

  // What the reader does

  #act(told: Told): boolean {
    if (!this.#form) return false;
    if (told.act === "answer") return this.#press(Number(told.key) - 1);
    if (["yes", "no", "unsure", "unrated"].includes(told.act)) return this.#pressValue(told.act);
    if (told.act === "skip") void this.#go(this.#skip);
    else if (told.act === "undo") void this.#undo();
    else if (told.act === "note") this.#form.querySelector<HTMLElement>("[name=note]")?.focus();
    else if (told.act === "quote") this.#quote();
    else return false;
    return true;
  }

  #press(at: number): boolean {
    const real = [...(this.#form?.querySelectorAll<HTMLButtonElement>("button[name=value]:not(.second)") ?? [])];
    const button = real[at];
    if (button) void this.#answer(button.value);
    return button !== undefined;
  }

  #pressValue(value: string): boolean {
    const all = [...(this.#form?.querySelectorAll<HTMLButtonElement>("button[name=value]") ?? [])];
    const there = all.some((button) => button.value === value);
    if (there) void this.#answer(value);
    return there;
  }

  #submitted(event: SubmitEvent): void {
    event.preventDefault();
    if (event.target !== this.#form) void this.#undo();
    else if (event.submitter instanceof HTMLButtonElement) void this.#answer(event.submitter.value);
  }

  #clicked(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
    if (!plain || !target?.closest("a[data-skip]")) return;
    event.preventDefault();
    void this.#go(this.#skip);
  }

  #leave(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !(event.target instanceof HTMLTextAreaElement)) return;
    event.target.blur();
    this.#bench?.focus();
  }

  // Quotes

  #selected(): Place | undefined {
    const selection = getSelection();
    const within = this.querySelector(".conversation");
    if (!within || !selection?.rangeCount || selection.isCollapsed) return undefined;
    return placeOf(selection.getRangeAt(0), within);
  }

  #offer(): void {
    const button = this.querySelector<HTMLButtonElement>(".quotes button[data-quote]");
    if (button) button.disabled = !this.#selected();
  }

  #quote(): void {
    const place = this.#selected();
    if (!place) return this.#say("Select words of the conversation first; then quote them.");
    if (!place.text.isWellFormed()) return this.#say("These words hold half a character and cannot be sent.");
    this.#quotes.push(place);
    getSelection()?.empty();
    this.#say(place.cut ? "A quote is within one part of one message; the rest was left out." : "");
    this.#shown();
  }

  #unquote(place: Place): void {
    this.#quotes = this.#quotes.filter((one) => one !== place);
    this.#shown();
  }

  #shown(): void {
    const within = this.querySelector(".conversation");
    const field = this.#form?.querySelector<HTMLInputElement>("[name=quotes]");
    if (field) field.value = this.#quotes.map((one) => one.text).join(SEPARATOR);
    const ranges = within ? this.#quotes.map((one) => rangeOf(one, within)) : [];
    paint("al-quote", ranges.filter((range) => range !== undefined));
    const list = this.#form?.querySelector<HTMLElement>(".quotes");
    if (list) render(this.#list(), list);
  }

  #list(): TemplateResult {
    return html`
      <p>
        <button type="button" class="second" data-quote ?disabled=${!this.#selected()} @click=${() => this.#quote()}>
          Quote what is selected <kbd>v</kbd>
        </button>
      </p>
      ${this.#quotes.map(
        (one) => html`<p class="quoted">
          <q>${one.text}</q>
          <button type="button" class="plain" aria-label=${`Leave out the quote: ${one.text.slice(0, 60)}`} @click=${() => this.#unquote(one)}>
            leave out
          </button>
        </p>`,
      )}
    `;
  }

  // Answers

  async #answer(value: string): Promise<void> {
    const form = this.#form;
    if (!form || !this.#queue || this.#busy) return;
    const fields = {
      question: this.#field("question"),
      blind: this.#field("blind"),
      note: this.#field("note"),
      quotes: this.#quotes.map((one) => one.text).join(SEPARATOR),
      seconds: this.#clock.seconds.toFixed(1),
      value,
    };
    const after = this.#skip;
    this.#hold(true);
    const made = this.#queue.add(this.#rank, form.getAttribute("action") ?? "", fields);
    await this.#send();
    const refused = this.#queue.all().find((one) => one.id === made.id)?.refused;
    this.#hold(false);
    if (refused !== undefined) {
      this.#queue.drop(made.id);
      return this.#say(`Not saved: ${refused}`);
    }
    await this.#go(after, `Answered ${value}.`);
  }

  async #undo(): Promise<void> {
    if (this.#busy) return;
    const last = this.#queue?.waiting().at(-1);
    this.#hold(true);
    try {
      const rank = last ? last.rank : await this.#takenBack();
      if (last) this.#queue?.drop(last.id);
      this.#hold(false);
      if (last && rank === this.#rank) return this.#settled("Taken back.");
      await this.#go(this.#skip.replace(/after=\d+/u, `after=${rank - 1}`), "Taken back.");
    } catch (error) {
      this.#hold(false);
      if (!(error instanceof Away || error instanceof Refused)) throw error;
      this.#say(error.message);
    }
  }

  async #takenBack(): Promise<number> {
    const form = this.querySelector<HTMLFormElement>(".route form");
    const fields = { question: this.#field("question"), blind: this.#field("blind") };
    const said = await post(form?.getAttribute("action") ?? "", fields);
    return isRecord(said) ? Number(said["rank"]) : this.#rank;
  }

  async #send(): Promise<boolean> {
    clearTimeout(this.#timer);
    const all = (await this.#queue?.send()) ?? true;
    this.#wait = all ? FIRST : Math.min(2 * this.#wait, LAST);
    if (!all) this.#timer = window.setTimeout(() => void this.#again(), this.#wait);
    return all;
  }

  /** Sends what waits; then goes on where the reader wanted to. */
  async #again(): Promise<void> {
    if (this.#busy) return;
    this.#hold(true);
    const all = await this.#send();
    this.#hold(false);
    if (!all) return this.#say(this.#told);
    if (this.#wanted) await this.#go(this.#wanted, "Sent.");
    else this.#say("Sent.");
  }

  // The next item

  async #go(address: string, said = ""): Promise<void> {
    if (!address || this.#busy) return;
    this.#hold(true);
    try {
      const found = await page(address);
      this.#hold(false);
      this.#take(found, address, said);
    } catch (error) {
      this.#hold(false);
      if (error instanceof Refused) return this.#say(error.message);
      if (!(error instanceof Away)) throw error;
      this.#wanted = address;
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#again(), this.#wait);
      this.#say("The server does not answer. The next item opens when it does.");
    }
  }

  #take(found: Document, address: string, said: string): void {
    const next = found.querySelector<HTMLElement>("al-bench > article.bench");
    const rank = Number(next?.dataset["rank"] ?? 0);
    if (next && this.#queue?.waiting().some((one) => one.rank === rank)) {
      this.#wanted = address;
      return this.#say("What is left to answer is not sent yet.");
    }
    this.#wanted = "";
    history.replaceState(history.state, "", address);
    if (next) this.#bench?.replaceWith(document.adoptNode(next));
    else this.#end(found);
    this.#ready();
    this.#say(next ? `${said} Rank ${rank} is open.` : said);
    if (this.getBoundingClientRect().top < 0) this.scrollIntoView();
    this.querySelector<HTMLElement>("article.bench, h1")?.focus({ preventScroll: true });
  }

  /** Nothing is open any more: what the page says then, in place of the bench. */
  #end(found: Document): void {
    const main = found.querySelector("main");
    this.#bench?.replaceWith(...[...(main?.childNodes ?? [])].map((node) => document.adoptNode(node)));
    this.querySelector("h1")?.setAttribute("tabindex", "-1");
  }

  #ready(): void {
    this.#clock = new Stopwatch();
    this.#quotes = [];
    paint("al-quote", []);
    const bench = this.#bench;
    bench?.setAttribute("tabindex", "-1");
    const note = this.#form?.querySelector("label[for=note]");
    if (!note || this.#form?.querySelector(".quotes")) return;
    const list = document.createElement("div");
    list.className = "quotes";
    note.before(list);
    this.#shown();
  }

  #hold(busy: boolean): void {
    this.#busy = busy;
    this.#bench?.toggleAttribute("aria-busy", busy);
  }

  #settled(said: string): void {
    this.#wanted = "";
    clearTimeout(this.#timer);
    this.#say(said);
  }

  #say(told: string): void {
    this.#told = told;
    const all = this.#queue?.all() ?? [];
    const waiting = all.filter((one) => one.refused === undefined);
    const refused = all.filter((one) => one.refused !== undefined);
    render(this.#status(waiting.length, refused), this.#strip);
  }

  #status(waiting: number, refused: readonly Unsent[]): TemplateResult {
    return html`
      ${this.#told ? html`<p>${this.#told}</p>` : nothing}
      ${waiting ? html`<p class="unsent"><strong>${plural(waiting, "answer")} not sent yet</strong>, kept in this browser.</p>` : nothing}
      ${refused.map(
        (one) => html`<p class="unsent">
          The answer to rank ${one.rank} (${one.fields["value"]}) was refused: ${one.refused}
          <button type="button" class="plain" @click=${() => this.#forget(one)}>Forget it</button>
        </p>`,
      )}
    `;
  }

  #forget(one: Unsent): void {
    this.#queue?.drop(one.id);
    this.#say("");
  }
}

customElements.define("al-bench", Bench);
