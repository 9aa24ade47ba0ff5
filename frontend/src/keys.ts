/** <al-keys>: single keys for what a page can do, a dialog that tells and changes them, and a way to turn them off. */
import { LitElement, html, nothing, type TemplateResult } from "lit";
import { ACTS, Choice, tell, type Act, type Scope } from "./acts.js";

const PAUSE = 900; // milliseconds between the keys of one action
const FIELDS = "input, textarea, select, [contenteditable]";
const NAMES: Readonly<Record<Scope, string>> = {
  everywhere: "Everywhere",
  list: "In the list",
  reading: "Reading",
  bench: "Labelling",
};

export class Keys extends LitElement {
  readonly #choice = new Choice();
  #typed = "";
  #timer = 0;
  #asked: Act | undefined;
  #told = "";
  #left: AbortController | undefined;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#left = new AbortController();
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal: this.#left.signal });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#left?.abort();
  }

  override render(): TemplateResult {
    return html`
      <button type="button" class="plain" aria-haspopup="dialog" @click=${this.#show}>
        Keys <kbd>${this.#choice.off ? "off" : "?"}</kbd>
      </button>
      <dialog class="keys" aria-labelledby="keys-title" @close=${this.#closed}>
        <h2 id="keys-title">Keys</h2>
        <label><input type="checkbox" .checked=${!this.#choice.off} @change=${this.#turn} /> Single keys do something on these pages</label>
        <p role="status" class="quiet">${this.#told || "They are never heard while a field is being filled in."}</p>
        <div class="groups">${(Object.keys(NAMES) as Scope[]).map((scope) => this.#group(scope))}</div>
        <p class="also">
          <button type="button" class="second" @click=${this.#reset}>Reset all</button>
          <button type="button" @click=${this.#hide}>Close</button>
        </p>
      </dialog>
    `;
  }

  #group(scope: Scope): TemplateResult {
    return html`<section>
      <h3>${NAMES[scope]}</h3>
      <dl>
        ${ACTS.filter((act) => act.scope === scope).map((act) => this.#line(act))}
      </dl>
    </section>`;
  }

  #line(act: Act): TemplateResult {
    const key = this.#choice.key(act);
    return html`<div>
      <dt><kbd>${key}</kbd></dt>
      <dd>
        ${act.does}
        ${act.fixed
          ? nothing
          : html`<button type="button" class="plain" aria-label=${`Another key for: ${act.does}`} @click=${() => this.#ask(act)}>
              ${this.#asked === act ? "press a key" : "change"}
            </button>`}
      </dd>
    </div>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector("dialog");
  }

  readonly #show = (): void => {
    if (!this.#dialog?.open) this.#dialog?.showModal();
  };

  readonly #hide = (): void => this.#dialog?.close();

  readonly #closed = (): void => this.#say("");

  readonly #turn = (event: Event): void => {
    this.#choice.turn(!(event.target as HTMLInputElement).checked);
    this.#say(this.#choice.off ? "Single keys are off. This button brings the dialog back." : "Single keys are on.");
  };

  readonly #reset = (): void => {
    this.#choice.reset();
    this.#say("The keys are as they were made.");
  };

  #ask(act: Act): void {
    this.#say(`Press the new key for: ${act.does}. Escape leaves it as it is.`, act);
  }

  #say(told: string, asked?: Act): void {
    this.#told = told;
    this.#asked = asked;
    this.requestUpdate();
  }

  #pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (this.#asked) return this.#give(event, this.#asked);
    if (this.#choice.off || document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(FIELDS)) return;
    // Enter and space belong to what has the focus.
    if (event.key === "Enter" && target?.closest("a, button, summary")) return;
    if (event.key.length > 1 && event.key !== "Enter") return;
    if (this.#heard(event.key)) event.preventDefault();
  }

  #heard(key: string): boolean {
    clearTimeout(this.#timer);
    const scopes = here();
    if (scopes.has("bench") && /^[1-9]$/u.test(key)) return this.#do("answer", key);
    const typed = this.#typed + key;
    this.#typed = "";
    const act = this.#choice.act(typed, scopes) ?? this.#choice.act(key, scopes);
    if (act) return this.#do(act.name, key);
    if (!ACTS.some((one) => this.#choice.key(one).startsWith(key) && this.#choice.key(one) !== key)) return false;
    this.#typed = key;
    this.#timer = window.setTimeout(() => (this.#typed = ""), PAUSE);
    return true;
  }

  #do(act: string, key: string): boolean {
    if (act !== "help") return tell({ act, key }) || ordinary(act);
    this.#show();
    return true;
  }

  #give(event: KeyboardEvent, act: Act): void {
    if (["Shift", "Tab"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") return this.#say("It is as it was.");
    if (event.key.length !== 1 || event.key === " ") return this.#say("A key is one character.", act);
    const taken = this.#choice.taken(act, event.key);
    if (taken) return this.#say(`${event.key} is taken: ${taken.does}. Press another, or Escape.`, act);
    this.#choice.give(act, event.key);
    this.#say(`${event.key}: ${act.does}.`);
  }
}

/** The scopes of this page. */
function here(): ReadonlySet<Scope> {
  const found: Scope[] = ["everywhere"];
  if (document.querySelector("al-list table")) found.push("list");
  if (document.querySelector("article.transcript")) found.push("reading");
  if (document.querySelector("article.bench")) found.push("bench");
  return new Set(found);
}

/** What an action does where no element of the page does it. */
function ordinary(act: string): boolean {
  const line = 96; // pixels, about four lines
  if (act === "down") window.scrollBy({ top: line });
  else if (act === "up") window.scrollBy({ top: -line });
  else if (act === "top") window.scrollTo({ top: 0 });
  else if (act === "bottom") window.scrollTo({ top: document.documentElement.scrollHeight });
  else if (act === "search") document.querySelector<HTMLElement>("#q, #find")?.focus();
  else if (act === "after") follow("next");
  else if (act === "before") follow("prev");
  else if (act === "forward") step(1);
  else if (act === "back") step(-1);
  else return false;
  return true;
}

function follow(rel: string): void {
  document.querySelector<HTMLAnchorElement>(`.route a[rel="${rel}"]`)?.click();
}

/** To the next message below the bars at the top, or the one before. */
function step(way: 1 | -1): void {
  const turns = [...document.querySelectorAll<HTMLElement>(".conversation > .turn")];
  const under = (document.querySelector(".route")?.getBoundingClientRect().bottom ?? 0) + 8;
  const tops = turns.map((turn) => turn.getBoundingClientRect().top - under);
  const found = way > 0 ? tops.findIndex((top) => top > 4) : tops.findLastIndex((top) => top < -4);
  const top = tops[found];
  if (top !== undefined) window.scrollBy({ top });
}

customElements.define("al-keys", Keys);
